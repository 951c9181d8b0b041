import ForgeBasics
import ForgeChecks
import ForgeRules

extension CheckReport {
  /// What people read.
  public func text(_ style: TextStyle) -> String {
    (verdicts.map { $0.text(style) } + failures.map { $0.text(style) }).joined(separator: "\n")
  }

  /// The same for people who read the errors beside it.
  public func shownText(_ style: TextStyle) -> String {
    (verdicts.map { $0.text(style) } + failures.map { $0.verdict(style) }).joined(separator: "\n")
  }
}

extension GrowthReport {
  /// What people read.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.table(
      images.map { row in
        [
          DisplayText.escape(row.image), row.metric.rawValue,
          row.before.map(ByteCount.text) ?? "unknown", ByteCount.text(row.now),
          row.before.map { ByteCount.signed(row.now - $0) } ?? "",
          row.word,
        ]
      }, aligned: [.left, .left, .right, .right, .right],
      header: ["IMAGE", "METRIC", "BEFORE", "NOW", "CHANGE", ""],
      indent: 0)
    return layout.text
  }
}

extension GrowthReport.Row {
  fileprivate var word: String {
    if before == nil { return "new" }
    if passed { return "passed" }
    return "failed"
  }
}

extension Failure {
  /// What people read where nothing else tells them.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.findings(findings)
    layout.line()
    return layout.text + verdict(style)
  }

  /// The last line alone, for people who read the error beside it.
  public func verdict(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    let ids = findings.map(\.id.rawValue).joined(separator: ", ")
    layout.paragraph(
      "\(DisplayText.escape(image?.source ?? root ?? "")), \(headline) (\(ids))", label: "failed: ",
      ink: .red)
    return layout.text
  }
}
