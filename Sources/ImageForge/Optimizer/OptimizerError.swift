import ForgeBasics

/// Why an image was not optimized. Nothing was written, and the input is as it was.
public enum OptimizerError: ForgeError, Equatable {
  /// The request contradicts itself or the image.
  case usage(String)
  /// The image holds something that cannot be rewritten without changing its meaning.
  case unsupported(String)
  /// A layer of the input cannot be written again: the planner keeps it.
  case fixed(layer: Int, String)
  /// The input changed while it was read.
  case changed(String)
  /// The system refuses memory or a temporary file.
  case resources(String)
  /// What was written is not what was planned: a defect.
  case unproven([String])
  /// A proof file is malformed.
  case malformedProof(String)

  public var exitCode: ExitCode {
    switch self {
    case .usage: .usage
    case .unsupported, .fixed, .changed, .malformedProof: .unreadableInput
    case .resources: .usage
    case .unproven: .defect
    }
  }

  public var description: String {
    switch self {
    case .usage(let reason): reason
    case .unsupported(let reason): "the image is left as it is: \(reason)"
    case .fixed(let layer, let reason):
      "the image is left as it is: layer \(layer) cannot be written again, \(reason)"
    case .changed(let what): "\(what) changed while it was read; nothing was written; try again"
    case .resources(let reason): "\(reason); nothing was written"
    case .unproven(let differences):
      "the result could not be proven to be the same image, so it was thrown away; the input is unchanged. "
        + "Please report this: " + differences.prefix(5).joined(separator: "; ")
        + (differences.count > 5 ? "; and others" : "")
    case .malformedProof(let reason):
      "the proof file cannot be used: \(reason); write it again with `--proof`"
    }
  }
}
