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
      layout.paragraph(
        DisplayText.escape(
          "\(row.finding.id) accepted\(row.suppression.expires.map { " until \($0)" } ?? ""): "
            + "\(row.suppression.reason) (\(row.suppression.source))"), label: "  ")
    }
    if !notCheckable.isEmpty {
      layout.paragraph(
        "not checkable from an archive: "
          + notCheckable.map { "\($0.id) \($0.title)" }.joined(separator: "; "),
        label: "  ")
    }
    let counts = tally(findings)
    layout.paragraph(
      "\(DisplayText.escape(image.reference ?? image.source)), \(size.metric.rawValue) \(ByteCount.text(size.bytes)) of "
        + "\(ByteCount.text(size.maximum)) allowed" + (counts.isEmpty ? "" : "; \(counts)")
        + (passed ? "" : " (fails on \(failOn.rawValue))"),
      label: passed ? "passed: " : "failed: ", ink: passed ? .green : .red)
    return layout.text
  }
}
