import ArgumentParser
import Foundation
import ImageForge

struct Recipes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List, show and export the templates that Dockerfiles are made from.",
    discussion: """
      A project overrides them with `recipes: ./my-recipes` in its forge.yaml: a file of that folder stands in for \
      forge's own of the same name.

      Examples:
        forge recipes list
        forge recipes show fastapi/Dockerfile.mustache
        forge recipes export my-recipes
      """,
    subcommands: [List.self, Show.self, Export.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The names of all recipes.",
      discussion: """
        Examples:
          forge recipes list
          forge recipes list backend
        """)

    @Argument(
      help: "The folder of a project, whose own recipes are marked.", completion: .directory)
    var path = "."

    func run() throws {
      let book = RecipeBook(folder: try RecipeSettings.load(in: path).recipes)
      for file in RecipeBook.files {
        let mark = try book.isChanged(file) ? "  (the project's own)" : ""
        try StandardOutput.write("\(file)\(mark)\n")
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a recipe.",
      discussion: """
        Examples:
          forge recipes show fastapi/Dockerfile.mustache
        """)

    @Argument(help: "Its name, as `forge recipes list` prints it.")
    var name: String

    @Argument(
      help: "The folder of a project, whose own recipe is printed where it has one.",
      completion: .directory)
    var path = "."

    func run() throws {
      guard RecipeBook.files.contains(name) else {
        throw ValidationError("there is no recipe \(name); see `forge recipes list`")
      }
      try StandardOutput.write(
        RecipeBook(folder: try RecipeSettings.load(in: path).recipes).text(name))
    }
  }

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write forge's own recipes into a folder.",
      discussion: """
        Examples:
          forge recipes export my-recipes
        """)

    @Argument(
      help: "The folder; it is made where it does not exist. Files that are there stay.",
      completion: .directory)
    var folder: String

    func run() throws {
      for name in RecipeBook.files {
        let path = folder + "/" + name
        if FileManager.default.fileExists(atPath: path) {
          StandardError.print("\(name): there already, left as it is")
          continue
        }
        try AtomicFile.makeFolder((path as NSString).deletingLastPathComponent)
        try AtomicFile.write(RecipeBook().text(name).utf8, to: path)
      }
    }
  }
}
