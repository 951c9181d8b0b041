import ArgumentParser
import ForgeAnalyzer
import ForgeBasics
import ForgeLint
import ForgeReports

struct Lint: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check Dockerfiles and .dockerignore files, and show them mended.",
    discussion: """
      Every source of COPY, ADD and bind mounts must exist and survive the ignore file; BuildKit's own checks go by \
      their public names, and `# check=skip=…;error=true` is honoured. What can be mended is shown as a diff, and \
      written by --fix alone. Exits with 1 on errors.

      Examples:
        forge lint .
        forge lint Dockerfile --mended > Dockerfile.new
        forge lint backend --fix
        forge lint . --format sarif --output lint.sarif
        forge lint --rules
      """)

  @Argument(help: "A Dockerfile, or a folder that holds some.", completion: .file())
  var path: String?

  @Option(
    help:
      "The folder that the build gets. Default: a compose file's, or else the Dockerfile's own.",
    completion: .directory)
  var context: String?

  @Flag(help: "Print the mended Dockerfile, whole, and nothing else.")
  var mended = false

  @Flag(help: "Write the mended files over those that are there; say what is left.")
  var fix = false

  @Flag(help: "List the rules instead.")
  var rules = false

  @OptionGroup var reporting: ReportOptions

  @Option(
    name: .shortAndLong, help: "Write the result to this file instead of standard output.",
    completion: .file())
  var output: String?

  func validate() throws {
    if path == nil, !rules {
      throw ValidationError("name a Dockerfile or a folder; or list the rules with --rules")
    }
    if mended, fix { throw ValidationError("--mended and --fix exclude one another") }
  }

  func run() throws {
    if rules {
      let list = LintRuleList()
      return try reporting.writePart(list, text: list.text, to: output)
    }
    let path = path ?? "."
    // What --mended writes may take the place of what it mends.
    if !mended { try reporting.check(output: output, project: path) }
    var report = try Linter.lint(path, context: context, analyse: { try? Analyzer.analyze($0) })
    if mended {
      guard report.files.count == 1 else {
        throw ValidationError(
          "--mended prints one file; \(path) holds \(report.files.count) Dockerfiles")
      }
      let text =
        try report.mended.first { $0.path == report.files[0] }?.contents
        ?? Linter.text(of: path, report)
      if let output {
        try AtomicFile.write(text.utf8, to: output)
      } else {
        try StandardOutput.write(text)
      }
      for other in report.mended where other.path != report.files[0] {
        StandardError.print(
          "\(DisplayText.escape(other.path)) is part of it: `forge lint --fix` writes both")
      }
      return
    }
    if fix {
      let written = report.mended
      try Linter.write(written, to: path)
      for file in written {
        StandardError.print("\(file.path): mended")
        for change in file.changes { StandardError.print("  \(change)") }
      }
      report = try Linter.lint(path, context: context, analyse: { try? Analyzer.analyze($0) })
    }
    try reporting.write(report, report: Report(report, of: path), text: report.text, to: output)
    if !report.passed { throw ExitStatus(code: .policyFailed) }
  }
}
