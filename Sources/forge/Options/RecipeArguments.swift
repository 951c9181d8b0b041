import ArgumentParser
import ForgeAnalyzer
import ForgeRecipes
import ForgeTemplates

enum DialectChoice: String, ExpressibleByArgument, CaseIterable {
  /// As the engine that is found understands.
  case auto
  case portable, buildkit, classic
}

/// How Dockerfiles are to be made.
struct RecipeArguments: ParsableArguments {
  @Option(help: "The base: alpine, slim, distroless, chainguard, or the name of an image.")
  var base: String?

  @Option(
    help: """
      Instructions that every engine knows, those of BuildKit too, or only those of docker's classic builder. auto: as \
      the engine found understands; a build does that by itself, while files to commit are portable.
      """)
  var dialect: DialectChoice?

  @Flag(help: "Write above each instruction what it rests on.")
  var explain = false

  @Flag(help: "Compile Python's sources while building: a faster start, a larger image.")
  var bytecode = false

  @Option(
    help: "A folder of recipes that stand in for forge's own. Default: recipes in forge.yaml.",
    completion: .directory)
  var recipes: String?

  /// - Parameter path: the folder that was given; its workspace's settings count for it.
  func options(in path: String) throws -> RecipeOptions {
    var options = try RecipeSettings.load(in: Analyzer.root(of: path))
    if let base {
      guard let choice = BaseChoice(base) else {
        throw ValidationError(
          "--base must be alpine, slim, distroless, chainguard, or the name of an image")
      }
      options.base = choice
      options.bases = [:]
    }
    if let dialect {
      options.dialect = RecipeOptions.Dialect(rawValue: dialect.rawValue) ?? .portable
      options.dialects = [:]
    }
    options.explains = explain
    options.bytecode = bytecode
    if let recipes { options.recipes = try RecipeSettings.recipes(recipes) }
    return options
  }
}
