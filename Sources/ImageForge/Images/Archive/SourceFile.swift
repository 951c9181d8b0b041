import ForgeBasics
import ForgeLayers
import Foundation
import SystemPackage

/// What stands behind the name of an image.
enum SourceFile {
  case folder(FileDescriptor)
  case file(BlobFile)
  case pipe(Pipe)

  /// What can be read once only. Owns the descriptor, except standard input.
  final class Pipe {
    let descriptor: FileDescriptor

    init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

    deinit {
      if descriptor != .standardInput { try? descriptor.close() }
    }
  }

  /// Opens a path, or standard input for `-`.
  static func open(_ source: String) throws(ImageError) -> SourceFile {
    guard source != "-" else { return try standardInput() }
    let descriptor: FileDescriptor
    do {
      descriptor = try FileDescriptor.open(FilePath(source), .readOnly, options: [.closeOnExec])
    } catch {
      let code = error as? Errno ?? .ioError
      switch code {
      case .noSuchFileOrDirectory, .notDirectory:
        throw ImageError(.notFound, source: source, "there is no such file or folder")
      default: throw ImageError(.unreadable, source: source, "\(code)")
      }
    }
    switch try kind(of: descriptor, source: source) {
    case S_IFDIR: return .folder(descriptor)
    case S_IFREG: return .file(try blobFile(descriptor, source: source))
    case S_IFIFO: return .pipe(Pipe(descriptor))
    default:
      try? descriptor.close()
      throw ImageError(
        .notAnImage, source: source, "it is a device or socket, neither a file nor a folder")
    }
  }

  private static func standardInput() throws(ImageError) -> SourceFile {
    let input = FileDescriptor.standardInput
    switch try kind(of: input, source: "-") {
    case S_IFDIR: throw ImageError(.notAnImage, source: "-", "it is a folder")
    case S_IFREG where (try? input.seek(offset: 0, from: .current)) == 0:
      // `forge inspect - < image.tar`: no copy is needed.
      do {
        return .file(try blobFile(input.duplicate(), source: "-"))
      } catch let error as ImageError {
        throw error
      } catch {
        throw ImageError(.unreadable, source: "-", "\(error)")
      }
    default:
      guard isatty(input.rawValue) == 0 else {
        throw ImageError(
          .notFound, source: "-", "it is a terminal",
          advice: "pipe an archive into it: `docker save NAME | forge … -`")
      }
      return .pipe(Pipe(input))
    }
  }

  private static func kind(of descriptor: FileDescriptor, source: String) throws(ImageError)
    -> mode_t
  {
    var status = stat()
    guard fstat(descriptor.rawValue, &status) == 0 else {
      throw ImageError(.unreadable, source: source, "\(Errno(rawValue: errno))")
    }
    return status.st_mode & S_IFMT
  }

  private static func blobFile(_ descriptor: FileDescriptor, source: String) throws(ImageError)
    -> BlobFile
  {
    do {
      return try BlobFile(taking: descriptor, name: source)
    } catch {
      throw ImageError(.unreadable, source: source, "\(error)")
    }
  }

  /// A temporary copy, which can be read at offsets.
  static func spool(_ pipe: Pipe, source: String, _ limits: LayerLimits) throws(ImageError)
    -> BlobFile
  {
    try Spool.copy(source: source, limit: limits.total) { (buffer) throws(ImageError) in
      do {
        return try pipe.descriptor.read(into: buffer)
      } catch {
        throw ImageError(.unreadable, source: source, "reading failed: \(error)")
      }
    }
  }
}

/// Temporary copies of what cannot be read at offsets.
enum Spool {
  /// Copies all that `read` gives, until it gives 0, to a file that has no name and vanishes with its last reference.
  /// - Parameter limit: bytes; as much as the layers of one image may unpack to.
  static func copy(
    source: String, limit: Int64,
    from read: (UnsafeMutableRawBufferPointer) throws(ImageError) -> Int
  ) throws(ImageError) -> BlobFile {
    let file = try temporaryFile(source: source)
    do throws(ImageError) {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
      defer { buffer.deallocate() }
      var total: Int64 = 0
      while true {
        let count = try read(buffer)
        if count == 0 { break }
        total += Int64(count)
        guard total <= limit else {
          throw ImageError(
            .tooLarge, source: source, "it is longer than \(ByteCount.text(limit)) when unwrapped",
            advice: "if the image can be trusted, raise --max-unpacked")
        }
        do {
          try file.writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } catch {
          throw ImageError(
            .unreadable, source: source,
            "a temporary copy cannot be written to \(folder): \(error)",
            advice: "free some space there, or set TMPDIR to a folder with room")
        }
      }
    } catch {
      try? file.close()
      throw error
    }
    do {
      return try BlobFile(taking: file, name: source)
    } catch {
      throw ImageError(.unreadable, source: source, "\(error)")
    }
  }

  private static var folder: String { AtomicFile.scratchFolder }

  private static func temporaryFile(source: String) throws(ImageError) -> FileDescriptor {
    var template = Array("\(folder)/forge-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      throw ImageError(
        .unreadable, source: source,
        "a temporary file cannot be made in \(folder): \(Errno(rawValue: errno))",
        advice: "set TMPDIR to a folder that can be written")
    }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return FileDescriptor(rawValue: descriptor)
  }
}
