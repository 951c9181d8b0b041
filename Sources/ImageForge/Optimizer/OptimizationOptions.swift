import ForgeLayers
import ForgeMinimizer
import ForgeWriting

/// What to do with an image.
public struct OptimizationOptions: Sendable {
  /// Which layers become one.
  public enum Squash: Sendable, Equatable {
    /// All above the base that `keepBase` keeps; all, where it keeps none.
    case all
    /// From one layer to another, counted from 0.
    case range(ClosedRange<Int>)
  }

  /// What tells which layers are the base's.
  public enum Base: Sendable, Equatable {
    /// The history of the image, as `forge inspect` reads it.
    case history
    /// An image whose layers the image begins with.
    case image(String)
  }

  /// Drop what no one can see.
  public var waste = true
  public var squash: Squash?
  /// Make identical files of one layer hard links.
  public var dedupe = false
  public var strip: [StripSet] = []
  /// Keep only what the entry point can reach.
  public var minimize = false
  /// Paths to keep all the same when minimizing, without a leading slash.
  public var keepPaths: [String] = []
  public var compression = Compression.keep
  /// Clamp times to this many seconds since 1970, sort names, and write every layer in one form.
  public var epoch: Int64?
  /// Layers from the base that stay as they are, to the byte.
  public var keptLayers = 0
  /// The base whose layers these are; nil: as many as `keptLayers` says.
  public var base: Base?
  /// The form of the output; nil: that of the input.
  public var form: ImageForm?
  /// Stop adding passes when the files of all layers are this small, bytes.
  public var target: Int64?
  /// Whether to take the SHA-256 of every file, which a proof to keep and the bill of materials name. Without, the
  /// images are compared by fingerprints that this process alone can make.
  public var recordsDigests = true

  public init() {}

  /// Whether every layer, or nearly, is written again.
  var rewritesAll: Bool { compression != .keep || squash == .all || epoch != nil }
  /// Whether the plan depends on what files hold.
  var readsContents: Bool { minimize || strip.contains { StripSet.rewriting.contains($0) } }
  /// What files have to be known by. Which files of one image are the same is no matter of fingerprints.
  var notes: ContentNotes { recordsDigests || dedupe || target != nil ? .digests : .fingerprints }
}
