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
  ///   - context: the folder that the build gets. Default: the Dockerfile's own.
  /// - Throws: `LintError`.
  public static func lint(_ path: String, context: String? = nil) throws(LintError) -> LintReport {
    var status = stat()
    guard stat(path, &status) == 0 else { throw .notFound(path) }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      let folder = URL(filePath: path).deletingLastPathComponent().relativePath
      let name = URL(filePath: path).lastPathComponent
      let findings = try lint(name, in: context ?? folder, readFrom: path)
      return LintReport(files: [name], findings: findings)
    }
    let files = LintFiles.dockerfiles(in: try BuildContext(path))
    guard !files.isEmpty else { throw .noDockerfile(path) }
    var findings: [Finding] = []
    for file in files {
      let parent = file.lastIndex(of: "/").map { path + "/" + file[..<$0] } ?? path
      findings += try lint(file, in: context ?? parent, readFrom: path + "/" + file)
    }
    return LintReport(files: files, findings: findings)
  }

  private static func lint(
    _ name: String, in folder: String, readFrom path: String
  ) throws(LintError) -> [Finding] {
    guard let source = LintFiles.read(path, name: name) else {
      throw .unreadable(path: path, reason: "not a regular file of at most \(ByteCount.text(Int64(LintFiles.limit)))")
    }
    let context = try BuildContext(folder)
    // The ignore file beside the Dockerfile replaces the context's.
    let own = LintFiles.read(path + ".dockerignore", name: name + ".dockerignore")
    let parent = name.lastIndex(of: "/").map { name[...$0] } ?? ""
    let ignore = own ?? LintFiles.read(folder + "/.dockerignore", name: parent + ".dockerignore")
    return lint(source, ignore: ignore, context: context)
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
