import ForgeBasics

/// The five sizes of an image, bytes. `wasted` is exactly `stored - rootfs`.
public struct Sizes: Codable, Sendable, Equatable {
  /// The layer blobs as they stand in the archive.
  public var compressed: Int64
  /// The uncompressed layer tars, headers and padding included.
  public var unpacked: Int64
  /// The regular files over all layers; a hardlink group in a layer counts once.
  public var stored: Int64
  /// The part of `stored` that is visible in the final root filesystem.
  public var rootfs: Int64
  /// The part of `stored` that no container sees; every byte has a row in `waste`.
  public var wasted: Int64
  /// `rootfs / stored`; 1 for an image without files.
  public var efficiency: Double

  /// Sizes in bytes; what is wasted follows from them.
  public init(compressed: Int64, unpacked: Int64, stored: Int64, rootfs: Int64) {
    self.compressed = compressed
    self.unpacked = unpacked
    self.stored = stored
    self.rootfs = rootfs
    wasted = stored - rootfs
    efficiency = 1
    if stored > 0 { efficiency = Double(rootfs) / Double(stored) }
  }
}

/// One layer: what it is, and what it costs.
public struct LayerFacts: Codable, Sendable, Equatable {
  /// From 0, the base.
  public var index: Int
  /// Of the blob as it stands in the archive.
  public var digest: Digest
  /// Of the uncompressed tar (image-spec, config.md, `rootfs.diff_ids`).
  public var diffID: Digest
  /// As the manifest says; in a docker-archive, as the first bytes say.
  public var mediaType: String
  /// Bytes of the blob as it stands.
  public var compressed: Int64
  /// Bytes of the uncompressed tar.
  public var unpacked: Int64
  /// Bytes of its regular files; a hardlink group counts once.
  public var stored: Int64
  /// The part of `stored` that no container sees.
  public var wasted: Int64
  /// Entries other than whiteouts.
  public var files: Int
  /// The history entry that made it; nil where history does not align.
  @EncodesNull public var createdBy: String?

  /// A layer of these digests and sizes, in bytes.
  public init(
    index: Int, digest: Digest, diffID: Digest, mediaType: String, compressed: Int64,
    unpacked: Int64, stored: Int64,
    wasted: Int64, files: Int, createdBy: String?
  ) {
    self.index = index
    self.digest = digest
    self.diffID = diffID
    self.mediaType = mediaType
    self.compressed = compressed
    self.unpacked = unpacked
    self.stored = stored
    self.wasted = wasted
    self.files = files
    self.createdBy = createdBy
  }

}
