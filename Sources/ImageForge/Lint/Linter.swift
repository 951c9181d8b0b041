import ForgeBasics
import ForgeCodebase
import ForgeDockerignore
import ForgeFindings
import ForgeSyntax
import Foundation

/// What `forge lint` found. Its JSON.
public struct LintReport: Codable, Sendable, Equatable {
  public let schemaVersion: Int
  /// The Dockerfiles that were read, relative to the folder.
  public let files: [String]
  public let findings: [Finding]
  /// The Dockerfiles as their findings ask, as far as that can be told; and ignore files that are missing.
  public let mended: [FixedFile]
  /// Whether no finding is an error.
  public var passed: Bool { !findings.contains { $0.severity == .error } }

  package init(files: [String], findings: [Finding], mended: [FixedFile] = []) {
    schemaVersion = 1
    self.files = files
    self.findings = findings
    self.mended = mended
  }
}

/// Checks Dockerfiles and ignore files, written by hand or generated, against the folder that they are built from.
public enum Linter {
  /// What an analysis makes of a folder; nil where no service is in it.
  public typealias Analysing = (_ folder: String) -> Analysis?

  /// - Parameters:
  ///   - path: a Dockerfile, or a folder: then every Dockerfile in it and below it.
  ///   - context: the folder that the build gets. Default: what a compose file inside `path` or the current folder
  ///     says; else the Dockerfile's own, or the one above it there that holds more of what the Dockerfile copies.
  ///   - analyse: how a folder is analysed, for the rules that go by what the project is. Default: not at all.
  /// - Throws: `LintError`.
  public static func lint(
    _ path: String, context: String? = nil, analyse: Analysing = { _ in nil }
  ) throws(LintError) -> LintReport {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .notFound(path) }
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    let root = isFolder ? path : "."
    let files = isFolder ? LintFiles.dockerfiles(in: try BuildContext(path)) : [path]
    guard !files.isEmpty else { throw .noDockerfile(path) }
    let analysis = isFolder ? analyse(path) : nil
    var findings: [Finding] = []
    var mended: [FixedFile] = []
    for file in files {
      let place = isFolder && root != "." ? root + "/" + file : file
      let target = try LintTarget(file, readFrom: place, context: context)
      let (found, better) = lint(
        target, analysis: isFolder ? analysis : analyse(target.folder))
      findings += found
      mended += better.filter { one in !mended.contains { $0.path == one.path } }
    }
    return LintReport(files: files, findings: findings, mended: mended)
  }

  /// Writes the mended files, each as a whole.
  /// - Parameter path: what was linted.
  /// - Throws: `OutputError` for the first that cannot be written.
  public static func write(_ mended: [FixedFile], to path: String) throws {
    var status = stat()
    let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    for file in mended {
      let place = isFolder && path != "." ? "\(path)/\(file.path)" : file.path
      try AtomicFile.write(file.contents.utf8, to: place)
    }
  }

  /// The one Dockerfile of a report as it is.
  public static func text(of path: String, _ report: LintReport) throws(LintError) -> String {
    let name = report.files.first ?? path
    for place in [path, "\(path)/\(name)"] {
      if let source = LintFiles.read(place, name: name) { return source.text }
    }
    throw .unreadable(path: path, reason: "it is gone")
  }

  private static func lint(_ target: LintTarget, analysis: Analysis?) -> ([Finding], [FixedFile]) {
    var surroundings = LintSubject.Surroundings()
    surroundings.compose = target.compose
    surroundings.isContextKnown = target.isContextKnown
    surroundings.gitIgnored = target.gitIgnored
    if let analysis, let file = try? DockerfileSyntax.parse(target.source) {
      surroundings.service = ProjectService.choose(
        from: analysis, dockerfile: target.place(below: analysis.root),
        context: target.context(below: analysis.root), family: baseFamily(of: file))
    }
    let findings = lint(
      target.source, ignore: target.ignore, context: target.context, surroundings: surroundings)
    let newIgnore = newIgnoreFile(for: target, findings, surroundings)
    // Both are written together: what the new ignore file keeps out need not be feared any more.
    let fixed = fix(
      target.source, ignore: target.ignore ?? newIgnore, context: target.context,
      surroundings: surroundings)
    var mended = [fixed].compactMap(\.self)
    if let newIgnore {
      mended.append(
        file(
          newIgnore.name, ("", newIgnore.text),
          ["FORGE-L059: what the image never needs stays out"]))
    }
    return (findings, mended)
  }

  /// The ignore file that a context lacks.
  private static func newIgnoreFile(
    for target: LintTarget, _ findings: [Finding], _ surroundings: LintSubject.Surroundings
  ) -> SourceText? {
    guard target.isContextKnown, findings.contains(where: { $0.id == "FORGE-L059" }),
      let subject = subject(
        target.source, ignore: nil, context: target.context, surroundings: surroundings),
      let text = IgnoreFile.text(for: subject)
    else { return nil }
    let name = [target.shownFolder, ".dockerignore"].filter { !$0.isEmpty }.joined(separator: "/")
    return SourceText(name: name, text: text)
  }

  private static func baseFamily(of file: DockerfileSyntax) -> String {
    guard let last = file.stages.last, let base = file.chain(of: last).first else { return "" }
    return BaseImage(DockerfileVariables(preamble: file).expand(base.base) ?? "").family
  }

  private static func file(
    _ path: String, _ texts: (old: String, new: String), _ changes: [String]
  ) -> FixedFile {
    FixedFile(
      path: path, contents: texts.new, changes: changes,
      diff: UnifiedDiff.between(texts.old, texts.new, oldName: "a/\(path)", newName: "b/\(path)"))
  }

  private static func subject(
    _ source: SourceText, ignore: SourceText?, context: BuildContext,
    surroundings: LintSubject.Surroundings
  ) -> LintSubject? {
    guard let dockerfile = try? DockerfileSyntax.parse(source) else { return nil }
    let patterns = ignore.flatMap { try? Dockerignore($0) } ?? Dockerignore.none
    return LintSubject(
      dockerfile: dockerfile, ignore: patterns, ignoreName: ignore?.name, context: context,
      surroundings: surroundings)
  }

  /// The Dockerfile as its findings ask; nil when there is nothing that can be fixed.
  package static func fix(
    _ source: SourceText, ignore: SourceText?, context: BuildContext,
    surroundings: LintSubject.Surroundings = LintSubject.Surroundings()
  ) -> FixedFile? {
    guard
      let subject = subject(
        source, ignore: ignore, context: context, surroundings: surroundings),
      let mended = Fixer.fix(source, subject)
    else { return nil }
    let shown = file(
      source.name,
      (Fixer.masked(source.text, subject), Fixer.masked(mended.text, subject)), mended.changes)
    return FixedFile(
      path: shown.path, contents: mended.text, changes: shown.changes, diff: shown.diff)
  }

  /// Checks texts that need not be on disk, such as generated ones.
  package static func lint(
    _ source: SourceText, ignore: SourceText?, context: BuildContext,
    surroundings: LintSubject.Surroundings = LintSubject.Surroundings()
  ) -> [Finding] {
    var findings: [Finding] = []
    var patterns = Dockerignore.none
    if let ignore {
      do { patterns = try Dockerignore(ignore) } catch {
        findings.append(
          Finding(
            id: "FORGE-L041", severity: .error,
            message: "the pattern \(error.pattern) \(error.reason)",
            at: ignore.place(line: error.line),
            fix: "Correct it; a literal bracket is written \\["))
      }
    }
    let dockerfile: DockerfileSyntax
    do { dockerfile = try DockerfileSyntax.parse(source) } catch {
      return findings + [
        Finding(
          id: "FORGE-L040", severity: .error, message: error.reason, at: error.place,
          fix: "Correct the Dockerfile; no builder can read it")
      ]
    }
    let subject = LintSubject(
      dockerfile: dockerfile, ignore: patterns, ignoreName: ignore?.name, context: context,
      surroundings: surroundings)
    let directive = subject.directive
    if let problem = directive.problem {
      findings.append(
        Finding(
          id: "FORGE-L042", severity: .warning,
          message: "the directive check does not know \(problem)",
          at: subject.place(line: dockerfile.directives.first { $0.name == "check" }?.line ?? 1),
          fix: "Write # check=skip=RULE,RULE;error=true"))
    }
    for rule in LintRule.all where directive.wants(rule) {
      for hit in rule.check(subject) {
        if let line = hit.line, subject.silences(rule, at: line) { continue }
        var severity = hit.severity ?? rule.severity
        if directive.fails, severity == .warning { severity = .error }
        findings.append(
          Finding(
            id: rule.id, severity: severity, message: hit.message, at: hit.place, fix: hit.fix))
      }
    }
    return findings
  }
}
