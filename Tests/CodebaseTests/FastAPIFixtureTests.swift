import ForgeBasics
import Foundation
import Testing

@testable import ForgeCodebase
@testable import ForgePython

/// The facts of `fixtures/todo-backend`.
@Suite struct FastAPIFixtureTests {
  private func service() throws -> Service {
    let fixtures = URL(filePath: #filePath).appending(path: "../../../fixtures").standardizedFileURL
    let tree = try ProjectTree(walking: fixtures.path(percentEncoded: false))
    return try #require(try FastAPIAnalyzer.analyze("todo-backend", in: tree))
  }

  @Test func application() throws {
    let service = try service()
    #expect(service.name == "todo-backend")
    #expect(service.kind == .fastapi)
    #expect(service.fastapi?.entrypoint == "app.main:app")
    #expect(service.fastapi?.appDir == ".")
    #expect(service.fastapi?.factory == false)
    #expect(service.fastapi?.server == "uvicorn")
    #expect(service.fastapi?.source.hasPrefix("todo-backend/app/main.py:") == true)
    #expect(service.healthPath == "/health")
    #expect(service.port == 8000)
    #expect(
      service.findings.map(\.id) == ["FORGE-P038"], "what psycopg[binary] weighs, and nothing else")
  }

  @Test func installation() throws {
    let service = try service()
    #expect(service.framework.version?.hasPrefix("0.") == true)
    #expect(service.framework.source.hasPrefix("todo-backend/requirements.txt:"))
    #expect(service.runtime.version == "3.13")
    #expect(service.runtime.source == "todo-backend/.python-version:1")
    #expect(service.packageManager.name == .pip)
    #expect(service.packageManager.lockfile == "requirements.txt")
    #expect(service.installInputs == ["requirements.txt"])
    #expect(service.systemPackages == SystemPackages())
  }

  @Test func environment() throws {
    let variables = try service().environment
    func variable(_ name: String) -> EnvironmentVariable? { variables.first { $0.name == name } }
    #expect(variable("DATABASE_URL")?.scope == .runtimeSecret)
    #expect(variable("DATABASE_URL")?.required == true)
    #expect(variable("LLM_API_KEY")?.scope == .runtimeSecret)
    #expect(variable("LLM_API_KEY")?.required == false)
    #expect(variable("LLM_BASE_URL")?.default == "https://api.openai.com/v1")
    #expect(variable("LLM_TIMEOUT")?.default == "30.0")
    #expect(variable("ALLOWED_HOSTS")?.default == "localhost,127.0.0.1")
    #expect(variable("LOG_LEVEL")?.sources.count == 2)
    #expect(variables.filter { $0.scope == .runtimeSecret }.allSatisfy { $0.default == nil })
  }

  @Test func databaseAndTools() throws {
    let service = try service()
    #expect(service.databases == ["postgresql"])
    #expect(service.migrations == Migrations(tool: "alembic", command: "alembic upgrade head"))
    #expect(service.mcp.count == 1)
    #expect(service.mcp.first?.transport == .streamableHTTP)
    #expect(service.mcp.first?.mounted == true)
    #expect(service.mcp.first?.path == "/mcp")
    #expect(service.mcp.first?.entrypoint == "app.mcp_server:mcp")
  }
}
