import ForgeBasics

/// One row of the table of rules.
package struct LintRule: Sendable {
  /// `FORGE-L…`, stable.
  package let id: String
  package let severity: Severity
  /// What the rule finds, in a few words.
  package let title: String
  package let check: @Sendable (LintSubject) -> [Hit]

  /// A place where the rule fires.
  package struct Hit: Sendable {
    /// `file:line`.
    package let location: String
    package let message: String
    package let fix: String

    package init(at location: String, _ message: String, fix: String) {
      self.location = location
      self.message = message
      self.fix = fix
    }
  }

  package init(_ id: String, _ severity: Severity, _ title: String, check: @escaping @Sendable (LintSubject) -> [Hit]) {
    self.id = id
    self.severity = severity
    self.title = title
    self.check = check
  }

  /// Every rule, in the order of ids. A family of rules is one array in a file of its own; add it here.
  package static let all: [LintRule] = context + ignoreFile + structure
}
