/// The uncompressed bytes of a layer, pulled by one thread at a time.
protocol LayerStream: AnyObject {
  /// Fills `buffer` to the brim; short only at the end of the tar, which is also the sound end of the blob.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int
}

/// A stream whose bytes are hashed by the thread that pulls them.
final class HashedStream: LayerStream {
  private let stream: any LayerStream
  private let hash: ByteHasher

  init(_ stream: any LayerStream, _ hash: ByteHasher) {
    self.stream = stream
    self.hash = hash
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    let count = try stream.read(into: buffer)
    hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    return count
  }
}

/// A layer without compression.
final class PlainStream: LayerStream {
  private let input: BufferedInput

  init(_ input: BufferedInput) { self.input = input }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = try input.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      if count == 0 { break }
      filled += count
    }
    return filled
  }
}
