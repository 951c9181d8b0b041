import ForgeBasics

/// How to read a layer, and what to keep of it.
package struct LayerScanOptions: Sendable {
  /// What messages call the layer: `layer 3 of app.tar`.
  package var name: String?
  /// The digest that the blob must have; also picks the algorithm, SHA-256 where it is nil.
  package var expectedDigest: Digest?
  /// The digest that the uncompressed tar must have (image-spec, config.md, `rootfs.diff_ids`).
  package var expectedDiffID: Digest?
  /// How many leading bytes of a regular file to keep, by its clean path; 0 for none.
  package var capture: @Sendable (ArraySlice<UInt8>) -> Int
  /// What looks at the contents of files; nil for nothing.
  package var content: ContentScanning?
  package var limits: LayerLimits
  /// What the layers of the image share; nil: the limits hold for each alone.
  package var budget: UnpackBudget?
  /// Where what is known of layers is looked up and kept; nil: every layer is read.
  package var cache: LayerCache?
  /// Told the bytes of each piece of the uncompressed tar as it is read, from any thread.
  package var progress: (@Sendable (Int) -> Void)?
  /// The same of the blob as it stands, where it is read from a file.
  package var blobProgress: (@Sendable (Int) -> Void)?
  /// Given the bytes of the uncompressed tar, piece by piece in their order, by the thread that scans.
  package var copy: (@Sendable (UnsafeRawBufferPointer) -> Void)?
  /// What to note for rewriting and comparing; with anything, blob and tar are fingerprinted, too.
  package var notes = ContentNotes.nothing

  package init(
    name: String? = nil, expectedDigest: Digest? = nil, expectedDiffID: Digest? = nil,
    limits: LayerLimits = LayerLimits(),
    capture: @escaping @Sendable (ArraySlice<UInt8>) -> Int = { _ in 0 }
  ) {
    self.name = name
    self.expectedDigest = expectedDigest
    self.expectedDiffID = expectedDiffID
    self.limits = limits
    self.capture = capture
  }
}

/// How a layer blob is compressed, told from its first bytes and never from its media type.
package enum LayerCompression: String, Sendable {
  case none, gzip, zstd, xz, bzip2
}

/// Everything that one pass over a layer tells.
package struct LayerScan: Sendable {
  package let compression: LayerCompression
  /// Of the blob as it stands.
  package let digest: Digest
  /// Of the uncompressed tar, to its very last byte.
  package let diffID: Digest
  /// Bytes of the blob.
  package let compressed: Int64
  /// Bytes of the uncompressed tar, headers and padding included.
  package let unpacked: Int64
  package let entries: LayerEntries
  /// What the scanner of contents found, by the index of the entry; -1 for data behind the end of the tar.
  package var marks: [Int: [ContentMark]] = [:]
  /// Which version of the scanner looked; nil: none did.
  package var contentVersion: String?
  /// What readers of tar archives may disagree about, or should not be in a layer; each kind once, with its count.
  package let anomalies: [LayerAnomaly]
  /// One for each entry where the options ask for notes; else empty.
  package var contents: [FileContent] = []
  /// Of the blob as it stands, and of the uncompressed tar, where the options ask for notes.
  package private(set) var fingerprints: (blob: Fingerprint, tar: Fingerprint)?

  /// A layer that is planned and not yet written: entries without bytes.
  package init(planned entries: LayerEntries) {
    let nothing = Digest.sha256([])
    self.init(
      compression: .none, digest: nothing, diffID: nothing, compressed: 0, unpacked: 0,
      entries: entries, anomalies: [])
  }

  init(
    compression: LayerCompression, digest: Digest, diffID: Digest, compressed: Int64,
    unpacked: Int64,
    entries: LayerEntries, marks: [Int: [ContentMark]] = [:], contentVersion: String? = nil,
    anomalies: [LayerAnomaly], contents: [FileContent] = [],
    fingerprints: (Fingerprint, Fingerprint)? = nil
  ) {
    self.fingerprints = fingerprints
    self.contentVersion = contentVersion
    self.marks = marks
    self.compression = compression
    self.digest = digest
    self.diffID = diffID
    self.compressed = compressed
    self.unpacked = unpacked
    self.entries = entries
    self.anomalies = anomalies
    self.contents = contents
  }

  /// The same tar in another blob.
  func restated(
    compression: LayerCompression, digest: Digest, compressed: Int64,
    fingerprints: (Fingerprint, Fingerprint)?
  ) -> LayerScan {
    LayerScan(
      compression: compression, digest: digest, diffID: diffID, compressed: compressed,
      unpacked: unpacked,
      entries: entries, marks: marks, contentVersion: contentVersion, anomalies: anomalies,
      contents: contents,
      fingerprints: fingerprints)
  }
}

/// Something odd in a layer's tar that does not keep it from being read.
package struct LayerAnomaly: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    /// Bytes other than zero after the end-of-archive marker: no runtime unpacks them.
    case dataAfterEnd
    /// The tar stops without its two blocks of zeros.
    case noEndOfArchive
    /// A link, folder or device entry declares a size; readers disagree whether data follows.
    case sizeWithoutData
    /// PAX and ustar headers declare different sizes.
    case sizeConflict
    /// A global PAX header sets attributes of the entries; container runtimes ignore it, other readers do not.
    case globalHeader
    /// A path holds `..`, which stays inside the root.
    case dotDot
    /// A sparse file (image-spec, layer.md: should not be used).
    case sparse
  }

  package let kind: Kind
  /// How often it occurs.
  package var count: Int
  /// Offset in the tar of the first occurrence.
  package let offset: Int64
  /// Path of the first occurrence; empty where it is none of an entry.
  package let path: [UInt8]
}
