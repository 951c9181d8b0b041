import Foundation
import SystemPackage

/// The folder in which the command was run.
package enum WorkingFolder {
  /// A path as seen from there, where it lies below it; empty for the folder itself.
  package static func shown(_ path: String) -> String {
    let here = FileManager.default.currentDirectoryPath
    var clean = FilePath(path).lexicallyNormalized().string
    if clean == here { return "" }
    let above = here.hasSuffix("/") ? here : here + "/"
    if clean.hasPrefix(above) { clean.removeFirst(above.count) }
    return clean == "." ? "" : clean
  }
}
