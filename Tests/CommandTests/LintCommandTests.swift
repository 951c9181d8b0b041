import ForgeBasics
import Foundation
import TestSupport
import Testing

@Suite struct LintCommandTests {
  @Test func errorsAreExit1WithTheirPlace() async throws {
    let folder = try TemporaryFolder()
    try folder.write("FROM scratch\nCOPY app /app\n", to: "Dockerfile")
    try folder.write("x", to: "app/main.py")
    #expect(try await Command.forge(["lint", folder.path]).status == 0)
    try folder.write("app\n", to: ".dockerignore")
    let result = try await Command.forge(["lint", folder.path])
    #expect(result.status == 1, "\(result)")
    for word in ["CopyIgnoredFile", "Dockerfile:2", ".dockerignore:1", "!app", "failed: Dockerfile; 1 error"] {
      #expect(result.output.contains(word), "\(word)\n\(result)")
    }
    let json = try await Command.forge(["lint", folder.path, "--format", "json"])
    #expect(json.status == 1)
    let report = try JSON.parse(SourceText(name: "lint", text: json.output), .project)
    #expect(report["findings"]?.elements.first?["location"]?.string == "Dockerfile:2")
  }

  @Test func nothingToLintIsExit2() async throws {
    let folder = try TemporaryFolder()
    #expect(try await Command.forge(["lint", folder.path]).status == 2)
    #expect(try await Command.forge(["lint", folder.file("none")]).status == 2)
  }

  /// A Dockerfile of forge's own passes its own check.
  @Test(arguments: ["todo-backend", "todo-frontend"])
  func generatedFilesPass(_ fixture: String) async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(atPath: Repository.fixture(fixture), toPath: folder.file(fixture))
    let generated = try await Command.forge(["generate", folder.file(fixture)])
    #expect(generated.status == 0, "\(generated)")
    let result = try await Command.forge(["lint", folder.file(fixture)])
    #expect(result.status == 0, "\(result)")
    #expect(result.output == "passed: Dockerfile\n", "\(result)")
  }
}
