import ForgeAnalyzer
import ForgeCodebase
import Foundation
import TestSupport
import Testing

@testable import ForgeMigration
@testable import ForgeRecipes
@testable import ForgeTemplates

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "fixtures")

/// The sample applications, from their source to their Dockerfiles.
@Suite struct FixtureTests {
  private func generate(_ fixture: String) throws -> [GeneratedFile] {
    try Generator.generate(Analyzer.analyze(fixtures.appending(path: fixture).path()))
  }

  @Test(arguments: [
    (
      "todo-backend",
      [
        "FROM python:3.13-slim-trixie AS build", "COPY requirements.txt ./",
        #"CMD ["alembic", "upgrade", "head"]"#,
        #"CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]"#,
      ]
    ),
    (
      "offline-frontend",
      [
        "COPY vendor/next ./vendor/next", "ARG NEXT_PUBLIC_API_URL",
        #"    && NEXT_PRIVATE_STANDALONE=1 npm run build \"#,
      ]
    ),
    (
      "todo-frontend",
      ["FROM node:24-alpine3.23 AS build", "ARG NEXT_PUBLIC_API_URL", #"    && npm run build \"#]
    ),
  ])
  func fitsTheFixture(_ fixture: String, _ lines: [String]) async throws {
    let dockerfile = try generate(fixture)[0].contents
    let written = dockerfile.split(separator: "\n").map(String.init)
    for line in lines { #expect(written.contains(line), "\(line)") }

    let hadolint = try await Command.run(
      "hadolint", ["--no-color", "-"], input: Array(dockerfile.utf8))
    #expect(hadolint.status == 0)
    #expect(hadolint.output == "")
  }

  @Test func documentsEveryVariableOnce() throws {
    let guide = try generate("todo-backend")[2].contents
    for name in ["DATABASE_URL", "API_KEY", "LLM_API_KEY", "ALLOWED_HOSTS", "LOG_LEVEL"] {
      #expect(guide.split(separator: "\n").count { $0.hasPrefix("| `\(name)` |") } == 1, "\(name)")
    }
  }
}
