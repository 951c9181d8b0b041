import ForgeBasics
import Foundation
import Synchronization

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
