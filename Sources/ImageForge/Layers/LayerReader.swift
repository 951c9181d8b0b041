import ForgeBasics

/// Reads layers: any compression, any dialect of tar, in one pass.
package enum LayerReader {
  /// Below this a second thread costs more than it saves; bytes of the blob.
  private static let worthAThread: Int64 = 64 << 10

  /// Reads a layer to its last byte.
  /// - Throws: `LayerError` when the layer cannot be read whole, is ambiguous, or is not the expected one.
  package static func scan(_ blob: Blob, options: LayerScanOptions = .init()) throws(LayerError) -> LayerScan {
    let name = options.name ?? blob.file.name
    let blobHash = ByteHasher(options.expectedDigest?.algorithm ?? .sha256)
    let tarHash = ByteHasher(options.expectedDiffID?.algorithm ?? .sha256)
    let tar = TarReader(
      name: name, limits: options.limits, capture: options.capture, scanner: options.content?.makeScanner())
    let (compression, stream) = try openLayer(blob, name: name, limits: options.limits, hash: blobHash)
    // The bytes of a plain layer are hashed once where both digests are of one algorithm.
    let isHashedTwice = compression == .none && options.expectedDigest?.algorithm ?? .sha256 != tarHash.algorithm

    func take(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
      tarHash.update(bytes)
      if isHashedTwice { blobHash.update(bytes) }
      try tar.consume(bytes)
    }
    if blob.length < worthAThread {
      try drain(stream, take)
    } else {
      try BufferPipe(stream).drain(take)
    }
    try tar.finish()

    let diffID = tarHash.finish()
    let digest = compression == .none && !isHashedTwice ? diffID : blobHash.finish()
    if let expected = options.expectedDigest, expected != digest {
      throw .mismatch(layer: name, what: "digest", expected: expected, found: digest)
    }
    if let expected = options.expectedDiffID, expected != diffID {
      throw .mismatch(layer: name, what: "diffID", expected: expected, found: diffID)
    }
    return LayerScan(
      compression: compression, digest: digest, diffID: diffID, compressed: blob.length, unpacked: tar.offset,
      entries: tar.entries, marks: tar.marks, anomalies: tar.foundAnomalies)
  }

  private static func drain(
    _ stream: any LayerStream, _ consume: (UnsafeRawBufferPointer) throws(LayerError) -> Void
  ) throws(LayerError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: BufferPipe.bufferSize, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = try stream.read(into: buffer)
      if count == 0 { return }
      try consume(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
