import ArgumentParser
import ForgeAnalyzer
import ForgeBasics
import ForgeCodebase
import ForgeEngines
import ForgeMigration
import ForgeRecipes
import ForgeReports
import ForgeTemplates
import Foundation

struct Generate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the Dockerfile, .dockerignore and ENVIRONMENT.md of each service.",
    discussion: """
      What a file would lose or gain is shown before it is written; on a terminal forge then asks. Files that forge \
      did not write, or that were edited since, are never overwritten without --force. Blocks from `# forge:keep` to \
      `# forge:end` are yours and survive.

      Examples:
        forge generate backend
        forge generate --check .
        forge generate --stdout frontend
        forge generate frontend --dialect auto
        forge generate backend --from-existing --explain --stdout
        forge generate backend --from-existing --force
      """)

  @Argument(
    help: "The folder of a service, or a folder that holds several.", completion: .directory)
  var path: String

  @Flag(help: "Print the files instead of writing them.")
  var stdout = false

  @Flag(help: "Write nothing; exit with 1 and a diff when a committed file is stale or missing.")
  var check = false

  @Flag(help: "Overwrite files that forge did not write, without asking.")
  var force = false

  @Flag(
    name: .shortAndLong, help: "Do not ask before files that forge wrote are brought up to date.")
  var yes = false

  @Flag(
    help: """
      Keep what the Dockerfile that is there decides: base, port, command, user, packages, variables, labels. Later \
      runs keep it too.
      """)
  var fromExisting = false

  @Flag(help: "Write the digests of the base images to forge.lock, and build on those from now on.")
  var pin = false

  @OptionGroup var recipe: RecipeArguments
  @OptionGroup var reporting: OutputOptions

  func validate() throws {
    if [stdout, check, force].count(where: \.self) > 1 {
      throw ValidationError("--stdout, --check and --force exclude one another")
    }
  }

  func run() async throws {
    let analysis = try Analyzer.analyze(path)
    var options = try recipe.options(in: path)
    options.existing = try ExistingDockerfile.all(
      of: analysis, root: analysis.root, readsForeign: fromExisting)
    if recipe.dialect == .auto {
      let engine = try await Interruption.run { try await EngineFinder.find() }
      options.dialect = RecipeOptions.Dialect(for: engine)
      StandardError.print(
        "dialect \(options.dialect.rawValue), for \(engine.kind.rawValue) \(engine.version)")
    }
    if pin { options.pins = try await pins(analysis, options) }
    let (files, failures) = try Generator.generateEach(analysis, options: options)
    try GenerationProof.check(files, of: analysis, root: analysis.root)
    let plan = try GenerationPlan(files: files, root: analysis.root)
    let report = GenerationReport(
      plan: plan, mode: stdout ? .print : check ? .check : .write,
      existing: fromExisting ? Array(options.existing.values) : [])
    if fromExisting, reporting.format == .text {
      // Beside the files on standard output, which may go into one.
      let text = report.existingText(OutputOptions.style(reporting.color))
      if stdout { StandardError.print(text) } else { try StandardOutput.write(text) }
    }
    if stdout || check {
      try reporting.write(report, text: report.text)
    } else {
      try write(plan, report)
    }
    // What stands beside them is done: the first that has no files decides the exit code.
    for failure in failures.dropFirst() { StandardError.print("\(failure)") }
    if let failure = failures.first { throw failure }
    try analysis.requireWhole()
    if check, !plan.isCurrent { throw ExitStatus(code: .policyFailed) }
  }

  /// Shows what would change, asks on a terminal, and writes.
  private func write(_ plan: GenerationPlan, _ report: GenerationReport) throws {
    let isText = reporting.format == .text
    if isText { try StandardOutput.write(report.diffs(OutputOptions.style(reporting.color))) }
    var mayOverwrite = force
    let changes = plan.entries.filter { $0.state == .stale || $0.state == .foreign }
    let isForeign = changes.contains { $0.state == .foreign }
    if !changes.isEmpty, !force, isForeign || !yes, isText, isatty(STDIN_FILENO) == 1,
      isatty(STDOUT_FILENO) == 1
    {
      let names = changes.map { DisplayText.escape($0.path) }.joined(separator: ", ")
      let warning = isForeign ? ", which forge did not write or somebody edited" : ""
      StandardError.write("Overwrite \(names)\(warning)? [y/N] ")
      guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
        StandardError.print("nothing was written")
        throw ExitStatus(code: .usage)
      }
      mayOverwrite = true
    }
    try plan.write(force: mayOverwrite)
    try reporting.write(report, text: report.outcomes)
  }

  /// Asks the engine for the digests of all bases, and writes the lock.
  private func pins(_ analysis: Analysis, _ options: RecipeOptions) async throws -> [String: String]
  {
    var unpinned = options
    unpinned.pins = [:]
    let names = try Generator.bases(of: analysis, options: unpinned)
    let pins = try await Interruption.run {
      let engine = try await EngineFinder.find()
      var pins: [String: String] = [:]
      for name in names where !name.contains("@") { pins[name] = try await engine.digest(of: name) }
      return pins
    }
    if !stdout, !check { try RecipeSettings.writeLock(pins, in: analysis.root) }
    return pins
  }
}
