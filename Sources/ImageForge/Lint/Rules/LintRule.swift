import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import ForgeSyntax

/// One rule of the linter: how it finds what its row in `recipes/rules/lint.yaml` describes.
package struct LintRule: Sendable {
  /// `FORGE-L…`, or the public name of one of BuildKit's checks; stable.
  package let id: FindingID
  /// Only where the directive `check=experimental=…` asks for it.
  package let isExperimental: Bool
  package let check: @Sendable (LintSubject) -> [Hit]

  // Parsed once; a test holds that every rule has a row.
  private static let catalogue = try? RuleCatalogue.Contents(
    yaml: [RuleCatalogue.text(family: "lint")])

  private var row: Rule? { Self.catalogue?.rule(id) }
  package var severity: Severity { row?.severity ?? .warning }
  /// What the rule finds, in a few words.
  package var title: String { row?.title ?? id.rawValue }
  /// What hadolint calls the same: `# hadolint ignore=…` above an instruction silences the rule there too.
  package var sameAs: [String] { row?.sameAs ?? [] }

  /// A place where the rule fires.
  package struct Hit: Sendable {
    package let place: Place
    package let message: String
    package let fix: String
    /// Where it is not the rule's own.
    package let severity: Severity?
    /// The line of the instruction that the rule is about, where it is one of the Dockerfile.
    package let line: Int?

    package init(at place: Place, _ message: String, fix: String, severity: Severity? = nil) {
      self.place = place
      self.message = message
      self.fix = fix
      self.severity = severity
      line = nil
    }

    /// About an instruction of the Dockerfile.
    init(
      _ instruction: DockerfileInstruction, of subject: LintSubject, _ message: String,
      fix: String, severity: Severity? = nil
    ) {
      place = subject.place(line: instruction.line)
      line = instruction.line
      self.message = message
      self.fix = fix
      self.severity = severity
    }
  }

  package init(
    _ id: FindingID, isExperimental: Bool = false,
    check: @escaping @Sendable (LintSubject) -> [Hit]
  ) {
    self.id = id
    self.isExperimental = isExperimental
    self.check = check
  }

  /// Every rule, family by family. A family of rules is one array in a file of its own; add it here.
  package static let all: [LintRule] =
    context + ignoreFile + structure + buildKit + practice + start + service
}
