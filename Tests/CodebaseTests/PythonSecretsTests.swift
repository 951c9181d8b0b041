import ForgeBasics
import Testing

@testable import ForgeCodebase

/// Variables that the code does not name: computed ones, and those that package managers read for an index.
@Suite struct PythonSecretsTests {
  /// What the code proves about a variable's absence; `A` is the one that is asked for.
  @Test(arguments: [
    ("x = os.environ['A']", "required"), ("x = os.getenv('A')", "unknown"),
    ("x = os.getenv('A', None)", "unknown"), ("x = os.getenv('A', 'd')", "optional"),
    ("x = os.getenv('A') or 'd'", "optional"), ("x = os.getenv('B') or os.getenv('A')", "optional"),
    ("x = os.getenv('A') == 'on'", "optional"), ("x = bool(os.getenv('A'))", "optional"),
    ("x = os.getenv('A').split(',')", "required"), ("x = int(os.getenv('A'))", "required"),
    ("x = int(os.getenv('A', '1'))", "optional"), ("x = os.environ.pop('A')", "required"),
    ("x = os.environ.pop('A', None)", "optional"), ("os.environ.setdefault('A', 'd')", "optional"),
    ("if 'A' in os.environ:\n    x = os.environ['A']", "optional"),
    ("if 'A' not in os.environ:\n    raise KeyError", "required"),
    ("if not os.getenv('A'):\n    sys.exit(1)", "required"),
    ("if not os.getenv('A'):\n    print('off')", "optional"),
    ("x = os.getenv('A')\nif x is None:\n    raise KeyError", "required"),
    ("x = os.getenv('A')\nif x:\n    print(x)", "optional"),
    ("if (x := os.getenv('A')) is None:\n    raise KeyError", "required"),
    ("if not os.getenv('A') and not os.getenv('B'):\n    raise KeyError", "optional"),
    ("if not os.getenv('A') or not os.getenv('B'):\n    raise KeyError", "required"),
    ("assert os.getenv('A'), 'none'", "required"), ("assert 'A' in os.environ", "required"),
    ("try:\n    x = os.environ['A']\nexcept KeyError:\n    x = ''", "optional"),
    ("try:\n    x = os.environ['A']\nexcept KeyError:\n    raise SystemExit(1)", "required"),
    ("try:\n    x = os.environ['A']\nexcept ValueError:\n    x = ''", "required"),
    ("with contextlib.suppress(KeyError):\n    x = os.environ['A']", "optional"),
    ("x = os.environ['A'] if 'A' in os.environ else ''", "optional"),
    (
      "def f():\n    if not os.getenv('A'):\n        return\n    return os.environ['A']", "optional"
    ),
    ("def f():\n    if not os.getenv('A'):\n        return\nx = os.environ['A']", "required"),
    (
      "def need(n):\n    v = os.getenv(n)\n    if not v:\n        raise KeyError(n)\nneed('B')\nneed('A')",
      "required"
    ),
    ("del os.environ['A']", "none"), ("os.environ['A'] = '1'", "none"),
    ("env = environs.Env()\nx = env.int('A')", "required"),
    ("env = environs.Env()\nx = env('A', 'd')", "optional"),
    ("env = environs.Env()\nwith env.prefixed('A'):\n    x = env('')", "required"),
    ("x = decouple.config('A')", "required"), ("x = decouple.config('A', default='')", "optional"),
    ("c = starlette.config.Config()\nx = c('A', str)", "required"),
    ("c = starlette.config.Config()\nx = c('A', str, 'd')", "optional"),
    (
      "s = dynaconf.Dynaconf(envvar_prefix=False, validators=[dynaconf.Validator('A', must_exist=True)])",
      "required"
    ),
  ])
  func requirements(_ code: String, _ expected: String) throws {
    let imports = "import os, sys, contextlib, environs, decouple, starlette.config, dynaconf\n"
    let service = try PythonProject.service([
      "requirements.txt": PythonProject.requirements,
      "main.py": PythonProject.app + imports + code + "\n",
    ])
    let variable = service.environment.first { $0.name == "A" }
    #expect(variable?.requirement.rawValue ?? "none" == expected)
  }

  @Test func requirementsOfSettings() throws {
    func requirements(_ module: String, _ fields: String) throws -> [String] {
      try PythonProject.service([
        "requirements.txt": PythonProject.requirements,
        "main.py": PythonProject.app + """
          from typing import ClassVar, Optional
          from pydantic import AliasChoices, Field
          from \(module) import BaseSettings
          class S(BaseSettings):
          \(fields)
          """,
      ]).environment.map { "\($0.name) \($0.requirement.rawValue)" }
    }
    let fields =
      "    a: str\n    b: Optional[str]\n    c: int = 1\n    d: str = Field(default_factory=str)"
    #expect(
      try requirements("pydantic_settings", fields) == [
        "A required", "B required", "C optional", "D optional",
      ])
    #expect(try requirements("pydantic", fields).contains("B optional"))
    #expect(
      try requirements(
        "pydantic_settings",
        "    _p: ClassVar[str] = 'P_'\n    model_config = {'env_prefix': _p}\n    a: str") == [
          "P_A required"
        ])
  }

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
