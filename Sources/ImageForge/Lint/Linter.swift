import ForgeBasics
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
  public let mended: [MendedFile]
  /// Whether no finding is an error.
  public var passed: Bool { !findings.contains { $0.severity == .error } }

  package init(files: [String], findings: [Finding], mended: [MendedFile] = []) {
    schemaVersion = 1
    self.files = files
    self.findings = findings
    self.mended = mended
  }
}

/// Checks Dockerfiles and ignore files, written by hand or generated, against the folder that they are built from.
public enum Linter {
  /// - Parameters:
  ///   - path: a Dockerfile, or a folder: then every Dockerfile in it and below it.
  ///   - context: the folder that the build gets. Default: what a compose file inside `path` or the current folder
  ///     says; else the Dockerfile's own, or the one above it there that holds more of what the Dockerfile copies.
  /// - Throws: `LintError`.
  public static func lint(_ path: String, context: String? = nil) throws(LintError) -> LintReport {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .notFound(path) }
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    let root = isFolder ? path : "."
    let files = isFolder ? LintFiles.dockerfiles(in: try BuildContext(path)) : [path]
    guard !files.isEmpty else { throw .noDockerfile(path) }
    var findings: [Finding] = []
    var mended: [MendedFile] = []
    for file in files {
      let place = isFolder && root != "." ? root + "/" + file : file
      let (found, better) = try lint(file, readFrom: place, context: context)
      findings += found
      mended += better.filter { one in !mended.contains { $0.path == one.path } }
    }
    return LintReport(files: files, findings: findings, mended: mended)
  }

  /// Writes the mended files, each as a whole.
  /// - Parameter path: what was linted.
  /// - Throws: `OutputError` for the first that cannot be written.
  public static func write(_ mended: [MendedFile], to path: String) throws {
    var status = stat()
    let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    for file in mended {
      try AtomicFile.write(
        file.contents.utf8, to: isFolder && path != "." ? "\(path)/\(file.path)" : file.path)
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

  private static func lint(
    _ name: String, readFrom path: String, context given: String?
  ) throws(LintError) -> ([Finding], [MendedFile]) {
    let source = try LintFiles.require(path, name: name)
    // Both as deep as the name says: what lies above the linted folder is never looked at.
    let prefix = path.hasSuffix(name) ? String(path.dropLast(name.count)) : ""
    var folder = given ?? ""
    if given == nil {
      // A folder that is not there is compose's to complain of.
      if let said = ComposeBuilds.context(of: name, prefix: prefix),
        (try? BuildContext(said.isEmpty ? "." : said)) != nil
      {
        folder = said
      } else {
        folder = try likelyContext(of: source, name: name, prefix: prefix)
      }
    }
    let shown =
      folder.hasPrefix(prefix) && given == nil ? String(folder.dropFirst(prefix.count)) : folder
    // The ignore file beside the Dockerfile replaces the context's.
    let own = LintFiles.read(path + ".dockerignore", name: name + ".dockerignore")
    let ignore =
      own
      ?? LintFiles.read(
        (folder.isEmpty ? "." : folder) + "/.dockerignore",
        name: shown.isEmpty || shown == "." ? ".dockerignore" : shown + "/.dockerignore")
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    let buildContext = try BuildContext(folder.isEmpty ? "." : folder)
    let findings = lint(source, ignore: ignore, context: buildContext)
    var mended = mend(source, ignore: ignore, context: buildContext).map { [$0] } ?? []
    if findings.contains(where: { $0.id == "FORGE-L059" }) {
      mended.append(
        file(
          (shown.isEmpty || shown == "." ? "" : shown + "/") + ".dockerignore", "",
          Mender.ignoreFile,
          ["FORGE-L059: what the image never needs stays out"]))
    }
    return (findings, mended)
  }

  private static func file(_ path: String, _ old: String, _ new: String, _ changes: [String])
    -> MendedFile
  {
    MendedFile(
      path: path, contents: new, changes: changes,
      diff: UnifiedDiff.between(old, new, oldName: "a/\(path)", newName: "b/\(path)"))
  }

  /// The Dockerfile as its findings ask; nil when there is nothing that can be mended.
  package static func mend(_ source: SourceText, ignore: SourceText?, context: BuildContext)
    -> MendedFile?
  {
    guard let dockerfile = try? DockerfileSyntax.parse(source) else { return nil }
    let patterns = ignore.flatMap { try? Dockerignore($0) } ?? Dockerignore.none
    let subject = LintSubject(
      dockerfile: dockerfile, ignore: patterns, ignoreName: ignore?.name, context: context)
    return Mender.mend(source, subject).map { mended in
      let (old, new) = (
        Mender.masked(source.text, dockerfile), Mender.masked(mended.text, dockerfile)
      )
      let shown = file(source.name, old, new, mended.changes)
      return MendedFile(
        path: shown.path, contents: mended.text, changes: shown.changes, diff: shown.diff)
    }
  }

  /// The nearest folder above the Dockerfile that holds the most of what it copies.
  private static func likelyContext(
    of source: SourceText, name: String, prefix: String
  ) throws(LintError) -> String {
    func parent(_ path: String) -> String {
      path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    }
    var current = parent(name)
    var best = prefix + current
    guard let file = try? DockerfileSyntax.parse(source) else { return best }
    let paths = ContextUse.all(in: file).filter { !$0.isGlob && !$0.leavesContext }.compactMap(
      \.path)
    var bestCount = -1
    while true {
      let folder = prefix + current
      if let context = try? BuildContext(folder.isEmpty ? "." : folder) {
        let count = paths.count { context.kind($0) != nil }
        if count > bestCount { (best, bestCount) = (folder, count) }
      }
      if current.isEmpty || current.hasPrefix("/") && parent(current).isEmpty || name.hasPrefix("/")
      {
        return best
      }
      current = parent(current)
    }
  }

  /// Checks texts that need not be on disk, such as generated ones.
  package static func lint(_ source: SourceText, ignore: SourceText?, context: BuildContext)
    -> [Finding]
  {
    var findings: [Finding] = []
    var patterns = Dockerignore.none
    if let ignore {
      do { patterns = try Dockerignore(ignore) } catch {
        findings.append(
          Finding(
            id: "FORGE-L041", severity: .error,
            message: "the pattern \(error.pattern) \(error.reason)",
            location: "\(ignore.name):\(error.line)",
            fix: "Correct it; a literal bracket is written \\["))
      }
    }
    let dockerfile: DockerfileSyntax
    do { dockerfile = try DockerfileSyntax.parse(source) } catch {
      return findings + [
        Finding(
          id: "FORGE-L040", severity: .error, message: error.reason, location: error.location,
          fix: "Correct the Dockerfile; no builder can read it")
      ]
    }
    let subject = LintSubject(
      dockerfile: dockerfile, ignore: patterns, ignoreName: ignore?.name, context: context)
    let directive = subject.directive
    if let problem = directive.problem {
      findings.append(
        Finding(
          id: "FORGE-L042", severity: .warning,
          message: "the directive check does not know \(problem)",
          location: subject.location(dockerfile.directives.first { $0.name == "check" }?.line ?? 1),
          fix: "Write # check=skip=RULE,RULE;error=true"))
    }
    for rule in LintRule.all where directive.wants(rule) {
      for hit in rule.check(subject) {
        if let line = hit.line, subject.silences(rule, at: line) { continue }
        findings.append(
          Finding(
            id: rule.id,
            severity: directive.fails && rule.severity == .warning ? .error : rule.severity,
            message: hit.message, location: hit.location, fix: hit.fix))
      }
    }
    return findings
  }
}
