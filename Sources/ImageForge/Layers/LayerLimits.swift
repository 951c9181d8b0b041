import ForgeBasics
import Synchronization

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

  /// Holds all layers together to the budgets of an image. `image` is what messages call it.
  package func check(unpacked: Int64, entries: Int, of image: String) throws(LayerError) {
    guard unpacked <= total else {
      throw .overLimit(
        layer: image, path: [], limit: .total,
        reason: "all layers together unpack to more than \(ByteCount.text(total))")
    }
    guard entries <= self.entries else {
      throw .overLimit(
        layer: image, path: [], limit: .entries,
        reason: "its layers have more than \(self.entries) entries")
    }
  }
}

/// What the layers of one image have unpacked to, counted while several are read at once: also those that turn out to be
/// no layers, or broken.
package final class UnpackBudget: Sendable {
  private let limits: LayerLimits
  private let image: String
  private let taken = Atomic<Int64>(0)

  /// - Parameter image: what messages call the image.
  package init(_ limits: LayerLimits, image: String) {
    self.limits = limits
    self.image = image
  }

  /// Counts bytes that a layer unpacked to.
  /// - Throws: `LayerError.overLimit` when that is more than all layers may.
  func take(_ count: Int) throws(LayerError) {
    let sum = taken.add(Int64(count), ordering: .relaxed).newValue
    try limits.check(unpacked: sum, entries: 0, of: image)
  }
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
