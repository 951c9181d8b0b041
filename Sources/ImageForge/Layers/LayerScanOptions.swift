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
  package var content: ContentSearch?
  package var limits: LayerLimits
  /// What the layers of the image share; nil: the limits hold for each alone.
  package var budget: UnpackBudget?
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
