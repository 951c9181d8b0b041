import ForgeBasics
import ForgeMinimizer
import ForgeWriting

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

extension OptimizationReport {
  /// What a plan comes to, before anything is written.
  init(of input: ReadImage, _ plan: OptimizationPlan, _ options: OptimizationOptions) {
    let layers = plan.image.layers.map { layer in
      let same = layer.original.map { input.scans[$0] }
      return OutputLayer(
        inputs: layer.inputs, unchanged: same != nil, unpacked: same?.unpacked ?? layer.tarSize,
        compressed: same?.compressed, diffID: same?.diffID)
    }
    self.init(
      source: input.image.source, output: nil,
      before: OutputSizes(
        compressed: input.scans.reduce(0) { $0 + $1.compressed },
        unpacked: input.scans.reduce(0) { $0 + $1.unpacked },
        stored: PlannedImage(input.scans).stored),
      after: OutputSizes(
        compressed: nil, unpacked: layers.reduce(0) { $0 + $1.unpacked },
        stored: plan.image.stored),
      passes: plan.passes, layers: layers, removed: plan.removed, rewritten: plan.rewritten,
      notices: plan.notices, target: options.target,
      compression: options.compression.description, proof: nil)
  }

  /// Replaces what was planned of the layers by what was written.
  mutating func tell(_ written: [WrittenLayer], as result: ReadImage) {
    layers = zip(written, result.scans).map { layer, scan in
      OutputLayer(
        inputs: layer.inputs, unchanged: layer.copied != nil, unpacked: scan.unpacked,
        compressed: layer.size, diffID: layer.diffID)
    }
    after.compressed = written.reduce(0) { $0 + $1.size }
    after.unpacked = result.scans.reduce(0) { $0 + $1.unpacked }
  }
}
