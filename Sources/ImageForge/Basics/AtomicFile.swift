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

/// Outputs are written whole or not at all: to a temporary file beside the target, which is then renamed. A target
/// that is a device, a FIFO or a socket stays what it is, and gets the bytes of a temporary file elsewhere.
public enum AtomicFile {
  /// Writes `bytes` to `path`, replacing what is there; permissions of a replaced file are kept.
  /// - Throws: `OutputError`; the target is then untouched and the temporary file is gone.
  public static func write(_ bytes: some Collection<UInt8>, to path: String) throws(OutputError) {
    try prepare(bytes, for: path).commit()
  }

  /// Makes a folder for outputs, and those above it, where they are not there.
  public static func makeFolder(_ path: String) throws(OutputError) {
    let target = FilePath(path)
    var folder = FilePath(root: target.root, [])
    for component in target.components {
      folder.append(component)
      var status = stat()
      if stat(folder.string, &status) == 0 {
        guard status.st_mode & S_IFMT == S_IFDIR else {
          throw OutputError(path: path, reason: "\(DisplayText.escape(folder.string)) is no folder")
        }
      } else if mkdir(folder.string, 0o777) != 0, errno != EEXIST {
        throw OutputError(path: path, reason: "\(Errno(rawValue: errno))")
      }
    }
  }

  /// Where files are that will not stay. Archives can be larger than memory, which `/tmp` often is kept in.
  package static var scratchFolder: String {
    if let folder = ProcessInfo.processInfo.environment["TMPDIR"], !folder.isEmpty { return folder }
    return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp"
  }

  /// Whether a path leads to what is neither a file nor a folder, or stands for an open file of this process, as
  /// `/dev/stdout` does: it is written into, never replaced.
  package static func isDevice(_ path: String) -> Bool {
    if descriptor(path) != nil { return true }
    var status = stat()
    return stat(path, &status) == 0 && ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }

  /// The open file of this process that a path stands for.
  fileprivate static func descriptor(_ path: String) -> FileDescriptor? {
    let names: [String: Int32] = ["/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2]
    let folder = ["/dev/fd/", "/proc/self/fd/"].first(where: path.hasPrefix)
    let number = names[path] ?? folder.flatMap { Int32(path.dropFirst($0.count)) }
    return number.map { FileDescriptor(rawValue: $0) }
  }

  /// Writes `bytes` beside `path`: for an output that appears together with others.
  /// - Throws: `OutputError`; the temporary file is then gone.
  public static func prepare(_ bytes: some Collection<UInt8>, for path: String) throws(OutputError)
    -> PendingFile
  {
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

/// A temporary file beside a target, for output that someone else writes, such as a container engine; for a device it
/// lies elsewhere. Either `commit` or `discard` ends it.
public struct PendingFile: Sendable {
  /// The target, which `commit` replaces, or writes into.
  public let path: String
  /// Where to write: in the same folder as `path`, so that the rename is atomic.
  public let temporaryPath: String
  private let isDevice: Bool

  /// Creates the temporary file, empty.
  /// - Parameter replacesDevices: whether even a device or FIFO gives way to a file.
  public init(for path: String, replacesDevices: Bool = false) throws(OutputError) {
    let target = FilePath(path)
    guard let name = target.lastComponent else {
      throw OutputError(path: path, reason: "not a file name")
    }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw OutputError(path: path, reason: "it is a folder")
    }
    isDevice = !replacesDevices && AtomicFile.isDevice(path)
    if isDevice, access(path, W_OK) != 0 {
      throw OutputError(path: path, reason: "\(Errno(rawValue: errno))")
    }
    let folder = isDevice ? FilePath(AtomicFile.scratchFolder) : target.removingLastComponent()
    let suffix = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    let temporary = folder.appending(".\(name.string).forge-\(suffix)")
    do {
      // Many can read the folder of temporary files.
      let file = try FileDescriptor.open(
        temporary, .writeOnly, options: [.create, .exclusiveCreate],
        permissions: isDevice ? .ownerReadWrite : [.ownerReadWrite, .groupRead, .otherRead])
      try file.close()
    } catch {
      throw OutputError(path: path, reason: "\(error)")
    }
    self.path = path
    temporaryPath = temporary.string
  }

  /// Moves the temporary file onto the target, or its bytes into a device.
  public func commit() throws(OutputError) {
    if isDevice { return try pour() }
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

  private func pour() throws(OutputError) {
    defer { discard() }
    do {
      let file = try FileDescriptor.open(FilePath(temporaryPath), .readOnly)
      // A reader that goes away ends the program: nothing is left then.
      discard()
      try file.closeAfter {
        // Neither created nor cut.
        let device =
          try AtomicFile.descriptor(path)?.duplicate()
          ?? FileDescriptor.open(FilePath(path), .writeOnly)
        try device.closeAfter {
          var buffer = [UInt8](repeating: 0, count: 1 << 16)
          while true {
            let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
            guard count > 0 else { break }
            try device.writeAll(buffer[..<count])
          }
        }
      }
    } catch {
      throw OutputError(path: path, reason: "\(error)")
    }
  }
}
