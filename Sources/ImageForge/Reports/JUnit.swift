import ForgeBasics

extension Report {
  /// JUnit XML as Jenkins and GitLab read it: a suite for each subject, a case for the gate's word and for each finding.
  func junit() -> String {
    var failures = 0
    var errors = 0
    var tests = 0
    var suites = ""
    for subject in subjects {
      let name = Self.xml(subject.name)
      var cases = ""
      var suiteFailures = 0
      var count = subject.findings.count
      if subject.isWhole {
        count += 1
        let verdict = "  <testcase classname=\"\(name)\" name=\"policy\">"
        // A gate that failed without a finding of its own must still show.
        if subject.passed == false {
          suiteFailures += 1
          cases +=
            "  \(verdict)\n      <failure type=\"policy\" message=\"\(Self.xml(subject.headline))\"></failure>\n"
          cases += "    </testcase>\n"
        } else {
          cases +=
            "  \(verdict)\n      <system-out>\(Self.xml(subject.headline))</system-out>\n    </testcase>\n"
        }
      }
      for finding in subject.findings {
        let title = [finding.id.rawValue, finding.location].compactMap(\.self).joined(
          separator: " ")
        let body = [
          finding.message, finding.location.map { "at \($0)" }, finding.remedy.map { "fix: \($0)" },
        ]
        .compactMap(\.self).joined(separator: "\n")
        cases += "    <testcase classname=\"\(name)\" name=\"\(Self.xml(title))\">\n"
        if !subject.isWhole {
          cases +=
            "      <error type=\"\(Self.xml(finding.id.rawValue))\" message=\"\(Self.xml(finding.message))\">"
          cases += Self.xml(body) + "</error>\n"
        } else if subject.passed != nil, finding.severity >= subject.failOn {
          suiteFailures += 1
          cases +=
            "      <failure type=\"\(Self.xml(finding.id.rawValue))\" message=\"\(Self.xml(finding.message))\">"
          cases += Self.xml(body) + "</failure>\n"
        } else {
          cases +=
            "      <system-out>\(finding.severity.rawValue): \(Self.xml(body))</system-out>\n"
        }
        cases += "    </testcase>\n"
      }
      let suiteErrors = if subject.isWhole { 0 } else { 1 }
      suites +=
        "  <testsuite name=\"\(name)\" tests=\"\(count)\" failures=\"\(suiteFailures)\" errors=\"\(suiteErrors)\""
      suites += " skipped=\"0\">\n\(cases)  </testsuite>\n"
      tests += count
      failures += suiteFailures
      errors += suiteErrors
    }
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      + "<testsuites name=\"forge \(Self.xml(command))\" tests=\"\(tests)\" failures=\"\(failures)\" errors=\"\(errors)\">\n"
      + suites + "</testsuites>\n"
  }

  /// Text or an attribute's value in XML and HTML. Characters that XML cannot hold are escaped before.
  static func xml(_ text: String) -> String {
    var out = ""
    out.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      // A runner that shows the file must not take it for its own words.
      case "#": out += "&#35;"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
