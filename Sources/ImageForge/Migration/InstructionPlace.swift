import ForgeBasics
import ForgeCodebase
import ForgeSyntax
import Foundation

/// Where an instruction stands.
struct InstructionPlace {
  let line: Int
  /// Of the stage, from 0.
  let stage: Int
  /// In the last stage, or one that it stands on.
  let isFinal: Bool
  /// There is one stage only: it builds and runs.
  let isOnly: Bool
  /// The last stage stands on this one, or copies from it.
  let isReached: Bool
  let service: Service
  let variables: DockerfileVariables
  let escape: Character
  /// The working directory, where the file says it.
  let folder: String?
  /// The last working directories of the stages above, by their names and numbers.
  let folders: [String: String?]
  /// The analysed folder.
  let root: String

  func isStage(_ name: String) -> Bool { folders.keys.contains(name.lowercased()) }

  /// The service's folder in its build context: empty, or `/apps/web`.
  var member: String {
    guard let folder = service.folderInContext, folder != "." else { return "" }
    return "/" + folder
  }

  /// Whether the service has a file or folder of that name.
  func exists(_ path: String) -> Bool {
    if path.contains("*") { return true }
    guard PlainText.isRelativePath(path.removing(suffix: "/")) else { return false }
    return FileManager.default.fileExists(atPath: "\(root)/\(service.path)/\(path)")
  }
}
