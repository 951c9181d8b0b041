/// How far an optimization is, of one step after the other.
public struct OptimizationProgress: Sendable {
  /// `reading`, `writing`, `proving`.
  public var step: String
  /// Bytes of layer blobs that the step is done with.
  public var done: Int64
  /// Bytes of layer blobs that the step has before it in all.
  public var total: Int64
}
