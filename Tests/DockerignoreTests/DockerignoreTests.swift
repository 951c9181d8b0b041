import ForgeBasics
import Testing

@testable import ForgeDockerignore

@Suite struct DockerignoreTests {
  private func ignores(_ patterns: [String], _ path: String) throws -> Bool {
    try Dockerignore(SourceText(name: ".dockerignore", text: patterns.joined(separator: "\n"))).ignores(path)
  }

  @Test func lastMatchWins() throws {
    #expect(try ignores(["*.go"], "a.go"))
    #expect(try !ignores(["*.go", "!a.go"], "a.go"))
    #expect(try ignores(["!a.go", "*.go"], "a.go"))
  }
}
