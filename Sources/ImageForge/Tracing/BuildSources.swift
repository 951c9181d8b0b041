import ForgeBasics
import ForgeDockerignore
import ForgeFindings
import ForgeInspection
import ForgeLint
import ForgeRules
import ForgeSyntax
import Foundation

/// The files that an image was built from. What the image is blamed for is traced back to their lines.
public struct BuildSources: Sendable {
  /// The Dockerfile and its name; without a name it is not on the disk.
  private let dockerfile: (name: String?, text: String)
  private let ignore: (name: String, text: String)?
  /// The build context.
  private let context: String
  /// What people call it; empty for the folder in which the command was run.
  private let contextName: String

  /// - Parameter name: of the Dockerfile as people call it; nil where it was only made for the build.
  package init(
    dockerfile: String, name: String?, ignore: (name: String, text: String)?, context: String
  ) {
    self.dockerfile = (name, dockerfile)
    self.ignore = ignore
    self.context = context
    contextName = WorkingFolder.shown(context)
  }

  /// The sources of an image that was built from a Dockerfile on the disk.
  /// - Parameter context: the folder that the build got; nil: the Dockerfile's own.
  /// - Throws: `TracingError` for a Dockerfile that cannot be read.
  public init(dockerfile path: String, context: String? = nil) throws {
    let text = try Self.text(ofDockerfile: path)
    let context = context ?? Self.folder(of: path)
    let ignore = ["\(path).dockerignore", "\(context)/.dockerignore"].lazy
      .compactMap { path in Self.read(path).map { (name: WorkingFolder.shown(path), text: $0) } }
      .first
    self.init(dockerfile: text, name: WorkingFolder.shown(path), ignore: ignore, context: context)
  }

  /// The verdict with the line behind each finding, and its fix as an edit where one follows.
  /// - Parameters:
  ///   - inspection: of the same image.
  ///   - target: the stage that was built; nil: the last one.
  /// - Returns: nil where the image's history is not that of the Dockerfile's stage: then nothing is said rather than
  ///   something wrong.
  public func trace(_ verdict: Verdict, of inspection: Inspection, target: String? = nil)
    -> Verdict?
  {
    lines(inspection.details.history, target: target).map { lines in
      verdict.tracing { lines.isRefuted($0) ? nil : trace($0, lines) }
    }
  }

  func lines(_ history: [HistoryFacts], target: String?) -> DockerfileLines? {
    DockerfileLines(dockerfile.text, name: dockerfileName, target: target, history: history)
  }

  /// For a message.
  package var dockerfileName: String { dockerfile.name ?? "the generated Dockerfile" }

  func trace(_ finding: Finding, _ lines: DockerfileLines) -> Finding {
    let cause = lines.cause(finding)
    guard dockerfile.name != nil else {
      // There is no file to open: words have to do.
      guard let cause, let fix = finding.fix else { return finding }
      return finding.fixed(by: "at \(cause.file):\(cause.line) `\(cause.text)`: \(fix)")
    }
    let copied =
      lines.instruction(finding).map { ["COPY", "ADD"].contains($0.keyword) && $0 != lines.from }
      ?? false
    guard copied, let path = contextPath(finding) else {
      return finding.traced(to: cause, change: lines.change(finding))
    }
    // A secret in a source file is mended there; the Dockerfile's line only copied it.
    var source = cause
    if finding.id == "FORGE-I010", let line = finding.place?.line {
      source = SourceLine(file: name(path), line: line)
    }
    return finding.traced(
      to: source, change: ignoring(path, finding) ?? lines.change(finding))
  }

  // MARK: The ignore file

  /// The edit of the ignore file that keeps a file of the context out.
  private func ignoring(_ path: String, _ finding: Finding) -> SourceChange? {
    guard let ignore, let pattern = Gate.ignorePattern(for: finding, path: path),
      let rules = try? Dockerignore(SourceText(name: ignore.name, text: ignore.text))
    else { return nil }
    if let rule = rules.decision(path) {
      // What is ignored already came another way.
      guard rule.pattern.isException else { return nil }
      // An exception for files of this name goes; a wider one may be needed for others.
      var plain = rule.text.dropFirst()
      if plain.hasPrefix("**/") { plain = plain.dropFirst(3) }
      if rule.pattern.matches(path), !plain.contains(where: { "*?[\\".contains($0) }) {
        return SourceChange(file: ignore.name, line: rule.line, removes: 1, inserts: [])
      }
    }
    guard let added = try? Dockerignore(SourceText(name: "", text: pattern)), added.ignores(path),
      DisplayText.escape(pattern) == pattern
    else { return nil }
    let lines = ignore.text.replacing("\r\n", with: "\n").split(
      separator: "\n", omittingEmptySubsequences: false)
    // At the end, for the last line that matches counts.
    guard let last = lines.last, !last.isEmpty else {
      return SourceChange(
        file: ignore.name, line: max(1, lines.count), removes: 0, inserts: [pattern])
    }
    return SourceChange(
      file: ignore.name, line: lines.count, removes: 1, inserts: [String(last), pattern])
  }

  /// Where the build context has the file that a finding names: the longest end of its path that is a file there.
  private func contextPath(_ finding: Finding) -> String? {
    guard ["FORGE-I009", "FORGE-I010", "FORGE-I023"].contains(finding.id),
      case .layer(_, let bytes?, _)? = finding.place,
      let name = String(validating: bytes, as: UTF8.self)
    else { return nil }
    // A name with control characters in it is not offered for an edit.
    guard DisplayText.escape(name) == name, !name.contains("\\"),
      !name.split(separator: "/").contains("..")
    else { return nil }
    var path = name[...]
    while true {
      let kind =
        try? FileManager.default.attributesOfItem(atPath: "\(context)/\(path)")[.type]
        as? FileAttributeType
      if kind == .typeRegular { return String(path) }
      guard let slash = path.firstIndex(of: "/") else { return nil }
      path = path[path.index(after: slash)...]
    }
  }

  // MARK: Names

  private func name(_ path: String) -> String {
    if contextName.isEmpty { return path }
    return "\(contextName)/\(path)"
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    if slash == path.startIndex { return "/" }
    return String(path[..<slash])
  }

  /// - Throws: `TracingError` for what is not there, no file, or not readable.
  package static func text(ofDockerfile path: String) throws(TracingError) -> String {
    guard let text = read(path) else { throw TracingError(path: path) }
    return text
  }

  private static func read(_ path: String) -> String? { LintFiles.read(path, name: path)?.text }
}
