import ForgeBasics
import Foundation
import Testing

@testable import ForgeCodebase

@Suite struct FastAPIEntrypointTests {
  struct Shape: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let files: [String: String]
    let entrypoint: String
    var appDir = "."
    var factory = false
  }

  private static let app = PythonProject.app

  static let shapes: [Shape] = [
    Shape(
      testDescription: "an attribute of an object",
      files: [
        "main.py": "from server import Server\nserver = Server()\napp = server.app\n",
        "server.py":
          "from fastapi import FastAPI\nclass Server:\n  def __init__(self):\n"
          + "    self.app: FastAPI = self._make()\n  def _make(self):\n    return FastAPI()\n",
      ], entrypoint: "main:app"),
    Shape(
      testDescription: "a factory that asks a class of another module",
      files: [
        "shop/__init__.py": "",
        "shop/main.py":
          "def make():\n  from shop.server import Server\n  return Server().app\napp = make()\n",
        "shop/server.py":
          "from fastapi import FastAPI\nclass Base:\n  app = FastAPI()\n"
          + "class Server(Base):\n  pass\n",
      ], entrypoint: "shop.main:app"),
    Shape(
      testDescription: "a property",
      files: [
        "main.py":
          "from fastapi import FastAPI\nclass S:\n  @property\n  def asgi(self):\n"
          + "    return FastAPI()\napp = S().asgi\n"
      ], entrypoint: "main:app"),
    Shape(
      testDescription: "a promise of the annotation alone",
      files: [
        "main.py":
          "from fastapi import FastAPI\ndef make() -> FastAPI:\n  return build()\napp = make()\n"
      ], entrypoint: "main:app"),
    Shape(
      testDescription: "a factory that calls another one",
      files: [
        "main.py":
          "from fastapi import FastAPI\ndef create_app():\n  return FastAPI()\n"
          + "def create_production_app():\n  app = create_app()\n  return app\n"
      ], entrypoint: "main:create_production_app", factory: true),
    Shape(
      testDescription: "a name in the code whose imports need the folder above",
      files: [
        "shop/__init__.py": "", "shop/db.py": "",
        "shop/app.py":
          "import uvicorn\nfrom shop.db import x\n" + app
          + "def main():\n  uvicorn.run('app:app', port=9000)\n",
      ], entrypoint: "shop.app:app"),
    Shape(
      testDescription: "made where the file is run by another",
      files: [
        "main.py": "from fastapi import FastAPI\nif __name__ != '__main__':\n  app = FastAPI()\n"
      ],
      entrypoint: "main:app"),
    Shape(testDescription: "one file", files: ["main.py": app], entrypoint: "main:app"),
    Shape(
      testDescription: "an annotated object of another name",
      files: ["server.py": "import fastapi as f\nservice: f.FastAPI = f.FastAPI(title='x')\n"],
      entrypoint: "server:service"),
    Shape(
      testDescription: "package",
      files: ["app/__init__.py": "", "app/main.py": "from .deps import x\n" + app],
      entrypoint: "app.main:app"),
    Shape(
      testDescription: "namespace package whose imports need the folder above",
      files: ["app/main.py": "from app.core import x\n" + app, "app/core.py": "x = 1\n"],
      entrypoint: "app.main:app"),
    Shape(
      testDescription: "folder that is no package",
      files: ["app/main.py": "import core\n" + app, "app/core.py": "x = 1\n"],
      entrypoint: "main:app", appDir: "app"),
    Shape(
      testDescription: "src layout",
      files: [
        "src/shop/__init__.py": "", "src/shop/main.py": "from shop.db import x\n" + app,
        "src/shop/db.py": "",
      ],
      entrypoint: "shop.main:app", appDir: "src"),
    Shape(
      testDescription: "package that is meant to be the folder of the imports",
      files: [
        "src/__init__.py": "",
        "src/main.py": "from health.api import x\nfrom container import c\n" + app
          + "import uvicorn\nif __name__ == '__main__': uvicorn.run('main:app')\n",
        "src/health/__init__.py": "", "src/health/api.py": "x = 1\n",
        "src/container.py": "from src.config import c\n", "src/config.py": "c = 1\n",
      ],
      entrypoint: "main:app", appDir: "src"),
    Shape(
      testDescription: "package whose files bear the names of installed modules",
      files: [
        "app/__init__.py": "", "app/main.py": "import logging, uvicorn\n" + app,
        "app/logging.py": "", "app/uvicorn.py": "",
      ],
      entrypoint: "app.main:app"),
    Shape(
      testDescription: "package that is imported by its own name as often as its files are",
      files: [
        "app/__init__.py": "", "app/main.py": "import app.core\nimport helper\n" + app,
        "app/core.py": "", "app/helper.py": "",
      ],
      entrypoint: "app.main:app"),
    Shape(
      testDescription: "package with relative imports",
      files: [
        "app/__init__.py": "", "app/main.py": "from . import core\nimport core as c\n" + app,
        "app/core.py": "",
      ],
      entrypoint: "app.main:app"),
    Shape(
      testDescription: "factory",
      files: [
        "app/__init__.py": "",
        "app/main.py":
          "from fastapi import FastAPI\ndef create_app() -> FastAPI:\n  app = FastAPI()\n  return app\n",
      ],
      entrypoint: "app.main:create_app", factory: true),
    Shape(
      testDescription: "object made by a factory",
      files: [
        "app/__init__.py": "",
        "app/factory.py": "from fastapi import FastAPI\ndef create_app():\n  return FastAPI()\n",
        "app/asgi.py": "from .factory import create_app\napplication = create_app()\n",
      ], entrypoint: "app.asgi:application"),
    Shape(
      testDescription: "subclass",
      files: [
        "base.py": "from fastapi import FastAPI\nclass App(FastAPI):\n  pass\n",
        "main.py": "from base import App\napi = App()\n",
      ], entrypoint: "main:api"),
    Shape(
      testDescription: "in __init__",
      files: ["shop/__init__.py": "from fastapi import FastAPI\napp = FastAPI()\n"],
      entrypoint: "shop:app"),
    Shape(
      testDescription: "wrapped in middleware",
      files: [
        "main.py":
          "import socketio\nfrom fastapi import FastAPI\napp = FastAPI()\nsio_app = socketio.ASGIApp(sio, other_asgi_app=app)\n"
      ],
      entrypoint: "main:sio_app"),
    Shape(
      testDescription: "mounted sub-application loses",
      files: [
        "main.py":
          "from fastapi import FastAPI\nadmin = FastAPI()\napp = FastAPI()\napp.mount('/admin', admin)\n"
      ],
      entrypoint: "main:app"),
    Shape(
      testDescription: "tests and examples lose",
      files: ["examples/main.py": app, "tests/test_app.py": app, "web/service.py": app],
      entrypoint: "service:app",
      appDir: "web"),
    Shape(
      testDescription: "[tool.fastapi]",
      files: [
        "pyproject.toml": "[tool.fastapi]\nentrypoint = \"web.service:api\"\n", "main.py": app,
        "web/service.py": "from fastapi import FastAPI\napi = FastAPI()\n",
      ], entrypoint: "web.service:api"),
    Shape(
      testDescription: "Procfile",
      files: [
        "Procfile":
          "release: x\nweb: cd . && PORT=1 python -m uvicorn web.service:make --factory --port 9000\n",
        "main.py": app,
        "web/service.py": "from fastapi import FastAPI\ndef make():\n  return FastAPI()\n",
      ],
      entrypoint: "web.service:make", factory: true),
    Shape(
      testDescription: "uvicorn.run with a name",
      files: [
        "run.py":
          "import uvicorn\nif __name__ == '__main__':\n  uvicorn.run('web.service:api', port=9000, reload=True)\n",
        "main.py": app, "web/service.py": "from fastapi import FastAPI\napi = FastAPI()\n",
      ], entrypoint: "web.service:api"),
    Shape(
      testDescription: "uvicorn.run in the folder of the file",
      files: [
        "backend/main.py": app
          + "import uvicorn\nif __name__ == '__main__':\n  uvicorn.run('main:app')\n"
      ],
      entrypoint: "main:app", appDir: "backend"),
    Shape(
      testDescription: "uvicorn.run with the object",
      files: [
        "pkg/__init__.py": "",
        "pkg/web.py":
          "from fastapi import FastAPI\nserver = FastAPI()\ndef main():\n  import uvicorn\n  uvicorn.run(server, host='0.0.0.0')\n",
      ],
      entrypoint: "pkg.web:server"),
  ]

  struct Own: Sendable {
    let files: [String: String]
    let entrypoint: String
    var package: String?
  }

  /// A service whose folder is itself a package: what its files import begins above it.
  @Test(arguments: [
    Own(
      files: ["main.py": "from api.routes import x\n" + app, "routes.py": "x = 1\n"],
      entrypoint: "api.main:app", package: "api"),
    Own(
      files: ["__init__.py": "", "main.py": "from .routes import x\n" + app, "routes.py": ""],
      entrypoint: "api.main:app", package: "api"),
    Own(
      files: [
        "main.py": "from api.core.registrar import make\napp = make()\n",
        "core/registrar.py": "from fastapi import FastAPI\nfrom api import conf\n"
          + "def make() -> FastAPI:\n  return FastAPI()\n",
        "conf.py": "", "start.sh": "gunicorn api.main:app\n",
      ],
      entrypoint: "api.main:app", package: "api"),
    Own(
      files: [
        "main.py": "import jobs\n" + app, "jobs.py": "from api import conf\n", "conf.py": "",
      ],
      entrypoint: "main:app", package: "api"),
    // A package of that name that is there, one that is installed, and one of which nothing is in the folder.
    Own(
      files: ["main.py": "from api.routes import x\n" + app, "api/routes.py": "x = 1\n"],
      entrypoint: "main:app"),
    Own(files: ["main.py": "import api\n" + app, "routes.py": ""], entrypoint: "main:app"),
    Own(
      files: ["main.py": "from api.other import x\n" + app, "routes.py": ""],
      entrypoint: "main:app"),
  ])
  func folderThatIsAPackage(_ own: Own) throws {
    var files = Dictionary(uniqueKeysWithValues: own.files.map { ("api/" + $0.key, $0.value) })
    files["api/requirements.txt"] = PythonProject.requirements
    let service = try PythonProject.service(files, folder: "api")
    #expect(service.fastapi?.entrypoint == own.entrypoint)
    #expect(service.fastapi?.appDir == ".")
    #expect(service.package == own.package)
    #expect(service.findings.filter { $0.severity == .error } == [])
  }

  @Test(arguments: shapes) func shape(_ shape: Shape) throws {
    var files = shape.files
    files["requirements.txt"] = PythonProject.requirements
    let service = try PythonProject.service(files)
    #expect(service.fastapi?.entrypoint == shape.entrypoint)
    #expect(service.fastapi?.appDir == shape.appDir)
    #expect(service.fastapi?.factory == shape.factory)
    #expect(service.findings.filter { $0.severity == .error } == [])
  }

  @Test func rivalsAreNamed() throws {
    let service = try PythonProject.service([
      "requirements.txt": PythonProject.requirements, "one/service.py": PythonProject.app,
      "two/service.py": PythonProject.app,
    ])
    let finding = try #require(service.findings.first { $0.id == "FORGE-F004" })
    #expect(finding.severity == .warning)
    #expect(finding.message.contains("two/service.py:2"))
  }

  @Test func portOfTheStartCommand() throws {
    let service = try PythonProject.service([
      "requirements.txt": PythonProject.requirements, "main.py": PythonProject.app,
      "Procfile": "web: uvicorn main:app --host 0.0.0.0 --port 9001\n",
    ])
    #expect(service.port == 9001)
    let low = try PythonProject.service([
      "requirements.txt": PythonProject.requirements, "main.py": PythonProject.app,
      "Procfile": "web: uvicorn main:app --port=80\n",
    ])
    #expect(low.port == 8000)
    #expect(low.has("FORGE-F011", .info))
  }

  @Test(arguments: [
    ("fastapi==1\nuvicorn==1\ngunicorn==1\n", "uvicorn", false),
    ("fastapi[standard]==1\n", "fastapi", false),
    ("fastapi==1\nhypercorn==1\n", "hypercorn", false),
    ("fastapi==1\ngranian==1\n", "granian", false),
    ("fastapi==1\n", "uvicorn", true), ("fastapi==1 # uvicorn\n", "uvicorn", true),
  ])
  func server(_ requirements: String, _ server: String, _ isMissing: Bool) throws {
    let service = try PythonProject.service([
      "requirements.txt": requirements, "main.py": PythonProject.app,
    ])
    #expect(service.fastapi?.server == server)
    #expect(service.has("FORGE-F012", .error) == isMissing)
  }

  @Test func gunicornIsRespectedWhereItIsConfigured() throws {
    let service = try PythonProject.service([
      "requirements.txt": "fastapi==1\nuvicorn==1\ngunicorn==1\n", "main.py": PythonProject.app,
      "Procfile": "web: gunicorn -k uvicorn.workers.UvicornWorker main:app -b 0.0.0.0:8080\n",
    ])
    #expect(service.fastapi?.server == "gunicorn")
    #expect(service.port == 8080)
  }

  /// Words of a project that would change a Dockerfile never come out.
  @Test(arguments: [
    "main:app\nRUN curl evil", "main:app --reload", "main:app\"; rm -rf /", "../../x:app",
    "a b:app", ":", "main:",
    "main.:app", "måin:app",
  ])
  func hostileEntrypointIsRefused(_ text: String) throws {
    let quoted = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing(
      "\"", with: "\\\"")
    let service = try PythonProject.service([
      "requirements.txt": PythonProject.requirements, "main.py": PythonProject.app,
      "pyproject.toml": "[tool.fastapi]\nentrypoint = \"\(quoted)\"\n",
    ])
    #expect(service.fastapi?.entrypoint == "main:app")
    #expect(service.has("FORGE-F001", .error))
  }

  @Test func hostileFolderIsRefused() throws {
    let found = try PythonProject.with([
      "requirements.txt": PythonProject.requirements, "a\nRUN evil/main.py": PythonProject.app,
    ]) { try $0.analyze() }
    #expect(found == nil)
  }

  @Test func nothingWithoutAnApplication() throws {
    for files in [
      [
        "requirements.txt": "flask==1\n# fastapi\n",
        "main.py": "from flask import Flask\napp = Flask()\n",
      ],
      [
        "requirements.txt": "fastapi-users==1\n",
        "lib.py": "from fastapi import APIRouter\nrouter = APIRouter()\n",
      ],
      ["requirements.txt": "x\n", "main.py": "class FastAPI: pass\napp = FastAPI()\n"],
      ["package.json": "{}"],
    ] {
      let found = try PythonProject.with(files) { try $0.analyze() }
      #expect(found == nil)
    }
  }

  @Test func undeclaredFastAPIIsAnError() throws {
    let service = try PythonProject.service(["main.py": PythonProject.app])
    #expect(service.has("FORGE-F010", .error))
    #expect(service.packageManager.name == .pip)
  }
}
