import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import ForgeRules
import Foundation

/// SARIF 2.1.0 (OASIS Standard), as far as forge writes it. Property names are the standard's.
private struct SARIFLog: Encodable {
  let schema = "https://json.schemastore.org/sarif-2.1.0.json"
  let version = "2.1.0"
  let runs: [Run]

  enum CodingKeys: String, CodingKey {
    case schema = "$schema"
    case version, runs
  }

  struct Run: Encodable {
    let tool: Tool
    let automationDetails: AutomationDetails
    let invocations: [Invocation]
    let columnKind = "unicodeCodePoints"
    let results: [Result]
  }

  struct AutomationDetails: Encodable { let id: String }
  struct Tool: Encodable { let driver: Driver }

  struct Driver: Encodable {
    let name = "forge"
    let semanticVersion = ForgeVersion.current
    let rules: [Rule]
  }

  struct Rule: Encodable {
    let id: String
    let shortDescription: Message
    let fullDescription: Message?
    let help: Message?
    let defaultConfiguration: Configuration
    let properties: Properties?
  }

  struct Configuration: Encodable { let level: String }

  struct Properties: Encodable {
    let tags: [String]
  }

  struct Message: Encodable { let text: String }

  /// Section 3.20.
  struct Invocation: Encodable {
    let executionSuccessful: Bool
    let toolExecutionNotifications: [Notification]
  }

  struct Notification: Encodable {
    let level: String
    let message: Message
  }

  /// Section 3.27.
  struct Result: Encodable {
    let ruleId: String
    let ruleIndex: Int
    let level: String
    let message: Message
    let locations: [Location]
    let partialFingerprints: [String: String]
    let fixes: [Fix]?
  }

  struct Location: Encodable {
    let physicalLocation: PhysicalLocation
    let logicalLocations: [LogicalLocation]
  }

  struct PhysicalLocation: Encodable {
    let artifactLocation: ArtifactLocation
    let region: Region?
  }

  struct ArtifactLocation: Encodable { let uri: String }
  struct LogicalLocation: Encodable { let fullyQualifiedName: String }

  struct Region: Encodable {
    let startLine: Int
    var startColumn: Int?
    var endLine: Int?
    var endColumn: Int?
  }

  /// Section 3.55.
  struct Fix: Encodable {
    let description: Message
    let artifactChanges: [ArtifactChange]
  }

  struct ArtifactChange: Encodable {
    let artifactLocation: ArtifactLocation
    let replacements: [Replacement]
  }

  struct Replacement: Encodable {
    let deletedRegion: Region
    let insertedContent: Message
  }
}

extension Report {
  /// One SARIF log with one run.
  func sarif() throws -> String {
    let ids = Set(findings.map(\.id)).sorted()
    let rules = ids.map { rule($0) }
    var fingerprints = Fingerprints()
    var results: [SARIFLog.Result] = []
    for subject in subjects {
      for finding in subject.findings {
        results.append(
          SARIFLog.Result(
            ruleId: finding.id.rawValue, ruleIndex: ids.firstIndex(of: finding.id) ?? 0,
            level: Self.level(finding.severity),
            message: Self.message(finding.message + (finding.remedy.map { "\nFix: \($0)" } ?? "")),
            locations: [Self.location(finding, of: subject)],
            partialFingerprints: [
              "forgeFinding/v1": fingerprints.next(finding, of: subject.stableName)
            ],
            fixes: Self.fix(finding).map { [$0] }))
      }
    }
    let failures = subjects.filter { !$0.isWhole }
    // What stands before the last slash is what GitHub calls the category of an upload.
    var category = ["forge", command]
    if subjects.count == 1 { category.append(subjects[0].stableName) }
    return try StableJSON.encode(
      SARIFLog(runs: [
        SARIFLog.Run(
          tool: SARIFLog.Tool(driver: SARIFLog.Driver(rules: rules)),
          automationDetails: SARIFLog.AutomationDetails(id: category.joined(separator: "/") + "/"),
          invocations: [
            SARIFLog.Invocation(
              executionSuccessful: failures.isEmpty,
              toolExecutionNotifications: failures.map {
                SARIFLog.Notification(
                  level: "error", message: Self.message("\($0.name): \($0.headline)"))
              })
          ],
          results: results)
      ]))
  }

