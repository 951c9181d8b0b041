import Foundation

/// A project in a temporary folder, which is removed with the value.
final class Project {
  let path: String

  init(_ files: [String: String]) throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "forge-project-\(UUID().uuidString)")
    path = folder.path
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in files { try add(name, Data(text.utf8)) }
  }

  func add(_ name: String, _ bytes: Data) throws {
    let file = URL(filePath: path + "/" + name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try bytes.write(to: file)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A sample application of the repository.
  static func fixture(_ name: String, file: String = #filePath) -> String {
    URL(filePath: file).deletingLastPathComponent().appending(path: "../../fixtures/\(name)")
      .standardizedFileURL.path
  }
}
