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
