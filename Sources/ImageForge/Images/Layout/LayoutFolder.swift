import ForgeBasics
import ForgeLayers
import Foundation
import SystemPackage

/// A folder on the host. Only regular files below it are opened: a symbolic link in an image layout is an attempt to
/// read the host.
final class LayoutFolder: ContentStore {
  let source: String
  let limits: LayerLimits
  private let root: FileDescriptor

  /// Takes over `root`, an open folder.
  init(taking root: FileDescriptor, source: String, limits: LayerLimits) {
    self.root = root
    self.source = source
    self.limits = limits
  }

  deinit { try? root.close() }

  func file(_ path: String) throws(ImageError) -> StoredFile? {
    let parts = path.split(separator: "/").map(String.init)
    guard let name = parts.last, !parts.contains("..") else { return nil }
    var folder = root
    defer { if folder.rawValue != root.rawValue { try? folder.close() } }
    for part in parts.dropLast() {
      guard let next = try open(part, in: folder, O_RDONLY | O_DIRECTORY, path: path) else {
        return nil
      }
      if folder.rawValue != root.rawValue { try? folder.close() }
      folder = next
    }
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    guard let file = try open(name, in: folder, O_RDONLY | O_NONBLOCK, path: path) else {
      return nil
    }
    var status = stat()
    guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      try? file.close()
      throw failure(path, "is not a regular file")
    }
    do {
      return StoredFile(
        path: path, blob: Blob(whole: try BlobFile(taking: file, name: "\(source)/\(path)")))
    } catch {
      throw failure(path, "cannot be read: \(error)")
    }
  }

  private func open(
    _ name: String, in folder: FileDescriptor, _ flags: Int32, path: String
  ) throws(ImageError) -> FileDescriptor? {
    let descriptor = openat(folder.rawValue, name, flags | O_NOFOLLOW | O_CLOEXEC)
    if descriptor >= 0 { return FileDescriptor(rawValue: descriptor) }
    let code = Errno(rawValue: errno)
    switch code {
    case .noSuchFileOrDirectory: return nil
    case .tooManySymbolicLinkLevels, .notDirectory:
      throw failure(
        path, "is reached through a symbolic link or a file, which a layout must not hold")
    default: throw failure(path, "cannot be opened: \(code)", .unreadable)
    }
  }

  private func failure(_ path: String, _ reason: String, _ kind: ImageError.Kind = .malformed)
    -> ImageError
  {
    ImageError(kind, source: source, "\(DisplayText.escape(path)) \(reason)")
  }
}
