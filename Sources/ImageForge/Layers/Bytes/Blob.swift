import Foundation
import SystemPackage

/// An open file that is read at offsets, so that layers can be read side by side; or what is left of one that could be
/// read once only. Owns the descriptor.
package final class BlobFile: Sendable {
  private enum Storage {
    case file(FileDescriptor)
    case memory([UInt8])
    /// Only the first bytes and the result of reading the file as a layer.
    case passed(start: [UInt8], Result<LayerScan, LayerError>)
  }

  private let storage: Storage
  /// What messages call it.
  package let name: String
  /// Bytes.
  package let size: Int64

  /// Takes over `descriptor`, which is closed with the last reference.
  package init(taking descriptor: FileDescriptor, name: String) throws(Errno) {
    storage = .file(descriptor)
    self.name = name
    do {
      size = try descriptor.seek(offset: 0, from: .end)
    } catch {
      try? descriptor.close()
      throw error as? Errno ?? .ioError
    }
  }

  /// A small file, kept whole.
  package init(_ bytes: [UInt8], name: String) {
    storage = .memory(bytes)
    self.name = name
    size = Int64(bytes.count)
  }

  /// A file that was read as a layer while it passed, of `size` bytes.
  init(passed result: Result<LayerScan, LayerError>, start: [UInt8], size: Int64, name: String) {
    storage = .passed(start: start, result)
    self.name = name
    self.size = size
  }

  deinit {
    if case .file(let descriptor) = storage { try? descriptor.close() }
  }

  /// What reading the file as a layer gave, where it could be read once only.
  var passed: Result<LayerScan, LayerError>? {
    if case .passed(_, let result) = storage { result } else { nil }
  }

  /// Whether its bytes are gone.
  package var hasPassed: Bool { passed != nil }

  /// The file's state now; nil for what is no regular file with a name.
  func stamp() -> FileStamp? {
    guard case .file(let descriptor) = storage else { return nil }
    var status = stat()
    return fstat(descriptor.rawValue, &status) == 0 ? FileStamp(status) : nil
  }

  /// Reads at most `buffer.count` bytes at an absolute offset; 0 at the end of the file. Of a file that has passed,
  /// only the first block can be read.
  package func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno)
    -> Int
  {
    switch storage {
    case .file(let descriptor):
      do {
        return try descriptor.read(fromAbsoluteOffset: offset, into: buffer)
      } catch {
        throw error as? Errno ?? .ioError
      }
    case .memory(let bytes): return Self.copy(bytes, from: offset, to: buffer)
    case .passed(let start, _):
      guard offset < start.count || offset >= size else { throw .illegalSeek }
      return Self.copy(start, from: offset, to: buffer)
    }
  }

  private static func copy(
    _ bytes: [UInt8], from offset: Int64, to buffer: UnsafeMutableRawBufferPointer
  ) -> Int {
    guard offset < bytes.count else { return 0 }
    let count = min(buffer.count, bytes.count - Int(offset))
    buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + count])
    return count
  }
}

/// A run of bytes in a file: a layer, a manifest, or a whole archive.
package struct Blob: Sendable {
  package let file: BlobFile
  /// Where it starts in the file.
  package let offset: Int64
  /// Bytes.
  package let length: Int64

  package init(file: BlobFile, offset: Int64, length: Int64) {
    self.file = file
    self.offset = offset
    self.length = length
  }

  package init(whole file: BlobFile) { self.init(file: file, offset: 0, length: file.size) }

  /// Reads at an offset within the blob, never beyond its end; 0 there. Short only at the end of the file.
  package func read(at position: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno)
    -> Int
  {
    let wanted = Int(min(Int64(buffer.count), max(0, length - position)))
    guard wanted > 0 else { return 0 }
    return try file.read(
      at: offset + position, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
  }

  /// The bytes from `position` on, at most `count`; fewer only at the end.
  package func bytes(at position: Int64 = 0, count: Int) throws(Errno) -> [UInt8] {
    do {
      return try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
        while done < count {
          let rest = UnsafeMutableRawBufferPointer(
            UnsafeMutableBufferPointer(rebasing: buffer[done..<count]))
          let read = try read(at: position + Int64(done), into: rest)
          if read == 0 { break }
          done += read
        }
      }
    } catch {
      throw error as? Errno ?? .ioError
    }
  }
}
