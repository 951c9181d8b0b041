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
    layout.line(summary(&layout))
    return layout.text
  }

  private func summary(_ layout: inout TextLayout) -> String {
    let counts = tally(findings)
    let limit = "\(size.metric.rawValue) \(ByteCount.text(size.bytes)) of \(ByteCount.text(size.maximum)) allowed"
    return
      "\(layout.ink(passed ? "passed" : "failed", passed ? .green : .red)): "
      + "\(DisplayText.escape(image.reference ?? image.source)), \(limit)" + (counts.isEmpty ? "" : "; \(counts)")
      + (passed || findings.isEmpty ? "" : " (fails on \(failOn.rawValue))")
  }
}
