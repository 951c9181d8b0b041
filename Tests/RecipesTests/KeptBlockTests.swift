import Foundation
import Testing

@testable import ForgeMigration
@testable import ForgeRecipes
@testable import ForgeTemplates

/// What users add to generated files between `# forge:keep` and `# forge:end`.
@Suite struct KeptBlockTests {
  private let block = "# forge:keep\nRUN echo \"mine\"\n# forge:end\n"

  private func plan(_ name: String, on folder: String) throws -> GenerationPlan {
    try GenerationPlan(
      files: Samples.generate(name).filter { $0.path.hasSuffix("Dockerfile") }, root: folder)
  }

  private func folder() throws -> String {
    let url = FileManager.default.temporaryDirectory.appending(path: "kept-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: url.appending(path: "backend"), withIntermediateDirectories: true)
    return url.path()
  }

  @Test func aBlockSurvivesAChangeOfTheRecipe() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try plan("fastapi-pip", on: folder).write()
    let path = folder + "/backend/Dockerfile"
    let written = try String(contentsOfFile: path, encoding: .utf8)
    let anchor = "COPY --from=build /source ./\n"
    let edited = written.replacing(anchor, with: anchor + block)
    #expect(edited != written)
    try edited.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try plan("fastapi-pip", on: folder).isCurrent)

    let next = try plan("fastapi-bytecode", on: folder)
    #expect(next.entries[0].state == .stale)
    try next.write()
    let anew = try String(contentsOfFile: path, encoding: .utf8)
    #expect(anew.contains(anchor + block))
    #expect(anew.contains("compileall"))
    #expect(try plan("fastapi-bytecode", on: folder).isCurrent)
  }

  @Test func aBlockWithoutItsPlaceIsNeverDropped() throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try plan("fastapi-pip", on: folder).write()
    let path = folder + "/backend/Dockerfile"
    let written = try String(contentsOfFile: path, encoding: .utf8)
    let anchor = "COPY --from=build /opt/venv /opt/venv\n"
    try written.replacing(anchor, with: anchor + block).write(
      toFile: path, atomically: true, encoding: .utf8)
    // The distroless recipe has no such line.
    let next = try plan("fastapi-distroless", on: folder)
    #expect(next.entries[0].state == .foreign)
    for force in [false, true] {
      #expect(throws: RecipeError.lostBlocks(["backend/Dockerfile"])) {
        try next.write(force: force)
      }
    }
  }

  @Test(arguments: ["# forge:keep\nRUN x\n", "RUN x\n", "# forge:keeper\nRUN x\n"])
  func whatIsNoBlockIsAnEdit(_ text: String) throws {
    let file = try Samples.generate("fastapi-pip")[0].contents
    #expect(Stamp.isIntact(KeptBlocks(of: file)))
    #expect(!Stamp.isIntact(KeptBlocks(of: file + text)))
  }

  @Test func blocksOfOnePlaceKeepTheirOrder() {
    let text = "FROM a\n# forge:keep\n1\n# forge:end\n# forge:keep\n2\n# forge:end\nRUN b\n"
    #expect(KeptBlocks(of: text).inserted(into: KeptBlocks(of: text).rest) == text)
  }
}