  private func rule(_ id: FindingID) -> SARIFLog.Rule {
    let known = RuleCatalogue.rule(id)
    let first = findings.first { $0.id == id }
    let fix = first?.fix.map { Self.message($0) }
    return SARIFLog.Rule(
      id: id.rawValue,
      shortDescription: Self.message(
        known?.title ?? Self.titles[id] ?? first?.message ?? id.rawValue),
      fullDescription: known.map { SARIFLog.Message(text: $0.why) },
      help: known.map { SARIFLog.Message(text: $0.why) } ?? fix,
      defaultConfiguration: SARIFLog.Configuration(
        level: Self.level(known?.severity ?? first?.severity ?? .warning)),
      properties: known.map { SARIFLog.Properties(tags: ["security", "container"] + $0.sameAs) })
  }

  private static let titles: [FindingID: String] = [
    "FORGE-X003": "The input cannot be read whole, or is ambiguous",
    "FORGE-X004": "The container engine failed",
  ]

  private static func level(_ severity: Severity) -> String {
    switch severity {
    case .error: "error"
    case .warning: "warning"
    case .info: "note"
    }
  }

  /// `[text](target)` is a link in SARIF messages (section 3.11.6): a name must not become one.
  private static func message(_ text: String) -> SARIFLog.Message {
    guard text.contains("](") else { return SARIFLog.Message(text: text) }
    return SARIFLog.Message(
      text: text.replacing("\\", with: "\\\\").replacing("[", with: "\\[").replacing(
        "]", with: "\\]"))
  }

  private static func location(_ finding: Finding, of subject: Subject) -> SARIFLog.Location {
    // Where it is known, the line of the project that a reviewer would open; the image's own path stays beside it.
    let review = finding.reportedPlace
    return SARIFLog.Location(
      physicalLocation: SARIFLog.PhysicalLocation(
        artifactLocation: SARIFLog.ArtifactLocation(
          uri: uri(review?.file ?? subject.name)),
        region: SARIFLog.Region(startLine: review?.line ?? 1)),
      logicalLocations: [
        SARIFLog.LogicalLocation(fullyQualifiedName: finding.location ?? subject.name)
      ])
  }

  /// A relative reference (RFC 3986) that means the same path: everything but unreserved characters is encoded.
  private static func uri(_ path: String) -> String {
    let free = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
    var out = ""
    // Two slashes in front would name a host.
    for byte in path.utf8.drop(while: { $0 == UInt8(ascii: "/") }) {
      if free.contains(byte) {
        out.unicodeScalars.append(UnicodeScalar(byte))
      } else {
        out += "%" + String(byte >> 4, radix: 16, uppercase: true)
        out += String(byte & 15, radix: 16, uppercase: true)
      }
    }
    guard !out.isEmpty else { return "." }
    return out
  }

  private static func fix(_ finding: Finding) -> SARIFLog.Fix? {
    guard let change = finding.change else { return nil }
    return SARIFLog.Fix(
      description: message(change.words),
      artifactChanges: [
        SARIFLog.ArtifactChange(
          artifactLocation: SARIFLog.ArtifactLocation(uri: uri(change.file)),
          replacements: [
            SARIFLog.Replacement(
              deletedRegion: SARIFLog.Region(
                startLine: change.line, startColumn: 1, endLine: change.line + change.removes,
                endColumn: 1),
              insertedContent: SARIFLog.Message(text: change.inserts.map { $0 + "\n" }.joined()))
          ])
      ])
  }
}
