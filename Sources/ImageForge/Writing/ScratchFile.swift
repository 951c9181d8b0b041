import ForgeBasics
import ForgeLayers
import Foundation
import Synchronization
import SystemPackage

/// A file without a name, which vanishes with its last descriptor, even when the program is killed; it gets its name
/// once it is whole. Where a file system cannot do that, it has a hidden name until then.
package final class ScratchFile {
  /// For messages.
  let path: String
  private let descriptor: Int32
  /// Set where the file system needs a name.
  private var hiddenPath: String?
  /// Offset of the next byte to append.
  private(set) var position: Int64 = 0
  private var buffer: [UInt8] = []
  /// Nil where the bytes need not reach the disk.
  private let earlySync: EarlySync?
  private var unsynced = 0

  /// - Parameters:
  ///   - folder: where the file is, or will be.
  ///   - willStay: whether it will get a name, so that its bytes have to reach the disk.
  package init(in folder: String, willStay: Bool = false) throws(OutputError) {
    path = folder
    var opened = Self.openUnnamed(folder)
    if opened < 0, [EOPNOTSUPP, EISDIR, ENOENT, EINVAL].contains(errno) {
      var template = Array("\(folder)/.forge-XXXXXX".utf8CString)
      opened = mkstemp(&template)
      if opened >= 0 {
        _ = fcntl(opened, F_SETFD, FD_CLOEXEC)
        fchmod(opened, 0o644)
        hiddenPath = String(
          decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      }
    }
    guard opened >= 0 else { throw OutputError(path: folder, reason: "\(Errno(rawValue: errno))") }
    descriptor = opened
    earlySync = willStay ? EarlySync(descriptor: opened) : nil
    buffer.reserveCapacity(Self.bufferSize)
  }

  deinit {
    _ = earlySync?.finish()
    if let hiddenPath { unlink(hiddenPath) }
    close(descriptor)
  }

  private static let bufferSize = 1 << 20
  private static let syncedSize = 32 << 20

  private static func openUnnamed(_ folder: String) -> Int32 {
    #if os(Linux)
      // O_TMPFILE: 0o20000000 | O_DIRECTORY, which Swift does not import.
      open(folder, 0o20000000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o644)
    #else
      {
        errno = EOPNOTSUPP
        return -1
      }()
    #endif
  }

  /// By which this process can open the file once more.
  package var processPath: String { hiddenPath ?? "/proc/self/fd/\(descriptor)" }

  /// By which another process of the same user can open it.
  package var outsidePath: String { hiddenPath ?? "/proc/\(getpid())/fd/\(descriptor)" }

  package func append(_ bytes: UnsafeRawBufferPointer) throws(OutputError) {
    position += Int64(bytes.count)
    if buffer.count + bytes.count <= Self.bufferSize {
      buffer.append(contentsOf: bytes)
      return
    }
    try flush(before: Int64(bytes.count))
    if bytes.count > Self.bufferSize / 2 {
      try write(bytes, at: position - Int64(bytes.count))
    } else {
      buffer.append(contentsOf: bytes)
    }
  }

  package func append(_ bytes: [UInt8]) throws(OutputError) {
    var failure: OutputError?
    bytes.withUnsafeBytes { bytes in
      do throws(OutputError) { try append(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Replaces bytes that were appended before.
  package func patch(_ bytes: [UInt8], at offset: Int64) throws(OutputError) {
    try flush()
    var failure: OutputError?
    bytes.withUnsafeBytes { bytes in
      do throws(OutputError) { try write(bytes, at: offset) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Goes back to an earlier position: what follows it is written anew.
  func rewind(to offset: Int64) throws(OutputError) {
    try flush()
    position = offset
  }

  /// Writes what is buffered; `upcoming` bytes are counted, but not in the buffer.
  func flush(before upcoming: Int64 = 0) throws(OutputError) {
    guard !buffer.isEmpty else { return }
    let start = position - upcoming - Int64(buffer.count)
    var failure: OutputError?
    buffer.withUnsafeBytes { bytes in
      do throws(OutputError) { try write(bytes, at: start) } catch { failure = error }
    }
    buffer.removeAll(keepingCapacity: true)
    if let failure { throw failure }
  }

  private func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(OutputError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(
        descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done,
        off_t(offset) + off_t(done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw OutputError(path: path, reason: "\(Errno(rawValue: count < 0 ? errno : ENOSPC))")
      }
      done += count
    }
    unsynced += bytes.count
    if let earlySync, unsynced >= Self.syncedSize {
      unsynced = 0
      earlySync.start()
    }
  }

  /// Cuts off what a rewind left behind, and opens the whole for reading.
  package func finished() throws(OutputError) -> Blob {
    try flush()
    guard ftruncate(descriptor, off_t(position)) == 0 else {
      throw OutputError(path: path, reason: "\(Errno(rawValue: errno))")
    }
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard copy >= 0, let file = try? FileReader(taking: FileDescriptor(rawValue: copy), name: path)
    else {
      throw OutputError(path: path, reason: "it cannot be read back")
    }
    return Blob(whole: file)
  }

  /// Cuts off what a rewind left behind, and waits until all is on disk.
  func sync() throws(OutputError) {
    try flush()
    guard ftruncate(descriptor, off_t(position)) == 0, fsync(descriptor) == 0 else {
      throw OutputError(path: path, reason: "\(Errno(rawValue: errno))")
    }
  }

  /// Gives the file its name, in place of what has it now; on disk before it can be seen.
  package func commit(to target: String) throws(OutputError) {
    try sync()
    if let failure = earlySync?.finish() { throw OutputError(path: target, reason: "\(failure)") }
    if let permissions = try Self.permissions(ofTarget: target) { fchmod(descriptor, permissions) }
    if let hiddenPath {
      guard rename(hiddenPath, target) == 0 else {
        throw OutputError(path: target, reason: "\(Errno(rawValue: errno))")
      }
      self.hiddenPath = nil
      return
    }
    if link(to: target) { return }
    guard errno == EEXIST else {
      throw OutputError(path: target, reason: "\(Errno(rawValue: errno))")
    }
    // A name cannot be taken over by a link: only by a rename.
    let name = FilePath(target)
    let beside = name.removingLastComponent().appending(
      ".\(name.lastComponent?.string ?? "image").forge-\(randomSuffix())"
    ).string
    guard link(to: beside) else {
      throw OutputError(path: target, reason: "\(Errno(rawValue: errno))")
    }
    guard rename(beside, target) == 0 else {
      let reason = "\(Errno(rawValue: errno))"
      unlink(beside)
      throw OutputError(path: target, reason: reason)
    }
  }

  /// Those of the file that is there; nil where there is none. Nothing else can be replaced.
  @discardableResult
  package static func permissions(ofTarget target: String) throws(OutputError) -> mode_t? {
    var status = stat()
    guard stat(target, &status) == 0 else { return nil }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw OutputError(path: target, reason: "it is not a file")
    }
    return status.st_mode & 0o777
  }

  /// Gives the file a name that nothing has yet; `errno` tells why not.
  func link(to target: String) -> Bool {
    if let hiddenPath { return Foundation.link(hiddenPath, target) == 0 }
    return linkat(AT_FDCWD, processPath, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0
  }
}

/// Letters and digits that no other file's name has.
func randomSuffix() -> String { String(UInt64.random(in: 0...UInt64.max), radix: 36) }

/// Sends a file's bytes to the disk while more are made, so that little is left to wait for at the end.
private final class EarlySync: Sendable {
  private let descriptor: Int32
  private let begun = Atomic(0)
  private let ended = DispatchSemaphore(value: 0)
  /// The system tells a failure once only, and not again at the end.
  private let failure = Atomic<Int32>(0)

  /// - Parameter descriptor: stays open until `finish`.
  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Begins to send what is written by now.
  func start() {
    let isStarted = Workers.start { [self] in
      if fdatasync(descriptor) != 0 { failure.store(errno, ordering: .relaxed) }
      ended.signal()
    }
    if isStarted { begun.wrappingAdd(1, ordering: .relaxed) }
  }

  /// Waits for what was begun.
  /// - Returns: what went wrong.
  func finish() -> Errno? {
    for _ in 0..<begun.exchange(0, ordering: .relaxed) { ended.wait() }
    let failure = failure.load(ordering: .relaxed)
    return failure == 0 ? nil : Errno(rawValue: failure)
  }
}
