import Foundation
import SystemPackage

/// An open file that is read at offsets, so that layers can be read side by side. Owns the descriptor.
package final class BlobFile: Sendable {
  private let descriptor: FileDescriptor
  /// What messages call it.
  package let name: String
  /// Bytes.
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

  /// Reads at most `buffer.count` bytes at an absolute offset; 0 at the end of the file.
  package func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    do {
      return try descriptor.read(fromAbsoluteOffset: offset, into: buffer)
    } catch {
      throw error as? Errno ?? .ioError
    }
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
  package func read(at position: Int64, into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    let wanted = Int(min(Int64(buffer.count), max(0, length - position)))
    guard wanted > 0 else { return 0 }
    return try file.read(at: offset + position, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
  }

  /// The bytes from `position` on, at most `count`; fewer only at the end.
  package func bytes(at position: Int64 = 0, count: Int) throws(Errno) -> [UInt8] {
    do {
      return try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
        while done < count {
          let rest = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[done..<count]))
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
