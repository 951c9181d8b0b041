import ForgeBasics
import Foundation

/// Which file it is, and when it was last written to: equal stamps, equal bytes, as far as a file system tells.
///
/// The change time cannot be set by a program, unlike the modification time. What escapes it: a clock that is set
/// back, and a writer that keeps the file mapped in memory.
package struct FileStamp: Equatable, Sendable {
  /// Device, inode, size, seconds and nanoseconds of modification and of change.
  private let fields: [Int64]
  /// Seconds since 1970.
  private let changed: Double
  private let isCoarse: Bool

  /// Nil for what is no regular file with a name, such as a temporary copy.
  init?(_ status: stat) {
    guard status.st_mode & S_IFMT == S_IFREG, status.st_nlink > 0 else { return nil }
    #if canImport(Darwin)
      let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
    #else
      let (modified, changed) = (status.st_mtim, status.st_ctim)
    #endif
    fields = [
      Int64(truncatingIfNeeded: status.st_dev), Int64(truncatingIfNeeded: status.st_ino),
      Int64(status.st_size),
      Int64(modified.tv_sec), Int64(modified.tv_nsec), Int64(changed.tv_sec),
      Int64(changed.tv_nsec),
    ]
    self.changed = Double(changed.tv_sec) + Double(changed.tv_nsec) / 1e9
    isCoarse = changed.tv_nsec == 0
  }

  /// Whether a write from now on is sure to change the stamp: clocks of file systems tick every few milliseconds, and
  /// some every two seconds.
  var isSettled: Bool {
    let age = Date().timeIntervalSince1970 - changed
    if isCoarse { return age > 3 }
    return age > 0.1
  }

  /// Names a part of the file in this state.
  func name(offset: Int64, length: Int64) -> String {
    let numbers = (fields + [offset, length]).map(String.init).joined(separator: " ")
    return Digest.sha256(Array(numbers.utf8)).hex
  }
}
