import ArgumentParser
import ImageForge

struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the Dockerfile, .dockerignore and ENVIRONMENT.md of each service.",
    discussion: "Files that forge did not write, or that were edited since, are never overwritten without --force.")

  @Argument(help: "The folder of a service, or a folder that holds several.")
  var path: String

  @Flag(help: "Print the files instead of writing them.")
  var stdout = false

  @Flag(help: "Write nothing; exit with 1 and a diff when a committed file is stale or missing.")
  var check = false

  @Flag(help: "Overwrite files that forge did not write.")
  var force = false

  @OptionGroup var reporting: OutputOptions

  func validate() throws {
    if [stdout, check, force].count(where: \.self) > 1 {
      throw ValidationError("--stdout, --check and --force exclude one another")
    }
  }

  func run() throws {
    let analysis = try Analyzer.analyze(path)
    let plan = try GenerationPlan(files: Generator.generate(analysis), root: path)
    if !stdout, !check { try plan.write(force: force) }
    let report = GenerationReport(plan: plan, mode: stdout ? .print : check ? .check : .write)
    try reporting.write(report, text: report.text)
    if check, !plan.isCurrent { throw ExitStatus(code: .policyFailed) }
  }
}
