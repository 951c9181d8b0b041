import ForgeBasics
import Foundation

/// The files of a project, found in one bounded walk. Paths are relative to the root, with `/`; sorted.
package struct ProjectTree: Sendable {
  /// The analysed folder, as the user named it.
  package let root: String
  /// Regular files (and symbolic links to regular files inside the root), sorted by bytes.
  package let files: [String]
  /// Folders, sorted; the root is `.` and not listed.
  package let folders: [String]
  /// What the walk had to leave out.
  package let findings: [Finding]

  package init(root: String, files: [String], folders: [String], findings: [Finding]) {
    self.root = root
    self.files = files
    self.folders = folders
    self.findings = findings
  }

  /// Whether a regular file is at the path, relative to the root.
  package func hasFile(_ path: String) -> Bool { files.contains(path) }

  /// The text of a file; nil when it is not there, not readable or larger than the limit.
  package func source(_ path: String) -> SourceText? {
    FileManager.default.contents(atPath: root + "/" + path).map { SourceText(name: path, bytes: Array($0)) }
  }

  /// Joins a folder (`.` for the root) and a name.
  package static func join(_ folder: String, _ name: String) -> String { folder == "." ? name : folder + "/" + name }
}
