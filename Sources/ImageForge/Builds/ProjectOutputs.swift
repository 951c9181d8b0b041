import ForgeBasics
import ForgeGit
import Foundation

extension OutputPaths {
  /// Refuses outputs that would replace a file of the project on which forge's conclusions rest, such as a Dockerfile
  /// or a manifest. What else lies in the project may be a report of an earlier run.
  /// - Parameter project: its folder, or its Dockerfile.
  public static func check(_ outputs: [String], project: String) throws(OutputPathError) {
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: project, isDirectory: &isFolder)
    let folder =
      exists && !isFolder.boolValue ? (project as NSString).deletingLastPathComponent : project
    let sources = outputs.filter { path in
      guard let kind = StagedChanges.Kind(path: path), kind != .guide else { return false }
      return isFile(path, below: folder.isEmpty ? "." : folder)
    }
    try check(outputs, inputs: sources + (folder == project ? [] : [project]))
  }
}
