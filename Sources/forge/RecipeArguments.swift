import ArgumentParser
import ImageForge

extension RecipeOptions.Dialect: ExpressibleByArgument {}

/// How Dockerfiles are to be made.
struct RecipeArguments: ParsableArguments {
  @Option(help: "The base: alpine, slim, distroless, chainguard, or the name of an image.")
  var base: String?

  @Option(help: "Instructions that every engine knows, or those of BuildKit.")
  var dialect: RecipeOptions.Dialect?

  @Flag(help: "Write above each instruction what it rests on.")
  var explain = false

  @Flag(help: "Compile Python's sources while building: a faster start, a larger image.")
  var bytecode = false

  @Option(help: "A folder of recipes that stand in for forge's own. Default: recipes in forge.yaml.")
  var recipes: String?

  func options(in folder: String) throws -> RecipeOptions {
    var options = try RecipeSettings.load(in: folder)
    if let base {
      guard let choice = BaseChoice(base) else {
        throw ValidationError("--base must be alpine, slim, distroless, chainguard, or the name of an image")
      }
      options.base = choice
    }
    if let dialect { options.dialect = dialect }
    options.explains = explain
    options.bytecode = bytecode
    if let recipes { options.recipes = try RecipeSettings.recipes(recipes) }
    return options
  }
}
