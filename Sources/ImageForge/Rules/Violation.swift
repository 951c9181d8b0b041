import ForgeFindings
import ForgeInspection

/// One breach of a rule; the catalogue and the policy say how grave it is.
struct Violation {
  let message: String
  let place: Place?
  /// What it speaks of, where an edit needs to know.
  let subject: Finding.Subject?
  let fix: String
  let evidence: Evidence
  /// Lowers the severity where the evidence is weaker than usual.
  let atMost: Severity?
  /// Of a secret: the start of the SHA-256 of its value.
  let fingerprint: String?

  init(
    message: String, at place: Place?, about subject: Finding.Subject? = nil, fix: String,
    evidence: Evidence, atMost: Severity? = nil, fingerprint: String? = nil
  ) {
    self.message = message
    self.place = place
    self.subject = subject
    self.fix = fix
    self.evidence = evidence
    self.atMost = atMost
    self.fingerprint = fingerprint
  }
}

/// A rule as a pure function of what was found in the image.
typealias RuleCheck = @Sendable (Inspection, Policy) -> [Violation]
