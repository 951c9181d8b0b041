import ForgeBasics
import ForgeInspection

/// What the gate says of an image. The JSON of `forge check`.
public struct Verdict: Codable, Sendable, Equatable {
  public struct Size: Codable, Sendable, Equatable {
    /// Which size the limit is on.
    public let metric: Policy.Metric
    public let bytes: Int64
    public let maximum: Int64
  }

  public let schemaVersion: Int
  public let image: ImageFacts
  public let passed: Bool
  public let size: Size
  public let failOn: Severity
  /// The gravest first; then by rule and place.
  public let findings: [Finding]
}

public enum Gate {
  /// How many leading bytes of a file, by its path in a layer, the rules want to see. For `Inspector.inspect`.
  @Sendable public static func capture(_ path: ArraySlice<UInt8>) -> Int { SecretFiles.capture(path) }

  /// Judges an image that was inspected with `Gate.capture`.
  public static func judge(_ inspection: Inspection, policy: Policy) -> Verdict {
    var findings = inspection.findings
    for (id, check) in ImageRules.all {
      // A rule that the catalogue does not know counts as an error: a gate fails closed.
      let setting = RuleCatalogue.rule(id).map(policy.severity) ?? .error
      guard let severity = setting else { continue }
      for violation in check(inspection, policy) {
        findings.append(
          Finding(
            id: id, severity: min(severity, violation.atMost ?? severity), message: violation.message,
            location: violation.location, fix: violation.fix, evidence: violation.evidence))
      }
    }
    findings.sort {
      ($1.severity, $0.id, $0.location ?? "", $0.message) < ($0.severity, $1.id, $1.location ?? "", $1.message)
    }
    return Verdict(
      schemaVersion: 1, image: inspection.image, passed: !findings.contains { $0.severity >= policy.failOn },
      size: Verdict.Size(
        metric: policy.metric, bytes: inspection.sizes[policy.metric], maximum: policy.maximumSize),
      failOn: policy.failOn, findings: findings)
  }
}

extension Sizes {
  package subscript(metric: Policy.Metric) -> Int64 {
    switch metric {
    case .compressed: compressed
    case .unpacked: unpacked
    case .stored: stored
    case .rootfs: rootfs
    }
  }
}
