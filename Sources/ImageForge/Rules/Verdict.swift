import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import ForgeInspection

/// What the gate says of an image. The JSON of `forge check`.
public struct Verdict: Codable, Sendable, Equatable {
  public struct Size: Codable, Sendable, Equatable {
    /// Which size the limit is on.
    public let metric: Policy.Metric
    public let bytes: Int64
    public let maximum: Int64
  }

  /// A finding that the policy accepts.
  public struct Suppressed: Codable, Sendable, Equatable {
    public let finding: Finding
    public let suppression: Suppression
  }

  public let schemaVersion: Int
  public let image: ImageFacts
  public let passed: Bool
  public let size: Size
  public let failOn: Severity
  /// The gravest first; then by rule and place.
  public let findings: [Finding]
  /// What would be among the findings, had the policy not accepted it.
  public let suppressed: [Suppressed]
  /// Recommendations that no archive can tell about: neither passed nor failed.
  public let notCheckable: [NotCheckable]
  /// What judged: the policy in force, and those of the organisation.
  public let policies: [PolicyFacts]

  /// The same, each finding changed by what is known of how the image was built.
  /// - Parameter trace: nil for a finding that the Dockerfile refutes.
  package func tracing(_ trace: (Finding) -> Finding?) -> Verdict {
    let findings = findings.compactMap(trace)
    return Verdict(
      schemaVersion: schemaVersion, image: image,
      passed: !findings.contains { $0.severity >= failOn }, size: size, failOn: failOn,
      findings: findings, suppressed: suppressed, notCheckable: notCheckable, policies: policies)
  }

  /// The word of two policies: each finding with the higher of both severities, and accepted only where both accept it.
  fileprivate func joined(_ other: Verdict) -> Verdict {
    let failOn = min(failOn, other.failOn)
    var findings = findings.map { finding in
      other.findings.first { $0.isSame(as: finding) && $0.severity > finding.severity } ?? finding
    }
    findings += other.findings.filter { finding in
      !findings.contains { $0.isSame(as: finding) } && finding.id != "FORGE-P003"
    }
    findings.sort(by: Finding.isBefore)
    let isTighter = other.size.metric != size.metric || other.size.maximum < size.maximum
    return Verdict(
      schemaVersion: schemaVersion, image: image,
      passed: !findings.contains { $0.severity >= failOn }, size: isTighter ? other.size : size,
      failOn: failOn, findings: findings,
      suppressed: suppressed.filter { row in !findings.contains { $0.isSame(as: row.finding) } },
      notCheckable: notCheckable, policies: policies + other.policies)
  }
}

extension Finding {
  /// Whether it says the same, whatever it is worth.
  fileprivate func isSame(as other: Finding) -> Bool {
    id == other.id && place == other.place && message == other.message
  }
}

public enum Gate {
  /// How many leading bytes of a file, by its path in a layer, the rules want to see. For `Inspector.inspect`.
  @Sendable public static func capture(_ path: ArraySlice<UInt8>) -> Int {
    SecretFiles.capture(path)
  }

  /// The line of a `.dockerignore` that would keep a file out of an image, for a finding about it.
  /// - Parameter path: in the build context.
  package static func ignorePattern(for finding: Finding, path: String) -> String? {
    finding.id == "FORGE-I023"
      ? NeedlessFiles.table.ignoreLine(path) : SecretFiles.ignoreLine(Array(path.utf8))
  }

  /// What a file of a repository is by its name, such as a private key or an environment file with values; nil for
  /// all others.
  /// - Parameter head: its first bytes.
  package static func secretFile(_ path: [UInt8], head: [UInt8]) -> String? {
    SecretFiles.ofRepository(path, head: head)
  }

  /// Judges an image that was inspected with `Gate.capture`, and with `findsSecrets`.
  /// - Parameters:
  ///   - baseline: the sizes to compare with; nil: no comparison.
  ///   - today: the day that decides whether a suppression has expired, `2026-11-24`; nil: the clock's, UTC.
  /// - Throws: `GateError` where the inspection did not look at all that the rules are about.
  public static func judge(
    _ inspection: Inspection, policy: Policy, baseline: Baseline? = nil, today: String? = nil
  ) throws(GateError) -> Verdict {
    try checkIsWhole(inspection)
    let own = verdict(inspection, policy, baseline, today)
    return policy.floors.reduce(own) { $0.joined(verdict(inspection, $1, baseline, today)) }
  }

  private static func verdict(
    _ inspection: Inspection, _ policy: Policy, _ baseline: Baseline?, _ today: String?
  ) -> Verdict {
    var judgement = Judgement(inspection, policy, baseline, today: today ?? Assertions.today)
    judgement.run()
    let findings = judgement.findings.sorted(by: Finding.isBefore)
    var notCheckable = RuleCatalogue.notCheckable
    if inspection.details.attestations == nil, let rule = RuleCatalogue.rule("FORGE-I034") {
      notCheckable.append(
        NotCheckable(
          id: rule.id, title: rule.title,
          reason: "a docker-archive has no place for provenance; look at it in the registry"))
    }
    return Verdict(
      schemaVersion: 1, image: inspection.image,
      passed: !findings.contains { $0.severity >= policy.failOn },
      size: Verdict.Size(
        metric: policy.metric, bytes: inspection.sizes[policy.metric], maximum: policy.maximumSize),
      failOn: policy.failOn, findings: findings,
      suppressed: judgement.suppressed.sorted { Finding.isBefore($0.finding, $1.finding) },
      notCheckable: notCheckable, policies: [PolicyFacts(policy)])
  }
}

