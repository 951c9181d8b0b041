import ForgeBasics
import Foundation
import Testing

@testable import ForgeAnalyzer
@testable import ForgeCodebase

/// The shapes that Python services come in, each with what must be concluded about it.
@Suite struct PythonShapesTests {
  private static let app = PythonProject.app
  private static let pins = PythonProject.requirements

  /// The conclusions of a service in one line a fact; only what is there.
  private func summary(_ service: Service) -> [String] {
    var lines = [
      "\(service.kind.rawValue), \(service.packageManager.name.rawValue), python \(service.runtime.version)"
    ]
    if let lockfile = service.packageManager.lockfile { lines[0] += ", \(lockfile)" }
    if let fastapi = service.fastapi {
      lines.append(
        "\(fastapi.server) \(fastapi.entrypoint)\(fastapi.factory ? " factory" : "") in \(fastapi.appDir)"
      )
    }
    if service.port != 8000 { lines.append("port \(service.port)") }
    if let path = service.healthPath { lines.append("health \(path)") }
    if !service.databases.isEmpty {
      lines.append("databases \(service.databases.joined(separator: " "))")
    }
    if let migrations = service.migrations { lines.append("migrate \(migrations.command)") }
    lines += service.workers.map { "worker \($0.command)" }
    if !service.assetFolders.isEmpty {
      lines.append("assets \(service.assetFolders.joined(separator: " "))")
    }
    lines += service.mcp.map {
      "mcp \($0.state.rawValue) \($0.transport.rawValue) \($0.path ?? "-") \($0.entrypoint)"
    }
    let packages = service.systemPackages
    if !packages.build.isEmpty { lines.append("build \(packages.build.joined(separator: " "))") }
    if !packages.runtime.isEmpty {
      lines.append("runtime \(packages.runtime.joined(separator: " "))")
    }
    lines += service.findings.map {
      "\($0.id.rawValue.dropFirst("FORGE-".count)) \($0.location ?? "")"
    }
    return lines
  }

  private func expect(
    _ files: [String: String], folder: String = ".", _ expected: [String],
    at place: SourceLocation = #_sourceLocation
  ) throws {
    let service = try PythonProject.service(files, folder: folder)
    #expect(summary(service) == expected, sourceLocation: place)
  }

  @Test func hashedRequirements() throws {
    let hash = " \\\n    --hash=sha256:\(String(repeating: "a", count: 64))\n"
    try expect(
      ["main.py": Self.app, "requirements.txt": "fastapi==0.121.0\(hash)uvicorn==0.38.0\(hash)"],
      ["fastapi, pip, python 3.13, requirements.txt", "uvicorn main:app in ."])
  }

  @Test func packageWithRelativeImports() throws {
    try expect(
      [
        "app/__init__.py": "", "app/routes.py": "",
        "app/main.py": "from .routes import x\n" + Self.app,
        "requirements.txt": Self.pins,
      ], ["fastapi, pip, python 3.13, requirements.txt", "uvicorn app.main:app in ."])
  }

  @Test func sourceLayoutWithHatchAndUV() throws {
    try expect(
      [
        "src/shop/__init__.py": "", "src/shop/main.py": Self.app,
        "pyproject.toml": """
        [project]
        name = "shop"
        requires-python = ">=3.12"
        dependencies = ["fastapi", "uvicorn"]
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        """,
        "uv.lock": """
        version = 1
        requires-python = ">=3.12"
        [[package]]
        name = "shop"
        source = { editable = "." }
        dependencies = [{ name = "fastapi" }, { name = "uvicorn" }]
        [[package]]
        name = "fastapi"
        version = "0.121.0"
        [[package]]
        name = "uvicorn"
        version = "0.38.0"
        """,
      ], ["fastapi, uv, python 3.13, uv.lock", "uvicorn shop.main:app in src"])
  }

  @Test func factory() throws {
    try expect(
      [
        "shop/__init__.py": "", "requirements.txt": Self.pins,
        "shop/factory.py":
          "from fastapi import FastAPI\ndef create_app() -> FastAPI:\n    return FastAPI()\n",
      ],
      [
        "fastapi, pip, python 3.13, requirements.txt",
        "uvicorn shop.factory:create_app factory in .",
      ])
  }

