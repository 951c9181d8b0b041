import ArgumentParser
import ForgeBasics
import ForgeChecks
import ForgeReports
import Foundation

extension ReportFormat: ExpressibleByArgument {}

/// The options of every command whose result other tools read too.
struct ReportOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How the result is written.",
      discussion: """
        github: annotations, and Markdown into the file that GITHUB_STEP_SUMMARY names. gitlab: code quality JSON. \
        markdown: for a pull-request comment.
        """))
  var format = ReportFormat.text

  @Option(help: "When text is coloured; NO_COLOR in the environment means never.")
  var color = ColourChoice.auto

  @Option(
    name: .customLong("report"),
    help: ArgumentHelp(
      "Write further reports: FORMAT=FILE, several with commas, or all of them into a FOLDER/. May be repeated.",
      valueName: "format=file,…|folder/"), completion: .file())
  var reports: [String] = []

  func validate() throws { _ = try targets() }

  /// Writes a result in the chosen format to standard output or a file, then every further report. A report that
  /// cannot be written is an error, but neither the result nor the other reports are lost by it.
  /// - Parameter shownText: what standard output gets in place of `text`.
  func write(
    _ result: some Encodable, report: Report, text: (TextStyle) -> String,
    shownText: ((TextStyle) -> String)? = nil, to file: String? = nil
  ) throws {
    let plain = color == .always ? OutputOptions.style(.always) : TextStyle()
    let style = file == nil ? OutputOptions.style(color) : plain
    let shown = try render(
      format, result, report, text: { file == nil ? shownText?($0) ?? text($0) : text($0) },
      style: style)
    if let file {
      try AtomicFile.write(shown.utf8, to: file)
    } else {
      try StandardOutput.write(shown)
    }

    var failures: [any Error] = []
    let targets = try targets()
    // A folder that cannot be made is told once, not for each file of it.
    let lost = Set(targets.compactMap(\.folder)).sorted().filter { folder in
      let before = failures.count
      attempt(&failures) { try AtomicFile.makeFolder(folder) }
      return failures.count > before
    }
    if format == .github, let summary = ProcessInfo.processInfo.environment["GITHUB_STEP_SUMMARY"],
      !summary.isEmpty
    {
      attempt(&failures) { try append(try report.render(.markdown) ?? "", to: summary) }
    }
    for target in targets where !lost.contains(target.folder ?? "") {
      attempt(&failures) {
        let text = try render(target.format, result, report, text: text, style: TextStyle())
        try AtomicFile.write(text.utf8, to: target.path)
      }
    }
    for failure in failures.dropFirst() { StandardError.print("forge: \(failure)") }
    if let first = failures.first { throw first }
  }

  /// Refuses, before any work, a result or report that would replace what the command reads, or another report.
  /// - Parameters:
  ///   - output: where the result goes; nil for standard output.
  ///   - inputs: files, and folders that are read as a whole.
  ///   - project: the folder of a project, or its Dockerfile; reports may lie in it, but not over its sources.
  func check(output: String? = nil, inputs: [String] = [], project: String? = nil) throws {
    let outputs = try [output].compactMap(\.self) + targets().map(\.path)
    if let project { try OutputPaths.check(outputs, project: project) }
    try OutputPaths.check(outputs, inputs: inputs)
  }

  /// Whether only text or JSON is asked for.
  var isPlain: Bool { [.text, .json].contains(format) && reports.isEmpty }

  /// Writes a part of a result, for which there are text and JSON only.
  func writePart(_ result: some Encodable, text: (TextStyle) -> String, to file: String? = nil)
    throws
  {
    var options = OutputOptions()
    options.format = format == .json ? .json : .text
    options.color = color
    try options.write(result, text: text, to: file)
  }

  /// Does the work of a command; an input that cannot be read whole, or an engine that failed, is a finding in every
  /// report before it ends the command.
  func reportingFailure<Result>(
    _ command: String, of subject: String, isProject: Bool = false, to file: String? = nil,
    _ work: () async throws -> Result
  ) async throws -> Result {
    do {
      return try await work()
    } catch let error as any ForgeError
      where error.exitCode == .unreadableInput || error.exitCode == .engineFailed
    {
      let failure = Failure(error, of: subject, isProject: isProject)
      do {
        // Said once: the error, which follows on standard error, has all of it.
        try write(
          failure, report: Report(command: command, failure: error, of: subject),
          text: failure.text,
          shownText: failure.verdict, to: file)
      } catch let unwritten {
        StandardError.print("forge: \(unwritten)")
      }
      throw error
    }
  }

  private func render(
    _ format: ReportFormat, _ result: some Encodable, _ report: Report, text: (TextStyle) -> String,
    style: TextStyle
  ) throws -> String {
    if let rendered = try report.render(format) { return rendered }
    return format == .json ? try StableJSON.encode(result) : text(style)
  }

  private func attempt(_ failures: inout [any Error], _ work: () throws -> Void) {
    do { try work() } catch { failures.append(error) }
  }

  /// The runner's file holds the summaries of other steps too.
  private func append(_ text: String, to path: String) throws {
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw OutputError(path: path, reason: String(cString: strerror(errno)))
    }
    do {
      try file.seekToEnd()
      try file.write(contentsOf: Data(text.utf8))
      try file.close()
    } catch {
      throw OutputError(path: path, reason: error.localizedDescription)
    }
  }

  /// The folder that `--report` names: one that is there, or a path that ends in a slash.
  var folder: String? { reports.last(where: Self.isFolder) }

  private static func isFolder(_ option: String) -> Bool {
    let format = option.firstIndex(of: "=").flatMap {
      ReportFormat(rawValue: String(option[..<$0]))
    }
    guard format == nil, !option.isEmpty else { return false }
    if option.hasSuffix("/") { return true }
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: option, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// What a folder of reports holds.
  private static let folderFiles: [(format: ReportFormat, name: String)] = [
    (.json, "report.json"), (.sarif, "report.sarif"), (.junit, "report.junit.xml"),
    (.markdown, "report.md"),
    (.html, "report.html"),
  ]

  /// What `--report` asks for. A comma parts two reports where a format and `=` follow it.
  private func targets() throws -> [(format: ReportFormat, path: String, folder: String?)] {
    var targets: [(format: ReportFormat, path: String, folder: String?)] = []
    for option in reports {
      if Self.isFolder(option) {
        let folder = option.hasSuffix("/") ? option : option + "/"
        targets += Self.folderFiles.map { ($0.format, folder + $0.name, folder) }
        continue
      }
      for (index, part) in option.split(separator: ",", omittingEmptySubsequences: false)
        .enumerated()
      {
        let equals = part.firstIndex(of: "=")
        if let equals, let format = ReportFormat(rawValue: String(part[..<equals])) {
          targets.append((format, String(part[part.index(after: equals)...]), nil))
        } else if index > 0, let last = targets.popLast() {
          targets.append((last.format, last.path + "," + part, nil))
        } else {
          let names = ReportFormat.allCases.map(\.rawValue).joined(separator: ", ")
          throw ValidationError(
            "--report takes FORMAT=FILE, where FORMAT is one of \(names), or a FOLDER/; not '\(part)'"
          )
        }
      }
    }
    if let empty = targets.first(where: { $0.path.isEmpty }) {
      throw ValidationError("--report \(empty.format.rawValue)= names no file")
    }
    return targets
  }
}
