import Foundation
import SystemPackage

/// Bytes that can be read at any offset, and from several threads at once: an open file, memory, or whatever else
/// answers ranges.
package protocol BlobReader: AnyObject, Sendable {
  /// What messages call it.
  var name: String { get }
  /// Bytes.
  var size: Int64 { get }
  /// What tells that the bytes are those of the last time; nil where nothing does.
  var stamp: FileStamp? { get }
  /// Reads at an absolute offset.
  /// - Returns: how many bytes were read, at most `buffer.count`; 0 only at the end.
  func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// An open file. Owns the descriptor.
package final class FileReader: BlobReader {
  private let descriptor: FileDescriptor
  package let name: String
  package let size: Int64

  /// Takes over `descriptor`, which is closed with the last reference.
  package init(taking descriptor: FileDescriptor, name: String) throws(Errno) {
    self.descriptor = descriptor
    self.name = name
    do {
      size = try descriptor.seek(offset: 0, from: .end)
    } catch {
      try? descriptor.close()
      throw error as? Errno ?? .ioError
    }
  }

  deinit { try? descriptor.close() }

  /// The file's state now; nil for what is no regular file with a name.
  package var stamp: FileStamp? {
    var status = stat()
    guard fstat(descriptor.rawValue, &status) == 0 else { return nil }
    return FileStamp(status)
  }

  package func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try descriptor.read(fromAbsoluteOffset: offset, into: buffer)
  }
}

/// A small file, kept whole.
package final class MemoryReader: BlobReader {
  private let bytes: [UInt8]
  package let name: String

  package init(_ bytes: [UInt8], name: String) {
    self.bytes = bytes
    self.name = name
  }

  package var size: Int64 { Int64(bytes.count) }
  package var stamp: FileStamp? { nil }

  package func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard offset < bytes.count else { return 0 }
    let count = min(buffer.count, bytes.count - Int(offset))
    buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + count])
    return count
  }
}
