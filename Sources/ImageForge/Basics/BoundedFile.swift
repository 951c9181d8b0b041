import Foundation
import SystemPackage

/// A file that could not be read whole, or is larger than its reader takes.
package struct BoundedFileError: ForgeError, Equatable {
  /// Why a file is not read.
  package enum Reason: Sendable, Equatable {
    /// Nothing is there.
    case missing
    /// It is a folder, a FIFO or a device where a regular file is wanted.
    case notRegular
    case tooLarge
    /// The system refused, with its error number.
    case system(Int32)
  }

  /// The file, as it was named.
  package let path: String
  /// The most that would have been read, in bytes.
  package let limit: Int
  /// Why it was not read.
  package let reason: Reason

  package init(path: String, limit: Int, reason: Reason) {
    self.path = path
    self.limit = limit
    self.reason = reason
  }

  package var exitCode: ExitCode { .unreadableInput }

  /// The reason in words that stand behind a path: `larger than 1 MiB`.
  package var why: String {
    switch reason {
    case .missing: "it does not exist"
    case .notRegular: "not a regular file"
    case .tooLarge: "larger than \(Self.binary(limit))"
    case .system(let code): "\(Errno(rawValue: code))"
    }
  }

  package var description: String {
    "\(DisplayText.escape(path)) cannot be read: \(why); check the path, its permissions and its size"
  }

  /// Limits are powers of two: 1 MiB, not 1.05 MB.
  private static func binary(_ bytes: Int) -> String {
    if bytes % (1 << 20) == 0 { return "\(bytes >> 20) MiB" }
    if bytes % (1 << 10) == 0 { return "\(bytes >> 10) KiB" }
    return "\(bytes) bytes"
  }
}

/// Reads whole files into memory, and never more of one than its reader takes: a file of gigabytes costs nothing.
package enum BoundedFile {
  /// What may be read.
  package enum Kind: Sendable {
    /// A regular file, or a link to one: for what lies in a project. A FIFO there is refused and never waited for.
    case regular
    /// Whatever gives bytes, such as `/dev/stdin` or `<(command)`: for what a user names.
    case anything
  }

  /// The bytes of a file.
  /// - Parameter limit: the most that is taken, in bytes. A regular file that is larger is not read at all; of
  ///   anything else, at most one byte more than the limit is.
  package static func read(
    _ path: String, limit: Int, kind: Kind = .regular
  ) throws(BoundedFileError) -> [UInt8] {
    func failure(_ reason: BoundedFileError.Reason) -> BoundedFileError {
      BoundedFileError(path: path, limit: limit, reason: reason)
    }
    let waiting: Int32 =
      switch kind {
      case .regular: O_NONBLOCK
      case .anything: 0
      }
    let file = open(path, O_RDONLY | O_CLOEXEC | waiting)
    guard file >= 0 else { throw failure(errno == ENOENT ? .missing : .system(errno)) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure(.system(errno)) }
    let type = status.st_mode & S_IFMT
    guard type == S_IFREG || kind == .anything && type != S_IFDIR else {
      throw failure(.notRegular)
    }
    guard type != S_IFREG || status.st_size <= limit else { throw failure(.tooLarge) }
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try take(
        FileDescriptor(rawValue: file), upTo: limit + 1, expected: Int(status.st_size))
    } catch {
      throw failure(.system(error.rawValue))
    }
    guard bytes.count <= limit else { throw failure(.tooLarge) }
    return bytes
  }

  /// The bytes of a file; nil where nothing is there.
  package static func readIfPresent(
    _ path: String, limit: Int, kind: Kind = .regular
  ) throws(BoundedFileError) -> [UInt8]? {
    do {
      return try read(path, limit: limit, kind: kind)
    } catch {
      guard error.reason == .missing else { throw error }
      return nil
    }
  }

  /// Reads to the end, or to a number of bytes.
  /// - Parameter expected: the size that the file tells, in bytes; files of `/proc` and pipes tell none.
  private static func take(
    _ file: FileDescriptor, upTo most: Int, expected: Int
  ) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    // One byte more, so that the end is seen by the first read that comes back short.
    var room = min(most, max(expected + 1, 1 << 12))
    while bytes.count < most {
      var failure: Errno?
      let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
        do {
          count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
        } catch {
          failure = error as? Errno
        }
      }
      if let failure { throw failure }
      guard !chunk.isEmpty else { break }
      if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
      room = min(most - bytes.count, 1 << 16)
    }
    return bytes
  }
}
