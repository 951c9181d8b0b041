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
    let name = DisplayText.escape(image.reference ?? image.source)
    let (bytes, allowed) = (ByteCount.text(size.bytes), ByteCount.text(size.maximum))
    var words = sentence(
      "\(name), \(size.metric.rawValue) \(bytes) of \(allowed) allowed", tally(findings))
    if !passed { words += " (fails on \(failOn.rawValue))" }
    layout.verdict(words, passed: passed)
    return layout.text
  }
}
