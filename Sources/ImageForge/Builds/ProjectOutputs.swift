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
    let isFile = exists && !isFolder.boolValue
    var folder = project
    if isFile { folder = (project as NSString).deletingLastPathComponent }
    if folder.isEmpty { folder = "." }
    var inputs = outputs.filter { path in
      guard let kind = StagedChanges.Kind(path: path), kind != .guide else { return false }
      return self.isFile(path, below: folder)
    }
    if isFile { inputs.append(project) }
    try check(outputs, inputs: inputs)
  }
}
