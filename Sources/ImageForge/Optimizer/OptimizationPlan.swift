import ForgeBasics
import ForgeLayers

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

/// What one pass gave.
public struct PassResult: Sendable, Codable, Equatable {
  /// `squash`, `waste`, `strip:docs`, `minimize`, `dedupe`, `reproducible`.
  public var name: String
  /// Bytes of the regular files over all layers, before and after it.
  public var before: Int64
  public var after: Int64
  public var saved: Int64 { before - after }

  enum CodingKeys: String, CodingKey { case name, before, after }
}

/// One layer of the output.
public struct OutputLayer: Sendable, Codable, Equatable {
  /// The layers of the input that went into it.
  public var inputs: [Int]
  /// Whether its blob is the input's, to the byte.
  public var unchanged: Bool
  /// Bytes of its uncompressed tar.
  public var unpacked: Int64
  /// Bytes of its blob; nil before it is written.
  public var compressed: Int64?
  /// Nil before it is written.
  public var diffID: Digest?
}

/// What went on request.
public struct RemovedPath: Sendable, Codable, Equatable {
  /// With all below it. Control characters and bytes that are not UTF-8 are escaped.
  public var path: String
  /// The strip set, or `minimize`.
  public var set: String
  /// Bytes of regular files that went with it.
  public var bytes: Int64
}

/// A file whose content was written otherwise on request.
public struct RewrittenPath: Sendable, Codable, Equatable {
  public var path: String
  /// The strip set.
  public var set: String
  /// Its bytes before and after.
  public var before: Int64
  public var after: Int64
}

/// Sizes of an image, bytes.
public struct OutputSizes: Sendable, Codable, Equatable {
  /// The layer blobs.
  public var compressed: Int64?
  /// The uncompressed layer tars.
  public var unpacked: Int64
  /// The regular files over all layers.
  public var stored: Int64
}

/// The JSON of `forge optimize`.
public struct OptimizationReport: Sendable, Codable, Equatable {
  public var schemaVersion = 1
  public var source: String
  /// Where the result is; nil when nothing was written.
  public var output: String?
  public var before: OutputSizes
  public var after: OutputSizes
  public var passes: [PassResult]
  public var layers: [OutputLayer]
  public var removed: [RemovedPath]
  public var rewritten: [RewrittenPath]
  /// What the user should know of: dropped annotations, kept layers.
  public var notices: [String]
  public var target: Int64?
  public var compression: String
  /// Nil when nothing was written.
  public var proof: ProofSummary?

  /// False where a target was set and is not reached.
  public var reachesTarget: Bool { target.map { after.stored <= $0 } ?? true }
}

public struct ProofSummary: Sendable, Codable, Equatable {
  /// Names of the output that were compared.
  public var names: Int
  /// Bytes of their files.
  public var bytes: Int64
  /// Over all names, types, modes, owners, times, links, attributes and contents of the output; nil where no digests
  /// were recorded.
  public var rootfs: Digest?
}

/// What a strip set would take from an image.
public struct StripEstimate: Sendable, Codable, Equatable {
  public var set: StripSet
  /// Names, each with all below it.
  public var names: Int
  /// Bytes of the regular files that would go.
  public var bytes: Int64
}
