import ForgeBasics
import ForgeFindings

/// One entry of a GitLab code quality report (docs.gitlab.com, "Code Quality report format").
private struct CodeQualityIssue: Encodable {
  let description: String
  let checkName: String
  let fingerprint: String
  let severity: String
  let location: Location

  struct Location: Encodable {
    let path: String
    let lines: Lines
  }

  struct Lines: Encodable { let begin: Int }

  enum CodingKeys: String, CodingKey {
    case description, fingerprint, severity, location
    case checkName = "check_name"
  }
}

extension Report {
  func gitlabCodeQuality() throws -> String {
    var fingerprints = Fingerprints()
    return try StableJSON.encode(
      subjects.flatMap { subject in
        subject.findings.map { finding in
          let review = finding.reportedPlace
          let whereabouts = finding.placeOutsideSource.map { " (\($0))" }
          return CodeQualityIssue(
            description: finding.message + (whereabouts ?? "")
              + (finding.remedy.map { "; fix: \($0)" } ?? ""),
            checkName: finding.id.rawValue,
            fingerprint: fingerprints.next(finding, of: subject.stableName),
            severity: Self.gitlabSeverity(finding.severity),
            location: CodeQualityIssue.Location(
              path: review?.file ?? subject.name,
              lines: CodeQualityIssue.Lines(begin: review?.line ?? 1)))
        }
      })
  }

  private static func gitlabSeverity(_ severity: Severity) -> String {
    switch severity {
    case .error: "critical"
    case .warning: "major"
    case .info: "info"
    }
  }
}
