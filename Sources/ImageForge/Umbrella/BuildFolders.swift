import ForgeBasics
import Foundation
import Synchronization

/// A temporary folder that goes with its last reference.
final class ScratchFolder: Sendable {
  let path: String

  init() throws(ProjectBuildError) {
    path = FileManager.default.temporaryDirectory.appending(path: "forge-\(UUID().uuidString)")
      .path()
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .noScratchFolder(reason: "\(error.localizedDescription)")
    }
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch {
      // A copy of folders that may not be written.
      Self.open(path)
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  private static func open(_ folder: String) {
    var status = stat()
    guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, chmod(folder, 0o700) == 0
    else { return }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      open(folder + "/" + name)
    }
  }

  func file(_ name: String) -> String { path + "/" + name }
}

/// The folder of `--report`.
final class BuildLogs: Sendable {
  private let folder: String
  private let files = Mutex<[String: FileHandle]>([:])

  init(folder: String) throws(OutputError) {
    self.folder = folder
    try AtomicFile.makeFolder(folder)
  }

  /// Adds a line to a service's log.
  func add(_ line: String, of service: String) {
    files.withLock { files in
      if files[service] == nil {
        let path = "\(folder)/\(service).log"
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        files[service] = FileHandle(forWritingAtPath: path)
      }
      try? files[service]?.write(contentsOf: Data((line + "\n").utf8))
    }
  }

  func write(_ text: String, to name: String) throws {
    try AtomicFile.write(text.utf8, to: "\(folder)/\(name)")
  }
}
