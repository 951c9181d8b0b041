/// A run of bytes that can be read at any offset: a layer, a manifest, or a whole archive.
package struct Blob: Sendable {
  package let reader: any BlobReader
  /// Where it starts in the reader's bytes.
  package let offset: Int64
  /// Bytes.
  package let length: Int64

  package init(reader: any BlobReader, offset: Int64, length: Int64) {
    self.reader = reader
    self.offset = offset
    self.length = length
  }

  package init(whole reader: any BlobReader) {
    self.init(reader: reader, offset: 0, length: reader.size)
  }

  /// A part of it; `count` bytes from `position` on.
  package func part(at position: Int64, count: Int64) -> Blob {
    Blob(reader: reader, offset: offset + position, length: count)
  }

  /// Reads at an offset within the blob, never beyond its end; 0 there. Short only at the end of the file.
  package func read(at position: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let wanted = Int(min(Int64(buffer.count), max(0, length - position)))
    guard wanted > 0 else { return 0 }
    return try reader.read(
      at: offset + position, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
  }

  /// The bytes from `position` on, at most `count`; fewer only at the end.
  package func bytes(at position: Int64 = 0, count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      while done < count {
        let rest = UnsafeMutableRawBufferPointer(
          UnsafeMutableBufferPointer(rebasing: buffer[done..<count]))
        let read = try read(at: position + Int64(done), into: rest)
        if read == 0 { break }
        done += read
      }
    }
  }
}
