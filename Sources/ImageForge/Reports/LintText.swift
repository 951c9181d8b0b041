import ForgeBasics
import ForgeLint

extension LintReport {
  /// What `forge lint` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    if !findings.isEmpty {
      layout.findings(findings)
      layout.line()
    }
    let counts = tally(findings)
    let names = files.count == 1 ? DisplayText.escape(files[0]) : "\(files.count) Dockerfiles"
    layout.paragraph(
      names + (counts.isEmpty ? "" : "; \(counts)"), label: passed ? "passed: " : "failed: ",
      ink: passed ? .green : .red)
    return layout.text
  }
}
