/// The uncompressed bytes of a layer or an archive, in whichever compression its first bytes tell of.
package final class DecompressedStream: LayerStream {
  package let compression: LayerCompression
  /// Whether there are no bytes at all.
  let isEmpty: Bool
  /// What unpacks.
  let stream: any LayerStream

  /// - Parameter name: what messages call the blob.
  package convenience init(_ blob: Blob, name: String) throws(LayerError) {
    try self.init(BlobSource(blob, name: name), name: name, limits: LayerLimits())
  }

  /// - Parameters:
  ///   - name: what messages call the source.
  ///   - hash: is fed with the bytes as they stand; but not where nothing is unpacked.
  init(
    _ source: any ByteSource, name: String, limits: LayerLimits, hash: ByteHasher? = nil
  ) throws(LayerError) {
    let (start, whole) = try PrefixedSource.peek(source, count: LayerCompression.magicSize)
    isEmpty = start.isEmpty
    compression = LayerCompression(magic: start)
    var inputHash = hash
    if compression == .none { inputHash = nil }
    let input = BufferedInput(whole, name: name, hash: inputHash)
    stream =
      switch compression {
      case .none: PlainStream(input)
      case .gzip: GzipStream(input)
      case .zstd: try ZstdStream(input, windowLog: limits.zstdWindowLog)
      case .xz, .bzip2: try FilterStream(input, compression)
      }
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
