import ForgeBasics

/// Why an image was not optimized. Nothing was written, and the input is as it was.
public enum OptimizerError: ForgeError, Equatable {
  /// The request contradicts itself or the image.
  case usage(String)
  /// A proof file is malformed.
  case malformedProof(String)

  public var exitCode: ExitCode {
    switch self {
    case .usage: .usage
    case .malformedProof: .unreadableInput
    }
  }

  public var description: String {
    switch self {
    case .usage(let reason): reason
    case .malformedProof(let reason):
      "the proof file cannot be used: \(reason); write it again with `--proof`"
    }
  }
}
