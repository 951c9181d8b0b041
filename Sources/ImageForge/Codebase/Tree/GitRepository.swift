import Foundation

/// The git repository that a folder lies in, as far as a walk needs it. git itself is never run.
struct GitRepository {
  /// Its topmost folder, without links.
  let top: String
  /// The folder that was asked about, relative to the top; `.` for the top itself.
  let folder: String
  /// The file in which git lists what it tracks.
  let index: String

  /// Repositories nest no deeper than their folders do.
  private static let maximumDepth = 32

  /// The nearest repository upwards; nil where there is none.
  /// - Parameter path: an absolute path without links.
  init?(above path: String) {
    var top = path
    for _ in 0..<Self.maximumDepth {
      if let index = Self.index(of: top) {
        self.top = top
        folder = ProjectPath.relative(path, to: top) ?? "."
        self.index = index
        return
      }
      guard let slash = top.lastIndex(of: "/"), slash != top.startIndex else { return nil }
      top = String(top[..<slash])
    }
    return nil
  }

  /// `.git` is a folder, or the file of a worktree or submodule that names one: `gitdir: ../.git/modules/web`.
  private static func index(of top: String) -> String? {
    let path = top + "/.git"
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    if status.st_mode & S_IFMT == S_IFDIR { return path + "/index" }
    let text = String(decoding: BoundedRead.bytes(path, limit: 1 << 12), as: UTF8.self)
    guard text.hasPrefix("gitdir:") else { return nil }
    let written = text.dropFirst(7).prefix { !$0.isNewline }.drop { $0 == " " }
    guard !written.isEmpty else { return nil }
    if written.hasPrefix("/") { return "\(written)/index" }
    return "\(top)/\(written)/index"
  }
}

/// Reads small files beside the project's own, which may be anything.
enum BoundedRead {
  /// Empty when it is no regular file, or larger than the limit.
  static func bytes(_ file: String, limit: Int) -> [UInt8] {
    let file = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit
    else { return [] }
    return [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      while count < buffer.count, let base = buffer.baseAddress {
        let got = read(file, base + count, buffer.count - count)
        if got <= 0 { break }
        count += got
      }
    }
  }
}