  @Test func objectOfAnotherNameWithMountsAndWrapped() throws {
    try expect(
      [
        "main.py": """
        import socketio
        from fastapi import FastAPI
        admin = FastAPI()
        api = FastAPI()
        api.mount("/admin", admin)
        sio = socketio.AsyncServer()
        app = socketio.ASGIApp(sio, api)
        """, "requirements.txt": Self.pins,
      ], ["fastapi, pip, python 3.13, requirements.txt", "uvicorn main:app in ."])
  }

  @Test func instanceInAPackagesOwnFile() throws {
    try expect(
      ["shop/__init__.py": Self.app, "requirements.txt": Self.pins],
      ["fastapi, pip, python 3.13, requirements.txt", "uvicorn shop:app in ."])
  }

  @Test func twoServicesInOneTree() throws {
    let tree = [
      "a/main.py": Self.app, "a/requirements.txt": Self.pins, "b/app/main.py": Self.app,
      "b/app/__init__.py": "",
      "b/requirements.txt": Self.pins,
    ]
    let services = try PythonProject.with(tree) { try Analyzer.analyze($0.root).services }
    #expect(services.map(\.path) == ["a", "b"])
    #expect(services.map(\.fastapi?.entrypoint) == ["main:app", "app.main:app"])
  }

  @Test(arguments: [
    (
      "compose.yaml",
      "services:\n  api:\n    build: .\n    command: uvicorn other:api --port 9000\n",
      "compose.yaml:4"
    ),
    (
      "compose.yaml",
      "services:\n  api:\n    build: .\n    command: [\"uvicorn\", \"other:api\", \"--port\", \"9000\"]\n",
      "compose.yaml:4"
    ),
    (
      "Dockerfile", "FROM x\nCOPY . .\nCMD [\"uvicorn\", \"other:api\", \"--port\", \"9000\"]\n",
      "Dockerfile:3"
    ),
    (
      "scripts/start.sh", "#!/bin/sh\nexec uvicorn \\\n  other:api --port 9000\n",
      "scripts/start.sh:2"
    ),
    (
      "Makefile", "run:\n\tuvicorn main:app --reload\nserve:\n\tuvicorn other:api --port 9000\n",
      "Makefile:4"
    ),
    ("Procfile", "web: uvicorn other:api --port 9000\n", "Procfile:1"),
  ])
  func startCommandsInFiles(_ name: String, _ text: String, _ place: String) throws {
    let other = "from fastapi import FastAPI\napi = FastAPI()\n"
    let files = ["main.py": Self.app, "other.py": other, "requirements.txt": Self.pins, name: text]
    let service = try PythonProject.service(files)
    #expect(service.fastapi?.entrypoint == "other:api")
    #expect(service.port == 9000)
  }

  @Test func gunicornWithItsWorkers() throws {
    try expect(
      [
        "main.py": Self.app,
        "requirements.txt": Self.pins + "gunicorn==23.0.0\nuvicorn-worker==0.4.0\n",
        "Procfile": "web: gunicorn main:app -w 4 -k uvicorn_worker.UvicornWorker -b 0.0.0.0:9000\n",
      ], ["fastapi, pip, python 3.13, requirements.txt", "gunicorn main:app in .", "port 9000"])
  }

  @Test func setupConfigurationAlone() throws {
    try expect(
      [
        "main.py": Self.app,
        "setup.cfg": """
        [metadata]
        name = shop
        [options]
        python_requires = >=3.11,<3.13
        install_requires =
            fastapi==0.121.0
            uvicorn==0.38.0 ; python_version > "3.8"
        [options.extras_require]
        test =
            pytest
        """,
      ], ["fastapi, pip, python 3.12", "uvicorn main:app in ."])
  }

  @Test func lockOfTheStandardAlone() throws {
    try expect(
      [
        "main.py": Self.app,
        "pylock.toml": """
        lock-version = "1.0"
        requires-python = ">=3.11"
        [[packages]]
        name = "fastapi"
        version = "0.121.0"
        [[packages]]
        name = "uvicorn"
        version = "0.38.0"
        """,
      ], ["fastapi, uv, python 3.13, pylock.toml", "uvicorn main:app in ."])
  }

