import ForgeAnalyzer
import ForgeBuilds
import ForgeChecks
import ForgeCodebase
import ForgeInspection
import ForgeOptimizer
import ForgeRecipes
import ForgeRules
import ForgeTemplates

/// The six things that people do with forge, each as one function.
///
/// An image is named as on the command line: a docker-archive, an OCI archive, an OCI layout folder, `-` for standard
/// input, or what an engine holds, such as `docker:todo:latest`. Every error is a `ForgeError`.
public enum Forge {
  /// Says what a codebase is, each conclusion with its evidence. Nothing of it is executed.
  /// - Parameter folder: the folder of a service, or one that holds several.
  /// - Throws: `ForgeError` for a folder that cannot be read, or in which no service is.
  public static func analyze(_ folder: String) throws -> Analysis {
    try Analyzer.analyze(folder)
  }

  /// Makes the Dockerfile, the ignore file and the guide to the environment of each service.
  /// - Returns: the files, with paths relative to the analysed folder; nothing is written.
  /// - Throws: `ForgeError` for a service that has no recipe.
  public static func generate(
    _ analysis: Analysis, options: RecipeOptions = RecipeOptions()
  ) throws -> [GeneratedFile] {
    try Generator.generate(analysis, options: options)
  }

  /// Builds an image of each service with the container engine of this machine, opens it, and judges it where the
  /// builder has a policy.
  /// - Parameters:
  ///   - folder: the folder of a service, or one that holds several.
  ///   - builder: the engine, names, platforms and policy of the build.
  ///   - log: gets the engine's output, line by line.
  /// - Throws: `ForgeError` of the step that failed; no half image is left.
  public static func build(
    _ folder: String, with builder: ProjectBuilder = ProjectBuilder(),
    log: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws -> BuildReport {
    try await builder.build(folder, log: log)
  }

  /// Opens an image, and accounts for every byte in it.
  /// - Throws: `ForgeError` when it cannot be read whole, is ambiguous, or is not what its digests say.
  public static func inspect(
    _ image: String, options: InspectionOptions = InspectionOptions()
  ) async throws -> InspectedImage {
    try await ImageLocator.open(image, options: options)
  }

  /// Judges an image by a policy: its size, the security rules, and secrets in every layer.
  /// - Parameters:
  ///   - options: which image of an archive, and what reading it may cost; everything that the rules want to see is
  ///     looked at in any case.
  ///   - baseline: the sizes to compare with; nil: no comparison.
  /// - Throws: `ForgeError` when the image cannot be read whole: then nothing is said of it.
  public static func judge(
    _ image: String, policy: Policy, options: InspectionOptions = InspectionOptions(),
    baseline: Baseline? = nil
  ) async throws -> Verdict {
    var options = options
    options.findsSecrets = true
    options.capture = Gate.capture
    let inspection = try await ImageLocator.inspect(image, options: options)
    return try Gate.judge(inspection, policy: policy, baseline: baseline)
  }

  /// Writes a smaller image that is proven to hold the same files, whole or not at all.
  /// - Parameters:
  ///   - output: a file, or a folder for an OCI layout.
  ///   - choice: which image of an archive that holds several.
  /// - Throws: `ForgeError` when the image cannot be read, or the result is not proven.
  public static func optimize(
    _ image: String, to output: String, options: OptimizationOptions = OptimizationOptions(),
    choice: InspectionChoice = InspectionChoice()
  ) async throws -> OptimizationReport {
    try await ImageLocator.withArchive(of: image) { archive in
      try Optimizer.optimize(archive, to: output, options, choice: choice).report
    }
  }
}
