import ForgeBasics
import ForgeDockerignore
import ForgeSyntax
import Foundation

/// What `forge lint` found. Its JSON.
public struct LintReport: Codable, Sendable, Equatable {
  public let schemaVersion: Int
  /// The Dockerfiles that were read, relative to the folder.
  public let files: [String]
  public let findings: [Finding]
  /// Whether no finding is an error.
  public var passed: Bool { !findings.contains { $0.severity == .error } }

  package init(files: [String], findings: [Finding]) {
    schemaVersion = 1
    self.files = files
    self.findings = findings
  }
}

/// Checks Dockerfiles and ignore files, written by hand or generated, against the folder that they are built from.
public enum Linter {
  /// - Parameters:
  ///   - path: a Dockerfile, or a folder: then every Dockerfile in it and below it.
  ///   - context: the folder that the build gets. Default: the Dockerfile's own, or the one above it, inside `path` or
  ///     the current folder, that holds more of what the Dockerfile copies.
  /// - Throws: `LintError`.
  public static func lint(_ path: String, context: String? = nil) throws(LintError) -> LintReport {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .notFound(path) }
    let isFolder = status.st_mode & S_IFMT == S_IFDIR
    let root = isFolder ? path : "."
    let files = isFolder ? LintFiles.dockerfiles(in: try BuildContext(path)) : [path]
    guard !files.isEmpty else { throw .noDockerfile(path) }
    var findings: [Finding] = []
    for file in files {
      let place = isFolder && root != "." ? root + "/" + file : file
      findings += try lint(file, readFrom: place, context: context)
    }
    return LintReport(files: files, findings: findings)
  }

  private static func lint(
    _ name: String, readFrom path: String, context given: String?
  ) throws(LintError) -> [Finding] {
    guard let source = LintFiles.read(path, name: name) else {
      throw .unreadable(path: path, reason: "not a regular file of at most \(ByteCount.text(Int64(LintFiles.limit)))")
    }
    // Both as deep as the name says: what lies above the linted folder is never looked at.
    let prefix = path.hasSuffix(name) ? String(path.dropLast(name.count)) : ""
    var folder = given ?? ""
    if given == nil { folder = try likelyContext(of: source, name: name, prefix: prefix) }
    let shown = folder.hasPrefix(prefix) && given == nil ? String(folder.dropFirst(prefix.count)) : folder
    // The ignore file beside the Dockerfile replaces the context's.
    let own = LintFiles.read(path + ".dockerignore", name: name + ".dockerignore")
    let ignore =
      own
      ?? LintFiles.read(
        (folder.isEmpty ? "." : folder) + "/.dockerignore",
        name: shown.isEmpty || shown == "." ? ".dockerignore" : shown + "/.dockerignore")
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    return lint(source, ignore: ignore, context: try BuildContext(folder.isEmpty ? "." : folder))
  }

  /// The nearest folder above the Dockerfile that holds the most of what it copies.
  private static func likelyContext(
    of source: SourceText, name: String, prefix: String
  ) throws(LintError) -> String {
    func parent(_ path: String) -> String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }
    var current = parent(name)
    var best = prefix + current
    guard let file = try? DockerfileSyntax.parse(source) else { return best }
    let paths = ContextUse.all(in: file).filter { !$0.isGlob && !$0.leavesContext }.compactMap(\.path)
    var bestCount = -1
    while true {
      let folder = prefix + current
      if let context = try? BuildContext(folder.isEmpty ? "." : folder) {
        let count = paths.count { context.kind($0) != nil }
        if count > bestCount { (best, bestCount) = (folder, count) }
      }
      if current.isEmpty || current.hasPrefix("/") && parent(current).isEmpty || name.hasPrefix("/") { return best }
      current = parent(current)
    }
  }

  /// Checks texts that need not be on disk, such as generated ones.
  package static func lint(_ source: SourceText, ignore: SourceText?, context: BuildContext) -> [Finding] {
    var findings: [Finding] = []
    var patterns = Dockerignore.none
    if let ignore {
      do { patterns = try Dockerignore(ignore) } catch {
        findings.append(
          Finding(
            id: "FORGE-L041", severity: .error, message: "the pattern \(error.pattern) \(error.reason)",
            location: "\(ignore.name):\(error.line)", fix: "Correct it; a literal bracket is written \\["))
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
    let subject = LintSubject(dockerfile: dockerfile, ignore: patterns, ignoreName: ignore?.name, context: context)
    for rule in LintRule.all {
      for hit in rule.check(subject) {
        findings.append(
          Finding(
            id: rule.id, severity: rule.severity, message: hit.message, location: hit.location, fix: hit.fix))
      }
    }
    return findings
  }
}
