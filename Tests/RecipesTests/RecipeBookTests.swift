import ForgeCodebase
import TestSupport
import Testing

@testable import ForgeMigration
@testable import ForgeRecipes
@testable import ForgeTemplates

/// Templates of the user's own.
@Suite struct RecipeBookTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func generate() throws(RecipeError) -> String {
    var options = RecipeOptions()
    options.recipes = folder.path
    return try Generator.generate(
      Analysis(root: ".", services: [Samples.fastapi()]), options: options)[0].contents
  }

  @Test func aTemplateStandsInForForgesOwn() throws {
    let name = "fastapi/Dockerfile.mustache"
    try folder.write("FROM {{{finalImage}}}\n# ours\nCMD {{{command}}}\n", to: name)
    #expect(RecipeBook(folder: folder.path).isReplaced(name))
    #expect(!RecipeBook(folder: folder.path).isReplaced("install.mustache"))
    let file = try generate()
    #expect(file.contains("FROM python:3.13-slim-trixie\n# ours\nCMD [\"uvicorn\""))
  }

  @Test(arguments: [
    ("FROM x\n{{#isBare}}\nRUN y\n", "Dockerfile.mustache:2", "the section isBare has no end"),
    ("FROM x\nRUN {{name\n", "Dockerfile.mustache:2", "the tag {{name has no end"),
    ("FROM x\n\n{{#a}}\n{{/b}}\n", "Dockerfile.mustache:4", "closed by another name"),
  ])
  func aBrokenTemplateNamesItsLine(_ text: String, _ place: String, _ words: String) throws {
    try folder.write(text, to: "fastapi/Dockerfile.mustache")
    let error = #expect(throws: RecipeError.self) { try generate() }
    let message = error?.description ?? ""
    #expect(message.contains(folder.path + "/fastapi/" + place), "\(message)")
    #expect(message.contains(words), "\(message)")
    #expect(error?.exitCode == .usage)
  }

  @Test func aBrokenTableIsTheUsersToo() throws {
    try folder.write("node:\n  versions: [\n", to: "data/bases.yaml")
    let error = #expect(throws: RecipeError.self) { try generate() }
    #expect(error?.exitCode == .usage)
    #expect(error?.description.contains("data/bases.yaml:") == true, "\(String(describing: error))")
  }
}
