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
    let counts = tally(findings)
    layout.paragraph(
      "\(DisplayText.escape(image.reference ?? image.source)), \(size.metric.rawValue) \(ByteCount.text(size.bytes)) of "
        + "\(ByteCount.text(size.maximum)) allowed" + (counts.isEmpty ? "" : "; \(counts)")
        + (passed ? "" : " (fails on \(failOn.rawValue))"),
      label: passed ? "passed: " : "failed: ", ink: passed ? .green : .red)
    return layout.text
  }
}
