import ForgeBasics
import ForgeBuilds
import ForgeChecks
import ForgeCodebase
import ForgeFindings
import ForgeInspection
import ForgeLint
import ForgeRecipes
import ForgeRules
import ForgeTemplates

/// The formats in which a run can be reported. `text` and `json` are views of a command's own result; the others are
/// views of a `Report`.
public enum ReportFormat: String, Sendable, CaseIterable {
  case text, json, sarif, junit, markdown, html, github, gitlab
}

/// One run of a command as the tools of others see it: subjects, their findings, and the gate's word.
///
/// Every string in it that came from outside is escaped once, here: no control character, line break or invisible
/// formatting is left, so that each format only has its own syntax to care for.
public struct Report: Sendable {
  /// One image or one project.
  public struct Subject: Sendable {
    /// What people call it: a reference, a path.
    public let name: String
    /// The digest of the image's manifest; nil for what is no image.
    public let digest: Digest?
    /// The platform of the image, such as `linux/amd64`; nil for what is no image.
    public let platform: String?
    /// The gate's word; nil where nothing was judged, such as by `forge inspect`.
    public let passed: Bool?
    /// False when it could not be read whole, so that nothing can be said about the rest.
    public let isWhole: Bool
    /// One sentence.
    public let headline: String
    /// From which severity on a finding fails the gate.
    public let failOn: Severity
    /// The gravest first.
    public let findings: [Finding]
    /// Where the bytes are, for formats that draw them.
    public let inspection: Inspection?

    /// The name without its tag or digest: the same from build to build.
    var stableName: String {
      let end = name.firstIndex(of: "@") ?? name.endIndex
      let slash = name[..<end].lastIndex(of: "/") ?? name.startIndex
      return String(name[..<(name[slash..<end].firstIndex(of: ":") ?? end)])
    }
  }

  /// The command that was run: `check`.
  public let command: String
  /// What was looked at, in order.
  public let subjects: [Subject]

  /// A report of a command.
  public init(command: String, subjects: [Subject]) {
    self.command = command
    self.subjects = subjects
  }

  /// The findings about all subjects.
  public var findings: [Finding] { subjects.flatMap(\.findings) }
  /// Whether no subject failed.
  public var passed: Bool { subjects.allSatisfy { $0.passed ?? true } }

  /// The report in a format that is a view of it; nil for `text` and `json`, which are views of a command's result.
  public func render(_ format: ReportFormat) throws -> String? {
    switch format {
    case .text, .json: nil
    case .sarif: try sarif()
    case .junit: junit()
    case .markdown: markdown()
    case .html: html()
    case .github: githubAnnotations()
    case .gitlab: try gitlabCodeQuality()
    }
  }
}

// MARK: - From results

extension Report {
  /// What `forge check` says.
  /// - Parameter inspections: of the same images, in the same order, where they are at hand.
  public init(verdicts: [Verdict], inspections: [Inspection] = []) {
    self.init(
      command: "check",
      subjects: verdicts.enumerated().map { index, verdict in
        Subject(verdict, inspection: inspections.dropFirst(index).first)
      })
  }

  /// What `forge inspect` says: facts, and no judgement.
  public init(_ inspection: Inspection) {
    self.init(command: "inspect", subjects: [Subject(inspection)])
  }

  /// What `forge analyze` says.
  public init(_ analysis: Analysis) {
    let findings = (analysis.findings + analysis.services.flatMap(\.findings)).map {
      $0.placed(below: analysis.root)
    }
    self.init(
      command: "analyze",
      subjects: [
        Subject(
          name: DisplayText.escape(analysis.root), digest: nil, platform: nil, passed: nil,
          isWhole: true,
          headline: DisplayText.count(analysis.services.count, "service"), failOn: .error,
          findings: Self.clean(findings),
          inspection: nil)
      ])
  }

  /// What `forge build` says.
  public init(_ build: BuildReport) {
    self.init(
      command: "build",
      subjects: build.services.map { built in
        if let verdict = built.verdict { return Subject(verdict, inspection: built.inspection) }
        return Subject(
          name: DisplayText.escape(built.tag), digest: nil, platform: nil, passed: nil,
          isWhole: true,
          headline: "built, not judged; stored \(ByteCount.text(built.sizes.stored))",
          failOn: .error,
          findings: Self.clean(built.inspection?.findings ?? []), inspection: built.inspection)
      })
  }

  /// A run that ended before there was a result: the finding says so in every format, and never passes.
  public init(command: String, failure: any ForgeError, of subject: String) {
    self.init(command: command, subjects: [Subject(failure: failure, of: subject)])
  }

  static func clean(_ findings: [Finding]) -> [Finding] {
    findings.map(\.escaped).sorted(by: Finding.isBefore)
  }
}

extension Report.Subject {
  /// The gate's word; empty where nothing was judged.
  var word: String {
    switch passed {
    case true?: "passed"
    case false?: "failed"
    case nil: ""
    }
  }

  /// An image with the gate's word.
  public init(_ verdict: Verdict, inspection: Inspection? = nil) {
    let size = verdict.size
    let allowed =
      "\(size.metric.rawValue) \(ByteCount.text(size.bytes)) of \(ByteCount.text(size.maximum)) allowed"
    self.init(
      name: DisplayText.escape(verdict.image.reference ?? verdict.image.source),
      digest: verdict.image.digest,
      platform: DisplayText.escape(verdict.image.platform), passed: verdict.passed, isWhole: true,
      headline: sentence(allowed, tally(verdict.findings))
        + "; judged by \(DisplayText.escape(verdict.judges))",
      failOn: verdict.failOn, findings: Report.clean(verdict.findings), inspection: inspection)
  }

  /// An image that was inspected, and not judged.
  public init(_ inspection: Inspection) {
    let sizes = inspection.sizes
    self.init(
      name: DisplayText.escape(inspection.image.reference ?? inspection.image.source),
      digest: inspection.image.digest,
      platform: DisplayText.escape(inspection.image.platform), passed: nil, isWhole: true,
      headline:
        "stored \(ByteCount.text(sizes.stored)), rootfs \(ByteCount.text(sizes.rootfs)), wasted "
        + ByteCount.text(sizes.wasted),
      failOn: .error, findings: Report.clean(inspection.findings), inspection: inspection)
  }

  /// What could not be read whole is never passed.
  public init(failure: any ForgeError, of subject: String) {
    let finding = Failure.finding(failure)
    self.init(
      name: DisplayText.escape(subject), digest: nil, platform: nil, passed: false, isWhole: false,
      headline: Failure.headline(failure), failOn: .error, findings: Report.clean([finding]),
      inspection: nil)
  }
}
