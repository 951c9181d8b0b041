import ForgeBasics
import ForgeFindings
import ForgeSyntax

/// One row of the table of rules.
package struct LintRule: Sendable {
  /// `FORGE-L…`, or the public name of one of BuildKit's checks; stable.
  package let id: String
  package let severity: Severity
  /// What the rule finds, in a few words.
  package let title: String
  /// What hadolint calls the same: `# hadolint ignore=…` above an instruction silences the rule there too.
  package let sameAs: [String]
  /// Only where the directive `check=experimental=…` asks for it.
  package let isExperimental: Bool
  package let check: @Sendable (LintSubject) -> [Hit]

  /// A place where the rule fires.
  package struct Hit: Sendable {
    /// `file:line`.
    package let location: String
    package let message: String
    package let fix: String
    /// The line of the instruction that the rule is about, where it is one of the Dockerfile.
    package let line: Int?

    package init(at location: String, _ message: String, fix: String) {
      self.location = location
      self.message = message
      self.fix = fix
      line = nil
    }

    /// About an instruction of the Dockerfile.
    init(
      _ instruction: DockerfileInstruction, of subject: LintSubject, _ message: String, fix: String
    ) {
      location = subject.location(instruction.line)
      line = instruction.line
      self.message = message
      self.fix = fix
    }
  }

  package init(
    _ id: String, _ severity: Severity, _ title: String, sameAs: [String] = [],
    isExperimental: Bool = false,
    check: @escaping @Sendable (LintSubject) -> [Hit]
  ) {
    self.id = id
    self.severity = severity
    self.title = title
    self.sameAs = sameAs
    self.isExperimental = isExperimental
    self.check = check
  }

  /// Whether the mended Dockerfile is without it, where that can be told from the file.
  package var isMended: Bool { id == "FORGE-L059" || Mender.mends.contains { $0.rule == id } }

  /// Every rule, family by family. A family of rules is one array in a file of its own; add it here.
  package static let all: [LintRule] = context + ignoreFile + structure + buildKit + practice
}
