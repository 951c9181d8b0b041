/// The budgets of a reader: what an image, and each of its layers, may cost. Counted while the bytes stream; what is
/// beyond one is refused, never read in part.
public struct LayerLimits: Sendable {
  /// Which budget was exceeded.
  package enum Kind: String, Sendable {
    case total, layer, entries, path, header, names, heads, members
  }

  /// Bytes that all layers together may unpack to.
  public var total: Int64 = 64 << 30
  /// Bytes of one uncompressed layer, and of the files in it (a sparse file is larger than its tar).
  public var unpacked: Int64 = 64 << 30
  /// Entries of all layers together.
  public var entries = 5_000_000
  /// Bytes of one path or link target.
  public var path = 4096
  /// Bytes of one PAX header, GNU long name or sparse map.
  public var header = 1 << 20
  /// Layers of an image.
  public var layers = 4096
  /// Bytes of one JSON document: what registries allow for a manifest or config.
  public var document: Int64 = 4 << 20
  /// Bytes of all names, links and extended attributes.
  package var names = 1 << 30
  /// Bytes of all captured file heads.
  package var heads = 256 << 20
  /// Largest zstd window, as a power of two: 128 MiB.
  package var zstdWindowLog: Int32 = 27

  /// The budgets that hold where nobody says otherwise.
  public init() {}
}

extension LayerLimits.Kind {
  /// What a user who trusts the image can do.
  var advice: String {
    switch self {
    case .total: "raise --max-unpacked"
    case .layer: "raise --max-layer"
    case .entries: "raise --max-entries"
    case .path: "raise --max-path"
    case .header: "raise --max-header"
    case .names, .heads, .members: "rebuild it smaller"
    }
  }
}