  @Test func pipfileWithoutLock() throws {
    try expect(
      [
        "main.py": Self.app,
        "Pipfile":
          "[packages]\nfastapi = \"==0.121.0\"\nuvicorn = \"*\"\n[requires]\npython_version = \"3.12\"\n",
      ], ["fastapi, pipenv, python 3.12", "uvicorn main:app in .", "P021 Pipfile:1"])
  }

  @Test func exportedRequirementsBesideTheLockAreNoConflict() throws {
    let lock = """
      version = 1
      [[package]]
      name = "fastapi"
      version = "0.121.0"
      [[package]]
      name = "uvicorn"
      version = "0.38.0"
      """
    let project = "[project]\nname = \"a\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n"
    let files = ["main.py": Self.app, "uv.lock": lock, "pyproject.toml": project]
    let header = "# This file was autogenerated by uv via the following command:\n#    uv export\n"
    let exported = try PythonProject.service(
      files.merging(["requirements.txt": header + Self.pins]) { $1 })
    #expect(!exported.has("FORGE-P020"))
    let written = try PythonProject.service(files.merging(["requirements.txt": Self.pins]) { $1 })
    #expect(written.has("FORGE-P020", .warning))
  }

  @Test func wheelsDecideWhatIsCompiled() throws {
    let wheel = "{ url = \"https://x.org/NAME\" }"
    func package(_ name: String, _ wheels: [String]) -> String {
      let list = wheels.map { wheel.replacing("NAME", with: "\(name)-1.0-\($0).whl") }.joined(
        separator: ", ")
      return """
        [[package]]
        name = "\(name)"
        version = "1.0"
        sdist = { url = "https://x.org/\(name)-1.0.tar.gz" }
        wheels = [\(list)]

        """
    }
    let lock =
      "version = 1\n"
      + package("fastapi", ["py3-none-any"]) + package("uvicorn", ["py3-none-any"])
      + package(
        "asyncpg", ["cp313-cp313-manylinux_2_17_x86_64", "cp313-cp313-musllinux_1_2_x86_64"])
      + package("torch", ["cp313-cp313-manylinux_2_28_x86_64"]) + package("psycopg2", [])
      + package(
        "cryptography", ["cp311-abi3-manylinux_2_34_x86_64", "cp311-abi3-musllinux_1_2_x86_64"])
      + package("mysqlclient", ["cp311-cp311-manylinux_2_17_x86_64", "cp313-cp313-win_amd64"])
    let service = try PythonProject.service([
      "main.py": Self.app, "uv.lock": lock,
      "pyproject.toml": "[project]\nname = \"a\"\nrequires-python = \">=3.13\"\n",
    ])
    let native = service.nativePackages.map {
      "\($0.name) \($0.libc.map(\.rawValue).joined(separator: " "))"
    }
    #expect(
      native == [
        "asyncpg glibc musl", "cryptography glibc musl", "mysqlclient ", "psycopg2 ", "torch glibc",
      ])
    #expect(service.systemPackages.build.contains("libpq-dev"))
    #expect(service.systemPackages.build.contains("default-libmysqlclient-dev"))
    #expect(service.systemPackages.runtime == ["libmariadb3", "libpq5"])
  }

  @Test func workersOfEveryKind() throws {
    try expect(
      [
        "app/__init__.py": "", "app/main.py": Self.app,
        "app/jobs.py": """
        from celery import Celery
        celery = Celery("jobs", broker="redis://redis:6379/0")
        celery.conf.beat_schedule = {}
        """,
        "app/queue.py": """
        from arq.connections import RedisSettings
        class WorkerSettings:
            functions = [job]
            redis_settings = RedisSettings()
        """,
        "app/tasks.py":
          "from taskiq_redis import ListQueueBroker\nbroker = ListQueueBroker('redis://redis')\n",
        "app/actors.py": "import dramatiq\n@dramatiq.actor\ndef send(x):\n    pass\n",
        "alembic.ini": "[alembic]\nscript_location = migrations\n",
        "requirements.txt": Self.pins + "alembic==1.14.0\ncelery==5.5.0\n",
      ],
      [
        "fastapi, pip, python 3.13, requirements.txt", "uvicorn app.main:app in .",
        "databases redis",
        "migrate alembic upgrade head", "worker arq app.queue.WorkerSettings",
        "worker celery -A app.jobs:celery beat",
        "worker celery -A app.jobs:celery worker", "worker dramatiq app.actors",
        "worker taskiq worker app.tasks:broker",
      ])
  }

  @Test func foldersThatAreServedAndRendered() throws {
    try expect(
      [
        "app/__init__.py": "", "app/static/a.css": "", "app/templates/a.html": "", "web/x.html": "",
        "app/main.py": """
        import os
        from pathlib import Path
        from fastapi import FastAPI
        from fastapi.staticfiles import StaticFiles
        from fastapi.templating import Jinja2Templates
        BASE = Path(__file__).resolve().parent
        app = FastAPI()
        app.mount("/static", StaticFiles(directory=BASE / "static"), name="static")
        app.mount("/web", StaticFiles(directory="web"))
        app.mount("/up", StaticFiles(directory="uploads"))
        templates = Jinja2Templates(directory=os.path.join(os.path.dirname(__file__), "templates"))
        """, "requirements.txt": Self.pins,
      ],
      [
        "fastapi, pip, python 3.13, requirements.txt", "uvicorn app.main:app in .",
        "assets app/static app/templates web", "F030 app/main.py:10", "P061 app/main.py:11",
      ])
  }

  @Test func nameInACommentIsNoDependency() throws {
    try PythonProject.with([
      "main.py": "print(1)\n", "requirements.txt": "# fastapi\nflask==3.0.0\n",
    ]) { project in
      let service = try project.analyze()
      #expect(service == nil)
    }
  }

  @Test(arguments: [
    (">=3.11,<4", "3.13"), ("~=3.12", "3.13"), ("==3.12.*", "3.12"), (">=3.14", "3.14"),
    ("<3.12", "3.11"),
  ])
  func pythonRanges(_ range: String, _ expected: String) throws {
    let project =
      "[project]\nname = \"a\"\nrequires-python = \"\(range)\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n"
    let service = try PythonProject.service(["main.py": Self.app, "pyproject.toml": project])
    #expect(service.runtime.version == expected)
  }

  /// Applications have modules of that name, which make no project of their folder.
  @Test func moduleNamedLikeAManifest() throws {
    let files = [
      "app/__init__.py": "", "app/core/__init__.py": "",
      "app/core/setup.py": "def setup():\n    pass\n",
      "app/core/config.py": "import os\nKEY = os.environ['API_URL']\n", "app/main.py": Self.app,
      "requirements.txt": Self.pins,
    ]
    let services = try PythonProject.with(files) { try Analyzer.analyze($0.root).services }
    #expect(services.map(\.path) == ["."])
    #expect(services.first?.variable("API_URL") != nil)
  }

  @Test func manifestsOfSomethingElseDoNotHideTheCode() throws {
    let files = ["backend/main.py": Self.app, "plugins/x/requirements.txt": "requests==2.0.0\n"]
    let services = try PythonProject.with(files) { try Analyzer.analyze($0.root).services }
    #expect(services.map(\.fastapi?.appDir) == ["backend"])
  }

  // MARK: MCP

  private static let sdk = "mcp>=1.23,<2\n"

  @Test func standardInputAndOutput() throws {
    try expect(
      [
        "server.py": """
        from mcp.server.fastmcp import FastMCP
        mcp = FastMCP("x")
        if __name__ == "__main__":
            mcp.run()
        """, "requirements.txt": "mcp==1.23.0\n",
      ], ["mcp, pip, python 3.13, requirements.txt", "mcp stdio stdio - server:mcp"])
  }

  @Test func overHTTPOnLoopback() throws {
    try expect(
      [
        "server.py": """
        from fastmcp import FastMCP
        mcp = FastMCP("x")
        if __name__ == "__main__":
            mcp.run(transport="http")
        """, "requirements.txt": "fastmcp==3.0.0\n",
      ],
      [
        "mcp, pip, python 3.13, requirements.txt", "mcp service streamable-http /mcp server:mcp",
      ])
  }

  @Test func classOfTheProjectsOwn() throws {
    try expect(
      [
        "server.py": """
        from fastmcp import FastMCP
        class Tools(FastMCP[dict]):
            pass
        mcp = Tools("x")
        mcp.run(transport="http", host="0.0.0.0")
        """, "requirements.txt": "fastmcp==3.0.0\n",
      ], ["mcp, pip, python 3.13, requirements.txt", "mcp service streamable-http /mcp server:mcp"])
  }

  @Test func settingsOfFastMCP() throws {
    try expect(
      [
        "server.py": "from fastmcp import FastMCP\nmcp = FastMCP('x')\n",
        "requirements.txt": "fastmcp==3.0.0\n",
        "fastmcp.json": """
        {"source": {"path": "server.py", "entrypoint": "mcp"},
         "deployment": {"transport": "http", "host": "0.0.0.0", "path": "/tools"}}
        """,
      ],
      ["mcp, pip, python 3.13, requirements.txt", "mcp service streamable-http /tools server:mcp"])
  }

  @Test func startedByACommand() throws {
    try expect(
      [
        "server.py": "from fastmcp import FastMCP\nmcp = FastMCP('x')\n",
        "requirements.txt": "fastmcp==3.0.0\n",
        "Procfile": "web: fastmcp run server.py:mcp --transport http --host 0.0.0.0\n",
      ], ["mcp, pip, python 3.13, requirements.txt", "mcp service streamable-http /mcp server:mcp"])
  }

  @Test func madeButNeverServed() throws {
    try expect(
      [
        "main.py": Self.app + "from fastmcp import FastMCP\nmcp = FastMCP('x')\n",
        "requirements.txt": Self.pins + "fastmcp==3.0.0\n",
      ],
      [
        "fastapi, pip, python 3.13, requirements.txt", "uvicorn main:app in .",
        "mcp unserved stdio - main:mcp",
        "M005 main.py:4",
      ])
  }

  @Test func childOfTheApplication() throws {
    try expect(
      [
        "main.py": Self.app
          + """
          from mcp import StdioServerParameters
          own = StdioServerParameters(command="python", args=["tools_server.py"])
          other = StdioServerParameters(command="npx", args=["-y", "@x/y"])
          """,
        "tools_server.py":
          "from mcp.server.fastmcp import FastMCP\nmcp = FastMCP('x')\nmcp.run()\n",
        "requirements.txt": Self.pins + "mcp==1.23.0\n",
      ],
      [
        "fastapi, pip, python 3.13, requirements.txt", "uvicorn main:app in .",
        "mcp child stdio - tools_server:mcp",
        "M006 main.py:5",
      ])
  }

  @Test func onlyCalledSo() throws {
    try expect(
      ["main.py": Self.app + "class MCPServer:\n    pass\n", "requirements.txt": Self.pins],
      ["fastapi, pip, python 3.13, requirements.txt", "uvicorn main:app in .", "M007 main.py:1"])
  }

  @Test func sessionsNeedOneProcess() throws {
    let code = """
      from fastapi import FastAPI
      from fastmcp import FastMCP
      mcp = FastMCP("x")
      mcp_app = mcp.http_app(path="/mcp")
      app = FastAPI(lifespan=mcp_app.lifespan)
      app.mount("/", mcp_app)
      """
    let files = [
      "main.py": code, "requirements.txt": Self.pins + "fastmcp==3.0.0\n",
      "Procfile": "web: uvicorn main:app --workers 4\n",
    ]
    #expect(try PythonProject.service(files).has("FORGE-M008", .warning))
    let stateless = code.replacing("path=\"/mcp\"", with: "path=\"/mcp\", stateless_http=True")
    #expect(
      try !PythonProject.service(files.merging(["main.py": stateless]) { $1 }).has("FORGE-M008"))
  }

  @Test func twoServersInOneApplication() throws {
    try expect(
      [
        "main.py": """
        from fastapi import FastAPI
        from fastmcp import FastMCP
        one = FastMCP("one")
        two = FastMCP("two")
        one_app = one.http_app(path="/")
        two_app = two.http_app(path="/")
        app = FastAPI(lifespan=combine_lifespans(one_app.lifespan, two_app.lifespan))
        app.mount("/one", one_app)
        app.mount("/two", two_app)
        """, "requirements.txt": Self.pins + "fastmcp==3.0.0\n",
      ],
      [
        "fastapi, pip, python 3.13, requirements.txt", "uvicorn main:app in .",
        "mcp mounted streamable-http /one main:one", "mcp mounted streamable-http /two main:two",
      ])
  }
}
