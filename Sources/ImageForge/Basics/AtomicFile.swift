import Foundation
import SystemPackage

/// An output that could not be written. Whatever stood at the path before is as it was.
public struct OutputError: ForgeError, Equatable {
  /// The target, as it was named.
  public let path: String
  /// Why the system refused.
  public let reason: String

  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }

  public var exitCode: ExitCode { .usage }
  public var description: String {
    "cannot write \(DisplayText.escape(path)): \(reason). What was there is unchanged; "
      + "check that the folder exists, is writable and has room, or choose another output"
  }
}

/// Outputs are written whole or not at all: to a temporary file beside the target, which is then renamed.
public enum AtomicFile {
  /// Writes `bytes` to `path`, replacing what is there; permissions of a replaced file are kept.
  /// - Throws: `OutputError`; the target is then untouched and the temporary file is gone.
  public static func write(_ bytes: some Collection<UInt8>, to path: String) throws(OutputError) {
    try prepare(bytes, for: path).commit()
  }

  /// Writes `bytes` beside `path`: for an output that appears together with others.
  /// - Throws: `OutputError`; the temporary file is then gone.
  public static func prepare(_ bytes: some Collection<UInt8>, for path: String) throws(OutputError) -> PendingFile {
    let pending = try PendingFile(for: path)
    do {
      let file = try FileDescriptor.open(FilePath(pending.temporaryPath), .writeOnly)
      try file.closeAfter {
        _ = try file.writeAll(bytes)
        guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
      }
    } catch {
      pending.discard()
      throw OutputError(path: path, reason: "\(error)")
    }
    return pending
  }
}

/// A temporary file beside a target, for output that someone else writes, such as a container engine.
/// Either `commit` or `discard` ends it.
public struct PendingFile: Sendable {
  /// The target, which `commit` replaces.
  public let path: String
  /// Where to write: in the same folder as `path`, so that the rename is atomic.
  public let temporaryPath: String

  /// Creates the temporary file, empty.
  public init(for path: String) throws(OutputError) {
    let target = FilePath(path)
    guard let name = target.lastComponent else { throw OutputError(path: path, reason: "not a file name") }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw OutputError(path: path, reason: "it is a folder")
    }
    let folder = target.removingLastComponent()
    let suffix = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    let temporary = folder.appending(".\(name.string).forge-\(suffix)")
    do {
      let file = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .exclusiveCreate],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.close()
    } catch {
      throw OutputError(path: path, reason: "\(error)")
    }
    self.path = path
    temporaryPath = temporary.string
  }

  /// Moves the temporary file onto the target.
  public func commit() throws(OutputError) {
    var before = stat()
    if stat(path, &before) == 0 { chmod(temporaryPath, before.st_mode & 0o7777) }
    guard rename(temporaryPath, path) == 0 else {
      let reason = "\(Errno(rawValue: errno))"
      discard()
      throw OutputError(path: path, reason: reason)
    }
  }

  /// Removes the temporary file; the target stays as it was.
  public func discard() { unlink(temporaryPath) }
}
