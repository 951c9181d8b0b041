import ForgeBasics
import ForgeTrials

extension TrialReport {
  /// What `forge test` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    for image in images {
      layout.heading(DisplayText.escape(image.image))
      layout.table(
        image.checks.map { check in
          let mark =
            switch check.outcome {
            case .passed: "ok"
            case .failed: "FAIL"
            case .skipped: "-"
            }
          return [mark, check.id, DisplayText.escape(check.message)]
        }, indent: 2)
      for check in image.checks where check.outcome == .failed {
        layout.line(
          "  \(check.id): \(check.location.map { DisplayText.escape($0) + ": " } ?? "")\(check.fix ?? "")"
        )
      }
      if !image.log.isEmpty {
        layout.line("  last lines of the container:")
        for line in image.log { layout.line("    \(line)") }
      }
      let failed = image.checks.count { $0.outcome == .failed }
      if failed == 0 {
        layout.line("passed")
      } else {
        layout.line("failed: \(failed) of \(image.checks.count) checks")
      }
    }
    return layout.text
  }
}
