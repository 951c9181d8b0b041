import ArgumentParser
import ImageForge

struct Analyze: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a codebase is, each conclusion with its evidence.",
    discussion: "Nothing of the project is executed.")

  @Argument(help: "The folder of a service, or a folder that holds several.")
  var path: String

  @OptionGroup var reporting: OutputOptions

  @Option(name: .shortAndLong, help: "Write the result to this file instead of standard output.")
  var output: String?

  func run() throws {
    let analysis = try Analyzer.analyze(path)
    try reporting.write(analysis, text: analysis.text, to: output)
  }
}
