import ArgumentParser
import ForgeAnalyzer
import ForgeBasics
import ForgeReports

struct Env: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case markdown, dotenv, json
  }

  static let configuration = CommandConfiguration(
    abstract: "List every environment variable that the code reads, with where and what for.",
    discussion: """
      Values of secrets are never printed. --check compares the code with the committed .env.example, and exits with 1 \
      where they differ.

      Examples:
        forge env backend
        forge env backend --check
        forge env . --format markdown > ENVIRONMENT.md
      """)

  @Argument(
    help: "The folder of a service, or a folder that holds several.", completion: .directory)
  var path: String

  @Option(help: "markdown, as generate writes it; dotenv, to start a .env.example from; json.")
  var format = Format.markdown

  @Flag(help: "Compare with the committed .env.example of each service.")
  var check = false

  @Option(help: "When text is coloured; NO_COLOR in the environment means never.")
  var color = ColourChoice.auto

  @Option(
    name: .shortAndLong, help: "Write the result to this file instead of standard output.",
    completion: .file())
  var output: String?

  func run() throws {
    // A first .env.example may be written over, and over again.
    if format != .dotenv { try OutputPaths.check([output].compactMap(\.self), project: path) }
    let analysis = try Analyzer.analyze(path)
    let report = EnvironmentReport(analysis)
    var reporting = OutputOptions()
    reporting.format = format == .json ? .json : .text
    reporting.color = color
    let text = check ? report.checkText : nil
    let body =
      text == nil && format != .json
      ? format == .dotenv ? report.dotenv : try report.markdown() : ""
    try reporting.write(report, text: text ?? { _ in body }, to: output)
    try analysis.requireWhole()
    if check, !report.passed { throw ExitStatus(code: .policyFailed) }
  }
}
