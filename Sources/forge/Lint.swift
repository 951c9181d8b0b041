import ArgumentParser
import ImageForge

struct Lint: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check Dockerfiles and .dockerignore files against the folder that they are built from.",
    discussion:
      "Every source of COPY, ADD and bind mounts must exist and survive the ignore file. Exits with 1 on errors.")

  @Argument(help: "A Dockerfile, or a folder that holds some.")
  var path: String

  @Option(help: "The folder that the build gets. Default: the Dockerfile's own.")
  var context: String?

  @OptionGroup var reporting: OutputOptions

  @Option(name: .shortAndLong, help: "Write the result to this file instead of standard output.")
  var output: String?

  func run() throws {
    let report = try Linter.lint(path, context: context)
    try reporting.write(report, text: report.text, to: output)
    if !report.passed { throw ExitStatus(code: .policyFailed) }
  }
}
