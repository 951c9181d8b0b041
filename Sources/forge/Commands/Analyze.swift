import ArgumentParser
import ForgeAnalyzer
import ForgeReports

struct Analyze: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a codebase is, each conclusion with its evidence.",
    discussion: """
      Nothing of the project is executed. forge.yaml in the folder may say what the code does not (services:).

      Examples:
        forge analyze .
        forge analyze backend --format json
        forge analyze frontend --explain runtime.version
      """)

  @Argument(
    help: "The folder of a service, or a folder that holds several.", completion: .directory)
  var path: String

  @Option(
    help: ArgumentHelp(
      "Show what one conclusion rests on, and what else it could have been.",
      discussion:
        "runtime.version, next.output, environment.NAME; a first part alone shows all below it.",
      valueName: "key"))
  var explain: String?

  @Flag(help: "Exit with 3 where the codebase can be read in more than one way.")
  var strict = false

  @OptionGroup var reporting: ReportOptions

  @Option(
    name: .shortAndLong, help: "Write the result to this file instead of standard output.",
    completion: .file())
  var output: String?

  func run() async throws {
    try reporting.check(output: output, project: path)
    let analysis = try await reporting.reportingFailure(
      "analyze", of: path, isProject: true, to: output
    ) {
      try Analyzer.analyze(path)
    }
    if let explain {
      let explanation = try Explanation(explain, of: analysis)
      try reporting.write(explanation, report: Report(analysis), text: explanation.text, to: output)
    } else {
      try reporting.write(analysis, report: Report(analysis), text: analysis.text, to: output)
    }
    try analysis.requireWhole()
    if strict, let error = AmbiguityError(analysis) { throw error }
  }
}
