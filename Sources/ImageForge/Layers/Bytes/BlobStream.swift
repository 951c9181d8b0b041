/// The uncompressed bytes of a blob in any known compression, for other rooms.
package final class BlobStream {
  package let compression: LayerCompression
  private let stream: any LayerStream

  /// `name` is what messages call the blob.
  package init(_ blob: Blob, name: String) throws(LayerError) {
    let (start, source) = try PrefixedSource.peek(BlobSource(blob, name: name), count: 6)
    (compression, stream) = try openLayer(
      source, start: start, name: name, limits: LayerLimits(), hash: nil)
  }

  /// Fills `buffer` to the brim; short only at the end, which is also the sound end of the blob.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    try stream.read(into: buffer)
  }

  /// The next bytes, at most `count`; fewer only at the end.
  package func bytes(count: Int) throws(LayerError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    return Array(buffer[..<(try read(into: buffer))])
  }
}
