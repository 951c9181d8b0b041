import ForgeBasics
import Foundation
import SystemPackage

/// A folder of small files by name, any of which may vanish: what is damaged, of another version or not the user's own
/// reads as absent, and what cannot be written is not written.
///
/// Files appear whole, by renaming; so processes may share the folder, and may be killed at any moment. Nothing waits
/// for the disk: what a power failure leaves of a file fails its checksum.
struct CacheFolder: Sendable {
  /// Raised with every change of what the files hold.
  static let formatVersion: UInt8 = 2
  private static let magic = Array("forge\u{0}c".utf8) + [formatVersion]
  /// Magic and XXH3-128 of what follows.
  private static let headerSize = 24
  private static let temporaryPrefix = ".writing-"
  private static let prefixes = ["layer-", "seen-", "report-"]
  /// Bytes of one file.
  private static let maximumFile: Int64 = 1 << 30
  private static let maximumFiles = 50_000

  let path: String
  /// Bytes of all files.
  let maximumSize: Int64

  struct File {
    let name: String
    let size: Int64
    let used: Date
  }

  // MARK: Reading

  /// What was put under a name: `body` gets it; nil where there is nothing sound.
  func read<Result>(_ name: String, _ body: (UnsafeRawBufferPointer) -> Result?) -> Result? {
    guard isPrivate else { return nil }
    let descriptor = open(path + "/" + name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, Self.isOwn(status, S_IFREG),
      status.st_size >= Self.headerSize,
      Int64(status.st_size) <= Self.maximumFile
    else { return nil }
    let size = Int(status.st_size)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { buffer.deallocate() }
    var filled = 0
    while filled < size {
      let count = pread(
        descriptor, buffer.baseAddress?.advanced(by: filled), size - filled, off_t(filled))
      guard count > 0 else { return nil }
      filled += count
    }
    let payload = UnsafeRawBufferPointer(rebasing: buffer[Self.headerSize...])
    guard buffer.prefix(Self.headerSize).elementsEqual(Self.header(of: payload)) else { return nil }
    let result = body(payload)
    // The time of last use decides what goes first; its precision does not matter.
    if result != nil, Date().timeIntervalSince1970 - Double(status.modifiedSeconds) > 60 {
      futimens(descriptor, nil)
    }
    return result
  }

  // MARK: Writing

  func write(_ payload: [UInt8], as name: String) {
    guard Int64(payload.count) < min(Self.maximumFile, maximumSize / 2), isPrivate else { return }
    let temporary =
      path + "/" + Self.temporaryPrefix + String(UInt64.random(in: 0 ... .max), radix: 36)
    do {
      let file = try FileDescriptor.open(
        FilePath(temporary), .writeOnly,
        options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
        permissions: .ownerReadWrite)
      try file.closeAfter {
        try file.writeAll(payload.withUnsafeBytes { Self.header(of: $0) })
        try file.writeAll(payload)
      }
      if rename(temporary, path + "/" + name) != 0 { unlink(temporary) }
    } catch {
      unlink(temporary)
    }
  }

  /// Makes the folder, for its user alone.
  func create() {
    guard !isPrivate else { return }
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  /// Removes what was not used for longest until the rest is well below the limits, and what killed writers left.
  func trim() {
    var files = files()
    var size = files.reduce(0) { $0 + $1.size }
    guard size > maximumSize || files.count > Self.maximumFiles else { return }
    files.sort { ($0.used, $0.name) > ($1.used, $1.name) }
    var count = files.count
    while let oldest = files.popLast(),
      size > maximumSize / 10 * 9 || count > Self.maximumFiles / 10 * 9
    {
      unlink(path + "/" + oldest.name)
      size -= oldest.size
      count -= 1
    }
  }

  /// What was put here; what killed writers left half is removed. Files of any other name are not the cache's.
  func files() -> [File] {
    guard isPrivate else { return [] }
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).compactMap { name in
      var status = stat()
      guard lstat(path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        return nil
      }
      let used = Date(timeIntervalSince1970: Double(status.modifiedSeconds))
      if name.hasPrefix(Self.temporaryPrefix) {
        if used.timeIntervalSinceNow < -600 { unlink(path + "/" + name) }
        return nil
      }
      guard Self.prefixes.contains(where: name.hasPrefix) else { return nil }
      return File(name: name, size: Int64(status.st_size), used: used)
    }
  }

  func remove(_ name: String) -> Bool { unlink(path + "/" + name) == 0 }

  // MARK: Checks

  /// Whether the folder is there and nobody else can write to it.
  var isPrivate: Bool {
    var status = stat()
    return lstat(path, &status) == 0 && Self.isOwn(status, S_IFDIR)
  }

  private static func isOwn(_ status: stat, _ kind: mode_t) -> Bool {
    status.st_mode & S_IFMT == kind && status.st_uid == geteuid()
      && status.st_mode & (S_IWGRP | S_IWOTH) == 0
  }

  private static func header(of payload: UnsafeRawBufferPointer) -> [UInt8] {
    let hash = ContentHasher.hash(payload)
    var out = ByteWriter()
    out.raw(magic)
    out.fixed(hash.low)
    out.fixed(hash.high)
    return out.bytes
  }
}

extension stat {
  /// Seconds of the last modification.
  fileprivate var modifiedSeconds: Int {
    #if canImport(Darwin)
      st_mtimespec.tv_sec
    #else
      st_mtim.tv_sec
    #endif
  }
}
