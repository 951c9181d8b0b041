import ForgeBasics

/// Why an image was not written. Nothing has its name, and the input is as it was.
public enum WritingError: ForgeError, Equatable {
  /// The image holds something that cannot be written in this form.
  case unsupported(String)
  /// The input changed while it was read.
  case changed(String)
  /// The system refuses memory or a temporary file.
  case resources(String)
  /// What was written is not what was planned: a defect. A sentence for each difference.
  case unproven([String])

  public var exitCode: ExitCode {
    switch self {
    case .unsupported, .changed: .unreadableInput
    case .resources: .usage
    case .unproven: .defect
    }
  }

  public var description: String {
    switch self {
    case .unsupported(let reason): "the image is left as it is: \(reason)"
    case .changed(let what): "\(what) changed while it was read; nothing was written; try again"
    case .resources(let reason): "\(reason); nothing was written"
    case .unproven(let differences):
      "the result could not be proven to be the same image, so it was thrown away; the input is unchanged. "
        + "Please report this: " + differences.prefix(5).joined(separator: "; ")
        + (differences.count > 5 ? "; and others" : "")
    }
  }
}
