import ArgumentParser
import ImageForge

struct Generate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the Dockerfile, .dockerignore and ENVIRONMENT.md of each service.",
    discussion: """
      Files that forge did not write, or that were edited since, are never overwritten without --force.

      Examples:
        forge generate backend
        forge generate --check .
        forge generate --stdout frontend
      """)

  @Argument(help: "The folder of a service, or a folder that holds several.")
  var path: String

  @Flag(help: "Print the files instead of writing them.")
  var stdout = false

  @Flag(help: "Write nothing; exit with 1 and a diff when a committed file is stale or missing.")
  var check = false

  @Flag(help: "Overwrite files that forge did not write.")
  var force = false

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
    if pin { options.pins = try await pins(analysis, options) }
    let files = try Generator.generate(analysis, options: options)
    try GenerationProof.check(files, of: analysis, root: path)
    let plan = try GenerationPlan(files: files, root: path)
    if !stdout, !check { try plan.write(force: force) }
    let report = GenerationReport(plan: plan, mode: stdout ? .print : check ? .check : .write)
    try reporting.write(report, text: report.text)
    if check, !plan.isCurrent { throw ExitStatus(code: .policyFailed) }
  }

  /// Asks the engine for the digests of all bases, and writes the lock.
  private func pins(_ analysis: Analysis, _ options: RecipeOptions) async throws -> [String: String] {
    var unpinned = options
    unpinned.pins = [:]
    let names = RecipeSettings.bases(of: try Generator.generate(analysis, options: unpinned))
    let pins = try await Interruption.run {
      let engine = try await EngineFinder.find()
      var pins: [String: String] = [:]
      for name in names where !name.contains("@") { pins[name] = try await engine.digest(of: name) }
      return pins
    }
    if !stdout, !check { try RecipeSettings.writeLock(pins, in: path) }
    return pins
  }
}
