import ForgeBasics
import ForgeRules

extension Verdict {
  /// What `forge check` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    if !findings.isEmpty {
      layout.line(layout.ink(DisplayText.escape(image.reference ?? image.source), .bold))
      layout.findings(findings)
      layout.line()
    }
    for row in suppressed {
      let until = row.suppression.expires.map { " until \($0)" } ?? ""
      layout.paragraph(
        DisplayText.escape(
          "\(row.finding.id) accepted\(until): "
            + "\(row.suppression.reason) (\(row.suppression.source))"), label: "  ")
    }
    if !notCheckable.isEmpty {
      layout.paragraph(
        "not checkable from an archive: "
          + notCheckable.map { "\($0.id) \($0.title)" }.joined(separator: "; "),
        label: "  ")
    }
    for policy in policies where !policy.off.isEmpty {
      let rules = policy.off.map { "\($0.key) (\($0.from))" }.joined(separator: ", ")
      layout.paragraph(
        DisplayText.escape("not looked for, as the policy says: \(rules)"), label: "  ")
    }
    for line in acceptances { layout.paragraph(line, label: "  accept  ") }
    layout.paragraph(DisplayText.escape("judged by \(judges)"), label: "  ")
    let name = DisplayText.escape(image.reference ?? image.source)
    let (bytes, allowed) = (ByteCount.text(size.bytes), ByteCount.text(size.maximum))
    var words = sentence(
      "\(name), \(size.metric.rawValue) \(bytes) of \(allowed) allowed", tally(findings))
    if !passed { words += " (fails on \(failOn.rawValue))" }
    layout.verdict(words, passed: passed)
    return layout.text
  }

  /// Lines of `suppress` in forge.yaml that would accept what fails, each ready but for its reason.
  private var acceptances: [String] {
    var lines: [String] = []
    for finding in findings where finding.severity >= failOn && !passed {
      let line = Suppression.line(accepting: finding)
      if !lines.contains(line) { lines.append(line) }
    }
    return Array(lines.prefix(10))
  }

  /// `forge.yaml (profile strict), and by org.yaml`.
  package var judges: String {
    policies.map { policy in
      let isDefault = policy.profile == Policy.Profile.default.rawValue
      let name = policy.source == "built-in" ? "the built-in policy" : policy.source
      return isDefault ? name : "\(name) (profile \(policy.profile))"
    }.joined(separator: ", and by ")
  }
}
