import ForgeBasics

/// Why an image cannot be judged: its inspection did not look at all that the rules are about.
public enum GateError: ForgeError, Equatable {
  /// Nobody searched for secrets.
  case secretsNotSearched(image: String)
  /// The content of a file that a rule looks at was not kept.
  case contentNotKept(image: String, path: [UInt8])

  public var exitCode: ExitCode { .defect }

  public var description: String {
    let (image, reason) =
      switch self {
      case .secretsNotSearched(let image): (image, "it was not searched for secrets")
      case .contentNotKept(let image, let path):
        (image, "the content of /\(DisplayText.escape(path)) was not kept")
      }
    return "cannot judge \(DisplayText.escape(image)): \(reason); inspect it with "
      + "InspectionOptions(findsSecrets: true, capture: Gate.capture)"
  }
}
