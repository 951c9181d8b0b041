import ForgeInspection
import ForgeLayers
import ForgeWriting

/// What an optimization comes to, before a byte is written.
struct OptimizationPlan {
  /// The layers of the output.
  var image: PlannedImage
  /// Layers from the base that stay as they are: as asked for, or more where they cannot be written again.
  let kept: Int
  var passes: [PassResult] = []
  /// What the output may differ by from the input.
  var allowance = Allowance()
  var removed: [RemovedPath] = []
  /// Files that get another content.
  var rewrites: [Rewrite] = []
  /// The same for people.
  var rewritten: [RewrittenPath] = []
  var notices: [String] = []
}

extension [Rewrite] {
  /// What the content of a planned file is known by.
  func contentHash(_ source: FileTree.Origin, in input: ReadImage) -> FileContent.Hash {
    if source.layer == Rewrite.layer { return self[Int(source.index)].hash }
    return input.contentHash(source)
  }
}

/// Thrown where a layer of the input cannot be written again without changing its meaning.
struct UnwritableLayer: Error {
  /// Of the input, counted from 0.
  let layer: Int
  /// A clause that ends the sentence "it stays as it is".
  let reason: String
}
