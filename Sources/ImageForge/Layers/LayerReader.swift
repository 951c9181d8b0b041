import ForgeBasics

/// Reads layers: any compression, any dialect of tar, in one pass.
package enum LayerReader {
  /// Below this a second thread costs more than it saves; bytes of the blob.
  private static let worthAThread: Int64 = 64 << 10

  /// Reads a layer to its last byte, or takes what was read of it while it passed.
  /// - Throws: `LayerError` when the layer cannot be read whole, is ambiguous, or is not the expected one.
  package static func scan(
    _ source: LayerSource, options: LayerScanOptions = .init()
  ) throws(LayerError) -> LayerScan {
    switch source {
    case .blob(let blob): return try scan(blob, options: options)
    case .streamed(let layer):
      let name = options.name ?? layer.name
      do throws(LayerError) {
        return try checked(try layer.scan.get(), options, name: name)
      } catch {
        throw error.about(name)
      }
    }
  }

  /// Reads a layer to its last byte.
  /// - Throws: `LayerError` when the layer cannot be read whole, is ambiguous, or is not the expected one.
  package static func scan(_ blob: Blob, options: LayerScanOptions = .init()) throws(LayerError)
    -> LayerScan
  {
    var options = options
    let name = options.name ?? blob.reader.name
    options.name = name
    let source = BlobSource(blob, name: name, progress: options.blobProgress)
    let scan = try scan(
      source, length: blob.length, options,
      algorithms: Algorithms(
        blob: options.expectedDigest?.algorithm ?? .sha256,
        tar: options.expectedDiffID?.algorithm ?? .sha256))
    return try checked(scan, options, name: name)
  }

  /// The scan, once it is of the expected digests.
  private static func checked(
    _ scan: LayerScan, _ options: LayerScanOptions, name: String
  ) throws(LayerError) -> LayerScan {
    try check(scan.digest, options.expectedDigest, "digest", of: name)
    try check(scan.diffID, options.expectedDiffID, "diffID", of: name)
    return scan
  }

  private static func check(
    _ found: Digest, _ expected: Digest?, _ what: String, of name: String
  ) throws(LayerError) {
    guard let expected, expected != found else { return }
    guard expected.algorithm == found.algorithm else {
      throw .unreadable(
        layer: name,
        reason:
          "its \(what) is of another algorithm than the name that the archive gives it, which cannot be checked "
          + "while the archive passes; save the image to a file")
    }
    throw .mismatch(layer: name, what: what, expected: expected, found: found)
  }

  /// Which digests are made of a blob as it stands, and of its uncompressed tar.
  struct Algorithms {
    var blob = Digest.Algorithm.sha256
    var tar = Digest.Algorithm.sha256
  }

  /// Reads a layer from wherever its bytes come, without a look at the expected digests.
  static func scan(
    _ source: any ByteSource, length: Int64, _ options: LayerScanOptions,
    algorithms: Algorithms = Algorithms()
  ) throws(LayerError) -> LayerScan {
    let name = options.name ?? "a layer"
    let blobHash = ByteHasher(algorithms.blob, withFingerprint: options.notes != .nothing)
    let tarHash = ByteHasher(algorithms.tar, withFingerprint: options.notes != .nothing)
    let tar = TarReader(
      name: name, limits: options.limits, notes: options.notes, capture: options.capture,
      scanner: options.content?.makeScanner())
    let opened = try DecompressedStream(
      source, name: name, limits: options.limits, hash: blobHash)
    let compression = opened.compression
    // The bytes of a plain layer are hashed once where both digests are of one algorithm.
    let isHashedTwice = compression == .none && algorithms.blob != algorithms.tar
    // The thread that reads has little to do where nothing is unpacked: it takes the hash off the one that searches.
    let isHashedAhead = compression == .none && options.content != nil

    func take(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
      if !isHashedAhead { tarHash.update(bytes) }
      if isHashedTwice { blobHash.update(bytes) }
      try tar.consume(bytes)
      options.copy?(bytes)
      try options.budget?.take(bytes.count)
      options.progress?(bytes.count)
    }
    var stream: any LayerStream = opened.stream
    if isHashedAhead { stream = HashedStream(opened.stream, tarHash) }
    if length < worthAThread {
      try drain(stream, take)
    } else {
      try BufferPipe(stream).drain(take)
    }
    try tar.finish()

    let diffID = tarHash.finish()
    var digest = diffID
    if compression != .none || isHashedTwice { digest = blobHash.finish() }
    return LayerScan(
      compression: compression, digest: digest, diffID: diffID, compressed: length,
      unpacked: tar.offset,
      entries: tar.entries, hits: tar.hits, contentVersion: options.content?.version,
      anomalies: tar.foundAnomalies, contents: tar.recorder?.contents ?? [],
      fingerprints: fingerprints(blobHash, tarHash, compression))
  }

  /// Of the blob and of the tar, where they were asked for; the same where nothing is compressed.
  private static func fingerprints(
    _ blob: ByteHasher, _ tar: ByteHasher, _ compression: LayerCompression
  ) -> (Fingerprint, Fingerprint)? {
    guard let tar = tar.fingerprint else { return nil }
    guard compression != .none, let blob = blob.fingerprint else { return (tar, tar) }
    return (blob, tar)
  }

  /// Unpacks a blob that should hold the same tar as a layer that is known.
  /// - Returns: the known scan, with the blob's digest, compression and fingerprints; its `compressed` is not set. The
  ///   tar is the same where its fingerprint is.
  static func recognize(
    _ known: LayerScan, _ source: any ByteSource, name: String, limits: LayerLimits
  ) throws(LayerError) -> LayerScan {
    let (blobHash, tarPrint) = (ByteHasher(.sha256, withFingerprint: true), FingerprintHasher())
    let opened = try DecompressedStream(source, name: name, limits: limits, hash: blobHash)
    // A fingerprint takes less than a second thread for it would.
    try drain(opened.stream) { (bytes) throws(LayerError) in
      tarPrint.update(bytes)
      if opened.compression == .none { blobHash.update(bytes) }
    }
    let fingerprint = tarPrint.finish()
    return known.restated(
      compression: opened.compression, digest: blobHash.finish(), compressed: 0,
      fingerprints: (blobHash.fingerprint ?? fingerprint, fingerprint))
  }

  /// The digest of a blob as it stands.
  static func digest(_ blob: Blob, algorithm: Digest.Algorithm, name: String) throws(LayerError)
    -> Digest
  {
    let hash = ByteHasher(algorithm)
    try drain(PlainStream(BufferedInput(BlobSource(blob, name: name), name: name, hash: nil))) {
      (bytes) throws(LayerError) in hash.update(bytes)
    }
    return hash.finish()
  }

  private static func drain(
    _ stream: any LayerStream, _ consume: (UnsafeRawBufferPointer) throws(LayerError) -> Void
  ) throws(LayerError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: BufferPipe.bufferSize, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = try stream.read(into: buffer)
      if count == 0 { return }
      try consume(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
