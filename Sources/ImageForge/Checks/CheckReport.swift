import ForgeRules

/// What the gate says of several images. The JSON of `forge check A B`.
public struct CheckReport: Encodable, Sendable, Equatable {
  /// The version of this JSON: 1.
  public let schemaVersion: Int
  /// Whether every image was read whole and passed the gate.
  public let passed: Bool
  /// How many images could not be read whole; none of them has a verdict.
  public let unreadable: Int
  /// What the gate says of each image that was read.
  public let verdicts: [Verdict]
  /// What is wrong with each image that could not be read whole.
  public let failures: [Failure]

  /// The report of these verdicts and failures.
  public init(verdicts: [Verdict], failures: [Failure] = []) {
    schemaVersion = 1
    self.verdicts = verdicts
    self.failures = failures
    unreadable = failures.count
    passed = failures.isEmpty && verdicts.allSatisfy(\.passed)
  }
}
