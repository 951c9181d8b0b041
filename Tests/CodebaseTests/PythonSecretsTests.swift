import ForgeBasics
import Testing

@testable import ForgeCodebase

/// Variables that the code does not name: computed ones, and those that package managers read for an index.
@Suite struct PythonSecretsTests {
  @Test func computedNames() throws {
    let code =
      PythonProject.app + """
        import os
        from os import environ, getenv
        PREFIX = "APP"
        known = os.environ[PREFIX + "_A"], getenv(f"{PREFIX}_B")
        def read(name):
            return os.environ[name], environ.get(name), getenv(name.upper())
        os.environ[known] = "written, not read"
        """
    let service = try PythonProject.service([
      "requirements.txt": PythonProject.requirements, "main.py": code,
    ])
    let found = service.findings.filter { $0.id == "FORGE-F021" }
    // A joined name is followed, a formatted one is not.
    #expect(found.map(\.location) == ["main.py:6"] && found.first?.severity == .info)
    #expect(found.first?.message.contains("3 more places") == true, "\(found)")
    let plain =
      PythonProject.app + "import os\nA = os.environ['A']\nfor k, v in os.environ.items(): pass\n"
    #expect(
      try !PythonProject.service(["requirements.txt": PythonProject.requirements, "main.py": plain])
        .has("FORGE-F021"))
  }

  private static let poetry = """
    [tool.poetry]
    name = "api"
    package-mode = false
    [tool.poetry.dependencies]
    python = "^3.12"
    fastapi = "0.121.0"
    uvicorn = "0.38.0"
    [[tool.poetry.source]]
    name = "team-index"
    url = "https://pypi.team.example/simple"
    priority = "explicit"
    [[tool.poetry.source]]
    name = "torch"
    url = "https://download.pytorch.org/whl/cpu"

    """

  @Test func poetryAsksForLogins() throws {
    let service = try PythonProject.service([
      "pyproject.toml": Self.poetry, "main.py": PythonProject.app,
    ])
    let secrets = service.environment.filter { $0.scope == .buildSecret }
    #expect(
      secrets.map(\.name) == [
        "POETRY_HTTP_BASIC_TEAM_INDEX_PASSWORD", "POETRY_HTTP_BASIC_TEAM_INDEX_USERNAME",
      ])
    #expect(secrets.allSatisfy { $0.sources == ["pyproject.toml:9"] && !$0.required })
  }

  @Test(arguments: [
    (#"url = "https://pypi.team.example/simple""#, 2, false),
    ("url = \"https://pypi.team.example/simple\"\nauthenticate = \"always\"", 2, true),
    ("url = \"https://pypi.team.example/simple\"\nauthenticate = \"never\"", 0, false),
    (#"url = "https://download.pytorch.org/whl/cpu""#, 0, false),
    (#"url = "https://download.pytorch.org.evil.example/simple""#, 2, false),
  ])
  func uvAsksForLogins(_ index: String, _ count: Int, _ required: Bool) throws {
    let project = """
      [project]
      name = "api"
      version = "1"
      requires-python = ">=3.12"
      dependencies = ["fastapi", "uvicorn"]
      [[tool.uv.index]]
      name = "team"
      \(index)

      """
    let service = try PythonProject.service([
      "pyproject.toml": project, "main.py": PythonProject.app,
    ])
    let secrets = service.environment.filter { $0.scope == .buildSecret }
    #expect(
      secrets.map(\.name) == ["UV_INDEX_TEAM_PASSWORD", "UV_INDEX_TEAM_USERNAME"].suffix(count))
    #expect(secrets.allSatisfy { $0.required == required })
  }

  @Test func migrationsAndWorkspaceShowTheirEvidence() throws {
    let service = try PythonProject.service(
      [
        "pyproject.toml":
          "[project]\nname = \"all\"\nversion = \"1\"\n[tool.uv.workspace]\nmembers = [\"api\"]\n",
        "uv.lock":
          "version = 1\nrequires-python = \">=3.12\"\n[[package]]\nname = \"fastapi\"\nversion = \"0.121.0\"\nsource = { registry = \"https://packages.example/simple\" }\n",
        "api/pyproject.toml":
          "[project]\nname = \"api\"\nversion = \"1\"\nrequires-python = \">=3.12\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n[tool.aerich]\ntortoise_orm = \"db.CONFIG\"\n",
        "api/main.py": PythonProject.app,
      ], folder: "api")
    func evidence(_ key: String) -> [String]? {
      service.conclusions.first { $0.key == key }?.evidence
    }
    #expect(evidence("workspace.root") == ["pyproject.toml:4"])
    #expect(evidence("migrations") == ["api/pyproject.toml:6"])
    let alembic = try PythonProject.service([
      "requirements.txt": PythonProject.requirements, "main.py": PythonProject.app,
      "alembic.ini": "[alembic]\n",
    ])
    #expect(alembic.conclusions.first { $0.key == "migrations" }?.evidence == ["alembic.ini:1"])
  }
}
