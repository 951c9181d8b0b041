import ForgeBasics
import ForgeFindings

extension Report {
  /// Workflow commands that a GitHub runner shows beside the changed lines. The gravest come first: the runner shows
  /// ten of a kind for each step.
  func githubAnnotations() -> String {
    var out = ""
    for subject in subjects {
      for finding in subject.findings {
        var properties = ["title=" + Self.githubProperty("\(finding.id) in \(subject.name)")]
        if let review = finding.reviewPlace {
          properties.append("file=" + Self.githubProperty(review.file))
          if let line = review.line { properties.append("line=\(line)") }
        }
        let text = [
          finding.message, finding.placeOutsideSource.map { "at \($0)" },
          finding.remedy.map { "fix: \($0)" },
        ].compactMap(\.self).joined(separator: "\n")
        out += "::\(Self.githubCommand(finding.severity)) \(properties.joined(separator: ","))::"
        out += Self.githubData(text) + "\n"
      }
      let verdict = sentence(subject.word, "\(subject.name), \(subject.headline)", separator: ": ")
      out += DisplayText.line(verdict) + "\n"
    }
    return out
  }

  private static func githubCommand(_ severity: Severity) -> String {
    switch severity {
    case .error: "error"
    case .warning: "warning"
    case .info: "notice"
    }
  }

  private static func githubData(_ text: String) -> String {
    text.replacing(/##([A-Za-z]*)\[/) { "#\\x23\($0.1)[" }
      .replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
  }

  private static func githubProperty(_ text: String) -> String {
    githubData(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
  }
}