extension Gate {
  /// What nobody looked at must not pass as if there were nothing.
  private static func checkIsWhole(_ inspection: Inspection) throws(GateError) {
    let image = inspection.image.source
    guard inspection.details.secrets != nil else { throw .secretsNotSearched(image: image) }
    let unseen = inspection.details.files.first { file in
      file.kind == .regular && file.size > 0 && file.head == nil && capture(file.path[...]) > 0
    }
    if let unseen { throw .contentNotKept(image: image, path: unseen.path) }
  }
}

/// Runs the rules over one image, and takes out what the policy accepts.
private struct Judgement {
  private let inspection: Inspection
  private let policy: Policy
  private let baseline: Baseline?
  private let today: String
  private(set) var findings: [Finding] = []
  private(set) var suppressed: [Verdict.Suppressed] = []
  private var used: Set<Int> = []

  init(_ inspection: Inspection, _ policy: Policy, _ baseline: Baseline?, today: String) {
    self.inspection = inspection
    self.policy = policy
    self.baseline = baseline
    self.today = today
  }

  mutating func run() {
    // FORGE-I027 says the same of a device.
    for finding in inspection.findings where finding.id != "FORGE-A005" { add(finding) }
    for (id, check) in ImageRules.all { run(id, check) }
    if let baseline { run("FORGE-S006") { baseline.check($0, $1) } }
    for (index, suppression) in policy.suppressions.enumerated() {
      report(suppression, isUsed: used.contains(index))
    }
  }

  private mutating func run(_ id: FindingID, _ check: RuleCheck) {
    // A rule that the catalogue does not know counts as an error: a gate fails closed.
    guard let severity = RuleCatalogue.rule(id).map(policy.severity) ?? .error else { return }
    let violations = check(inspection, policy).map { finding(id, severity, $0) }
    let scoped = active(id).filter {
      policy.suppressions[$0].path != nil && policy.suppressions[$0].scope.isOfFiles
    }
    guard !scoped.isEmpty, !violations.isEmpty else {
      for violation in violations { add(violation) }
      return
    }
    // A finding may speak of several files: what is left without those that are accepted still counts.
    var rest = inspection
    for index in scoped {
      let without = rest.removing(PathPattern(policy.suppressions[index].path ?? ""))
      let before = check(rest, policy).map { finding(id, severity, $0) }
      let after = check(without, policy).map { finding(id, severity, $0) }
      let gone = before.filter { !after.contains($0) }
      guard !gone.isEmpty else { continue }
      used.insert(index)
      suppressed += gone.map {
        Verdict.Suppressed(finding: $0, suppression: policy.suppressions[index])
      }
      rest = without
    }
    for violation in check(rest, policy) { add(finding(id, severity, violation)) }
  }

  private func finding(_ id: FindingID, _ severity: Severity, _ violation: Violation) -> Finding {
    Finding(
      id: id, severity: min(severity, violation.atMost ?? severity), message: violation.message,
      at: violation.place, subject: violation.subject, fix: violation.fix,
      evidence: violation.evidence, fingerprint: violation.fingerprint)
  }

  /// The suppressions of a rule that are in force for this image.
  private func active(_ id: FindingID) -> [Int] {
    policy.suppressions.indices.filter { index in
      let suppression = policy.suppressions[index]
      guard suppression.covers(id), suppression.expires.map({ $0 >= today }) ?? true else {
        return false
      }
      guard let pattern = suppression.image else { return true }
      let name = inspection.image.reference ?? inspection.image.source
      return PathPattern(pattern).matches(Array(name.utf8))
    }
  }

  private mutating func add(_ finding: Finding) {
    let index = active(finding.id).first { policy.suppressions[$0].accepts(finding) }
    guard let index else {
      findings.append(finding)
      return
    }
    used.insert(index)
    suppressed.append(Verdict.Suppressed(finding: finding, suppression: policy.suppressions[index]))
  }

  private mutating func report(_ suppression: Suppression, isUsed: Bool) {
    let named = suppression.scope.named
    let scope = named.isEmpty ? "" : " for \(named.map(\.value).joined(separator: ", "))"
    if let expires = suppression.expires, expires < today {
      report(
        "FORGE-P002", suppression,
        "the suppression of \(suppression.rule)\(scope) expired on \(expires) (\(suppression.reason))"
      )
    } else if !isUsed, suppression.image == nil || !active(suppression.rule).isEmpty {
      report(
        "FORGE-P003", suppression,
        "the suppression of \(suppression.rule)\(scope) suppresses nothing (\(suppression.reason))")
    }
  }

  private mutating func report(_ id: FindingID, _ suppression: Suppression, _ message: String) {
    guard let rule = RuleCatalogue.rule(id), let severity = policy.severity(of: rule) else {
      return
    }
    findings.append(
      Finding(
        id: id, severity: severity, message: DisplayText.escape(message),
        at: suppression.source, fix: rule.fix, evidence: .source))
  }
}

extension Inspection {
  /// The same without the files of a pattern.
  fileprivate func removing(_ pattern: PathPattern) -> Inspection {
    var rest = details
    rest.files.removeAll { pattern.matches($0.path) }
    rest.secrets?.removeAll { pattern.matches($0.path) }
    return Inspection(
      image: image, sizes: sizes, layers: layers, waste: waste, largestFiles: largestFiles,
      duplicates: duplicates,
      packages: packages, findings: findings, details: rest)
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
