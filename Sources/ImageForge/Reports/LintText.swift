import ForgeBasics
import ForgeFindings
import ForgeLint

extension LintReport {
  /// What `forge lint` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    if !findings.isEmpty {
      layout.findings(findings.sorted(by: Self.isMoreSevere))
      layout.line()
    }
    for file in mended {
      layout.diff(file.diff)
      layout.line()
    }
    var names = "\(files.count) Dockerfiles"
    if files.count == 1 { names = DisplayText.escape(files[0]) }
    layout.verdict(sentence(names, tally(findings)), passed: passed)
    if !mended.isEmpty {
      layout.paragraph(
        "forge lint --fix writes what is shown above; nothing was written", label: "mend: ")
    }
    return layout.text
  }
}

extension LintReport {
  /// The most severe first, and then as the file has them.
  private static func isMoreSevere(_ a: Finding, _ b: Finding) -> Bool {
    func place(_ finding: Finding) -> (String, Int) {
      (finding.place?.sourceFile ?? "", finding.place?.line ?? 0)
    }
    if a.severity != b.severity { return a.severity > b.severity }
    let (left, right) = (place(a), place(b))
    return (left.0, left.1, a.id) < (right.0, right.1, b.id)
  }
}

extension Report {
  /// What `forge lint` says.
  public init(_ lint: LintReport, of path: String) {
    let counts = tally(lint.findings)
    self.init(
      command: "lint",
      subjects: [
        Subject(
          name: DisplayText.escape(path), digest: nil, platform: nil, passed: lint.passed,
          isWhole: true,
          headline: counts.isEmpty ? "nothing found" : counts, failOn: .error,
          findings: Self.clean(lint.findings.map { $0.placed(below: path) }),
          inspection: nil)
      ])
  }
}

/// The rules of `forge lint`. The JSON of `forge lint --rules`.
public struct LintRuleList: Encodable, Sendable {
  /// One rule.
  public struct Row: Encodable, Sendable {
    public let id: String
    /// How severe a finding of the rule is.
    public let severity: Severity
    /// What the rule is about, in one sentence.
    public let title: String
    /// What hadolint calls it.
    public let sameAs: [String]
    /// Only where the directive `check` asks for it.
    public let experimental: Bool
    /// Whether `--fix` mends it.
    public let mends: Bool
  }

  /// The version of this JSON: 1.
  public let schemaVersion = 1
  /// All rules, in the order of their ids.
  public let rules: [Row]

  /// The rules of this version.
  public init() {
    rules = LintRule.all.map {
      Row(
        id: $0.id.rawValue, severity: $0.severity, title: $0.title, sameAs: $0.sameAs,
        experimental: $0.isExperimental,
        mends: $0.isFixable)
    }
  }

  /// What people read.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.table(
      rules.map { [$0.id, $0.severity.rawValue, $0.mends ? "mended" : "", $0.title] },
      header: ["RULE", "SEVERITY", "--FIX", "TITLE"], indent: 0)
    return layout.text
  }
}

extension LintRuleList.Row {
  /// What `forge rules ID` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.line(layout.ink("\(id)  \(title)", .bold))
    layout.paragraph(
      severity.rawValue + (experimental ? ", where check=experimental asks for it" : ""),
      label: "  severity  ")
    layout.paragraph("the Dockerfile and its folder, by forge lint", label: "  evidence  ")
    if !sameAs.isEmpty { layout.paragraph(sameAs.joined(separator: ", "), label: "  same as   ") }
    if mends { layout.paragraph("forge lint --fix mends it", label: "  fix       ") }
    layout.paragraph("# check=skip=\(id)   at the top of the Dockerfile", label: "  change    ")
    return layout.text
  }
}
