import ArgumentParser
import ForgeAnalyzer
import ForgeBasics
import ForgeCharts
import ForgeReports
import ForgeTemplates
import ForgeWorkloads
import Foundation

struct Chart: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a Helm chart of a codebase, or show what it rests on.",
    discussion: """
      --explain shows every workload with its image, ports, probes, environment, folders, replicas and shutdown; \
      --connections who talks to whom, and what shows it. Both write nothing, as --format json does. What the code \
      does not tell is said. Nothing of the project is executed.

      Files that forge did not write, or that were edited since, are never overwritten without --force. Blocks from \
      `# forge:keep` to `# forge:end` are yours and survive; values files of your own are never touched.

      Examples:
        forge chart .
        forge chart . --check
        forge chart . --explain
        forge chart . --connections
      """)

  @Argument(
    help: "The folder of a service, or a folder that holds several.", completion: .directory)
  var path: String

  @Option(
    name: .shortAndLong, help: "The folder of the chart; in PATH, where nothing else is said.",
    completion: .directory)
  var output: String?

  @Option(help: "The chart's name; else the words that the names of all services begin with.")
  var name: String?

  @Flag(help: "Write nothing; exit with 1 and a diff when a file of the chart is stale or missing.")
  var check = false

  @Flag(help: "Overwrite files of the chart that were edited.")
  var force = false

  @Flag(help: "Show every workload and connection with its reason, and write nothing.")
  var explain = false

  @Flag(help: "Show the connections alone: who opens them to whom, on which port, and why.")
  var connections = false

  @OptionGroup var reporting: OutputOptions

  func validate() throws {
    if [check, force, explain, connections].count(where: \.self) > 1 {
      throw ValidationError("--check, --force, --explain and --connections exclude one another")
    }
  }

  func run() throws {
    let analysis = try Analyzer.analyze(path)
    let application = try Application(analysis, name: name)
    let isModel = reporting.format == .json && !check && !force
    if connections {
      try reporting.write(application.connections, text: application.connectionText)
    } else if explain || isModel {
      try reporting.write(application, text: application.text)
    } else {
      try write(application)
    }
    try analysis.requireWhole()
  }

  private func write(_ application: Application) throws {
    let folder = try ChartFolder(output ?? path + "/chart")
    let files = try ChartGenerator(application).files()
    let plan = try GenerationPlan(files: files, root: folder.path)
    var mode = GenerationReport.Mode.write
    if check { mode = .check }
    let report = GenerationReport(plan: plan, mode: mode, command: "forge chart")
    let leftovers = folder.leftovers(beside: files)
    if check {
      try reporting.write(report, text: report.text)
      for name in leftovers { StandardError.print("no longer part of the chart: \(name)") }
      if !plan.isCurrent || !leftovers.isEmpty { throw ExitStatus(code: .policyFailed) }
      return
    }
    try folder.write(plan, force: force)
    try reporting.write(report, text: report.text)
    for name in leftovers { StandardError.print("removed, no longer part of the chart: \(name)") }
    for unknown in application.unknowns {
      StandardError.print("not known: \(unknown.service): \(unknown.what). \(unknown.instead)")
    }
  }
}
