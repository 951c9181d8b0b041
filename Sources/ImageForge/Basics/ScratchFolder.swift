import Foundation

/// No temporary folder can be made.
package struct ScratchFolderError: ForgeError, Equatable {
  /// Why the system refused.
  package let reason: String

  package var exitCode: ExitCode { .usage }
  package var description: String {
    "no temporary folder can be made: \(reason); check TMPDIR and the room on that disk"
  }
}

/// A temporary folder that goes with its last reference.
package final class ScratchFolder: Sendable {
  /// Where it is.
  package let path: String

  /// Makes the folder, for this user alone.
  package init() throws(ScratchFolderError) {
    path = FileManager.default.temporaryDirectory.appending(path: "forge-\(UUID().uuidString)")
      .path()
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw ScratchFolderError(reason: error.localizedDescription)
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

  /// The path of a file in it.
  package func file(_ name: String) -> String { path + "/" + name }
}
