import ForgeBasics
import ForgeFindings
import Testing

@testable import ForgeAnalyzer
@testable import ForgeCodebase
@testable import ForgePython
@testable import ForgePythonCode

/// What is a service, what is not, and what stands beside what.
@Suite struct ServiceDetectionTests {
  private static let next = [
    "web/package.json":
      #"{"name":"web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
    "web/app/page.tsx": "",
  ]

  private func analyze(_ files: [String: String]) throws -> Analysis {
    let project = try Project(files)
    return try withExtendedLifetime(project) { try Analyzer.analyze(project.path) }
  }

  // MARK: Other frameworks

  @Test(arguments: [
    ("Flask", "from flask import Flask\napp = Flask(__name__)\n", "flask==3.0.0\n"),
    (
      "Django",
      "from django.core.wsgi import get_wsgi_application\napp = get_wsgi_application()\n",
      "django==5.1\n"
    ),
    (
      "Starlette", "from starlette.applications import Starlette\napp = Starlette()\n",
      "starlette\nuvicorn\n"
    ),
    ("Litestar", "from litestar import Litestar\napp = Litestar([])\n", "litestar\n"),
    ("Flask", "def make():\n  import flask\n  return flask.Flask('x')\napp = make()\n", "flask\n"),
  ])
  func anotherFrameworkIsNamed(_ name: String, _ code: String, _ requirements: String) throws {
    for start in [
      ["Procfile": "web: gunicorn shop:app\n"],
      ["Dockerfile": "FROM python:3.13\nCMD [\"uvicorn\", \"shop:app\"]\n"], [:],
    ] {
      var files = ["shop.py": code, "requirements.txt": requirements]
      files.merge(start) { $1 }
      let error = #expect(throws: AnalysisError.self) { try analyze(files) }
      #expect(error?.description.contains("an application of \(name)") == true)
      // Beside another service it is said, and no more.
      for (path, text) in files { files["api/" + path] = text }
      let beside = try analyze(
        Self.next.merging(files.filter { $0.key.hasPrefix("api/") }) { $1 })
      #expect(beside.services.map(\.path) == ["web"])
      #expect(beside.findings.map(\.id) == ["FORGE-T012"])
    }
  }

  /// A command names a Flask application, but another one is FastAPI's; or nothing shows what makes it, and FastAPI is
  /// declared.
  @Test func fastAPIBesideAnotherFramework() throws {
    let flask = "from flask import Flask\napp = Flask(__name__)\n"
    let both = try PythonProject.service([
      "old.py": flask, "main.py": PythonProject.app, "requirements.txt": "fastapi\nflask\n",
      "Procfile": "web: gunicorn old:app\n",
    ])
    #expect(both.fastapi?.entrypoint == "main:app")
    let unseen = try PythonProject.service([
      "main.py": "from elsewhere import app\napp = wrap(app)\n", "requirements.txt": "fastapi\n",
      "Procfile": "web: uvicorn main:app\n",
    ])
    #expect(unseen.conclusions.first { $0.key == "kind" }?.confidence == .likely)
    let neither = [
      "main.py": "from elsewhere import app\napp = wrap(app)\n", "requirements.txt": "uvicorn\n",
      "Procfile": "web: uvicorn main:app\n",
    ]
    let nothing = try PythonProject.with(neither) { try $0.analyze() }
    #expect(nothing == nil)
  }

  @Test func tableOfFrameworksIsReadable() {
    #expect(PythonFramework.table.count > 15)
    #expect(PythonFileUses.homeUsers.contains("transformers"))
  }

  // MARK: forge.yaml

  @Test func theWordOfTheSettingsCounts() throws {
    let files = [
      "requirements.txt": "uvicorn==0.38.0\n", "shop/__init__.py": "",
      "shop/main.py": "from vendor import build\napp = build()\n",
    ]
    #expect(throws: AnalysisError.self) { try analyze(files) }
    var named = files
    named["forge.yaml"] =
      "version: 1\nservices:\n  shop: {path: ., entrypoint: \"shop.main:app\"}\n"
    let service = try #require(try analyze(named).services.first)
    #expect(service.fastapi?.entrypoint == "shop.main:app")
    #expect(service.name == "shop")
    // In a folder that no manifest marks, too.
    let below = try analyze([
      "forge.yaml": "version: 1\nservices:\n  api: {path: api, entrypoint: \"main:app\"}\n",
      "api/main.py": "app = vendor.build()\n",
    ])
    #expect(below.services.map(\.path) == ["api"])
  }

  // MARK: What cannot be read

  @Test(arguments: ["api/pyproject.toml", "api/Pipfile", "other/package.json"])
  func aBrokenFileSilencesNobody(_ broken: String) throws {
    var files = Self.next
    files["api/main.py"] = PythonProject.app
    files[broken] = "<<<<<<< HEAD\n"
    let analysis = try analyze(files)
    #expect(analysis.services.map(\.path).contains("web"))
    let finding = try #require(analysis.findings.first { $0.id == "FORGE-T011" })
    #expect(finding.severity == .error)
    #expect(finding.location?.hasPrefix(broken) == true)
    #expect(throws: PartialAnalysisError.self) { try analysis.requireWhole() }
    // What only tests read stops nobody.
    files[broken] = nil
    files["web/tests/fixtures/package.json"] = "<<<<<<< HEAD\n"
    try analyze(files).requireWhole()
    // Nothing beside it: the error itself.
    guard broken.hasPrefix("api/") else { return }
    #expect(throws: AnalysisError.self) {
      try analyze([broken: "<<<<<<< HEAD\n", "api/main.py": PythonProject.app])
    }
  }

  // MARK: Ports

  struct PortShape: Sendable {
    let files: [String: String]
    let port: Int
    let place: String?

    init(_ files: [String: String], _ port: Int, _ place: String?) {
      self.files = files
      self.port = port
      self.place = place
    }
  }

  private static let fixed =
    "FROM python:3.13\nCMD [\"uvicorn\", \"main:app\", \"--port\", \"9004\"]\n"
  private static let script = """
    #!/bin/sh
    UVICORN_PORT="${UVICORN_PORT:-9002}"
    exec uvicorn main:app --port "$UVICORN_PORT"
    """
  private static let stages = """
    FROM python:3.13 AS runtime
    EXPOSE 9007
    FROM runtime AS test
    EXPOSE 1234
    CMD ["pytest"]
    """
  private static let own = """
    # Generated by forge. sha256:0000000000000000
    FROM python:3.11
    EXPOSE 9008
    """
  private static let compose = """
    services:
      api:
        build: .
        ports:
          - 80:9006
    """

  static let ports: [PortShape] = [
    PortShape(["Dockerfile": "FROM python:3.13\nEXPOSE 9000\n"], 9000, "Dockerfile:2"),
    PortShape(
      ["Dockerfile": "FROM python:3.13\nARG P=9001\nENV PORT=$P\nEXPOSE ${PORT}\n"], 9001,
      "Dockerfile:4"),
    PortShape(
      [
        "Dockerfile": "FROM python:3.13\nENTRYPOINT [\"/app/scripts/boot.sh\"]\n",
        "scripts/boot.sh": script,
      ], 9002, "scripts/boot.sh:3"),
    PortShape(
      ["Dockerfile": "FROM python:3.13\nENV UVICORN_PORT=9003\nCMD [\"uvicorn\", \"main:app\"]\n"],
      9003, "Dockerfile:3"),
    PortShape(
      ["Procfile": "web: uvicorn main:app --port ${PORT:-7860}\n", "Dockerfile": fixed], 9004,
      "Dockerfile:2"),
    PortShape(["Procfile": "web: uvicorn main:app --port ${PORT:-9005}\n"], 9005, "Procfile:1"),
    PortShape(["compose.yaml": compose], 9006, "compose.yaml:5"),
    // A stage for tests is not what runs.
    PortShape(["Dockerfile": stages], 9007, "Dockerfile:2"),
    // What forge generated is no evidence, and neither is what starts something else.
    PortShape(["Dockerfile": own], 8000, nil),
    PortShape(
      ["Makefile": "admin:\n\tuvicorn admin:site --port 9009\n", "admin.py": "site = 1\n"], 8000,
      nil),
  ]

  @Test(arguments: ports)
  func port(_ shape: PortShape) throws {
    var files = shape.files
    files["requirements.txt"] = PythonProject.requirements
    files["main.py"] = PythonProject.app
    let service = try PythonProject.service(files)
    #expect(service.port == shape.port)
    #expect(service.conclusions.first { $0.key == "port" }?.evidence.first == shape.place)
    #expect(service.runtime.version == "3.13")
  }

  // MARK: Files that the code names

  private func uses(_ code: String, _ files: [String: String] = [:]) throws -> Service {
    var files = files
    files["requirements.txt"] = PythonProject.requirements
    files["app/__init__.py"] = ""
    files["app/main.py"] =
      "import logging, os, sqlite3\nfrom logging.handlers import RotatingFileHandler\n"
      + "from pathlib import Path\nfrom loguru import logger\n" + PythonProject.app + code
    return try PythonProject.service(files)
  }

  private static let written: [(String, [String])] = [
    ("os.makedirs('uploads', exist_ok=True)\n", ["uploads"]),
    ("DIR = 'data/files'\ndef f():\n  os.makedirs(DIR)\n", ["data/files"]),
    ("Path('logs').mkdir(exist_ok=True)\n", ["logs"]),
    ("logging.FileHandler('logs/app.log')\n", ["logs"]),
    ("RotatingFileHandler(filename='var/log/x.log')\n", ["var/log"]),
    ("logger.add('logs/x.log')\n", ["logs"]),
    ("BASE = Path(__file__).resolve().parent.parent\nD = BASE / 'data'\nD.mkdir()\n", ["data"]),
    ("open(os.path.join(os.path.dirname(__file__), 'out', 'x'), 'wb')\n", ["app/out"]),
    ("URL = os.getenv('DATABASE_URL', 'sqlite:///./db/app.db')\n", ["db"]),
    ("URL = 'sqlite+aiosqlite:////data/app.db'\n", ["/data"]),
    ("sqlite3.connect('app.db')\n", ["."]),
    ("(Path.home() / '.cache' / 'shop').mkdir()\n", ["~/.cache/shop"]),
    ("import transformers\n", ["~"]),
    ("C = {'class': 'logging.FileHandler', 'filename': 'logs/a.log'}\n", ["logs"]),
    ("os.makedirs(os.environ.get('UPLOADS', 'uploads'))\n", ["uploads"]),
    ("(Path(__file__).resolve().parents[2] / 'data').mkdir()\n", ["/data"]),
    ("D = Path(os.getenv('D') or Path(__file__).parents[1] / 'd')\nD.mkdir()\n", ["d"]),
    ("D = Path(D0 if D0 else '/app/data')\nD.mkdir()\n", ["data"]),
    ("def d():\n  if X: return Path('a')\n  return Path('b')\nd().mkdir()\n", ["a", "b"]),
    ("os.makedirs(os.getcwd() + os.sep + 'logs')\n", ["logs"]),
    ("L = 'logs'\nlogger.add(os.path.join(os.getcwd() + '/' + L, 'x.log'))\n", ["logs"]),
    ("import tempfile\ndef f():\n  tempfile.mkdtemp()\n", ["/tmp"]),
    ("from tempfile import NamedTemporaryFile as N\ndef f():\n  N(suffix='.x')\n", ["/tmp"]),
    ("from fastapi import UploadFile\n", ["/tmp"]),
    // Reading, memory, what only a run of the file does, and what no one can know.
    ("open('data/x.json')\nopen('y', 'r')\n", []),
    ("sqlite3.connect(':memory:')\nURL = 'sqlite:///:memory:'\n", []),
    ("if __name__ == '__main__':\n  os.makedirs('out')\n", []),
    ("def f(name):\n  os.makedirs(name)\n  open(f'{name}/x', 'w')\n", []),
    ("import tempfile\ntempfile.mkdtemp(dir='.')\ntempfile.gettempprefix()\n", []),
    ("os.makedirs(os.getcwd() + 'logs')\n", []),
  ]

  @Test(arguments: written)
  func writtenFolders(_ code: String, _ folders: [String]) throws {
    #expect(try uses(code).writes.map(\.folder) == folders)
  }

  /// A file that is made beside code is named, so that the image can lead it elsewhere.
  @Test(
    arguments: [
      ("logging.FileHandler('error.log')\n", [:], "error.log"),
      ("URL = 'sqlite:///./app.db'\n", [:], "app.db"),
      ("open(Path(__file__).parent / 'state.json', 'w')\n", [:], "app/state.json"),
      ("sqlite3.connect('app.db')\n", ["app.db": "x"], nil),
      ("logging.FileHandler('logs/error.log')\n", [:], nil),
      ("logging.FileHandler('logs/error.log')\n", ["logs/.gitkeep": ""], nil),
      ("logger.add('{time}.log')\n", [:], nil),
      ("Path('app').touch()\n", [:], nil),
    ] as [(String, [String: String], String?)])
  func newFiles(_ code: String, _ files: [String: String], _ name: String?) throws {
    let writes = try uses(code, files).writes
    #expect(writes.count == 1)
    #expect(writes.first?.newFile == name)
  }

  /// What the server does not load, its image need not let it write.
  @Test func whatToolsWriteIsTheirs() throws {
    let tool = ["app/dump.py": "import os\nos.makedirs('dumps')\n"]
    #expect(try uses("", tool).writes == [])
    #expect(try uses("from app import dump\n", tool).writes.map(\.folder) == ["dumps"])
    let dynamic = "import importlib\nimportlib.import_module(NAME)\n"
    #expect(try uses(dynamic, tool).writes.map(\.folder) == ["dumps"])
  }

  @Test func whatIsWrittenIsNotMissing() throws {
    let code =
      "from fastapi.staticfiles import StaticFiles\nos.makedirs('up')\n"
      + "app.mount('/up', StaticFiles(directory='up'))\n"
    #expect(try !uses(code).has("FORGE-F030"))
    #expect(try uses("os.makedirs('/etc/shop')\n").has("FORGE-F040", .warning))
    let held = try uses("os.makedirs('data', exist_ok=True)\n", ["data/seed.json": "{}"])
    #expect(held.writes.map(\.holdsFiles) == [true])
  }

  @Test(arguments: [
    ("open(Path(__file__).parent / 'certs' / 'ca.pem')\n", ["app/certs/ca.pem"], false),
    ("CA = 'app/certs/ca.pem'\n", ["app/certs/ca.pem"], false),
    ("K = Path('app') / 'keys' / 'jwt.pem'\n", [], true),
    (
      "T = Path(__file__).parent.joinpath('tpl/Dockerfile').read_text()\n", ["app/tpl/Dockerfile"],
      false
    ),
    ("from tests.data import x\n", ["tests"], false),
    ("load('.env')\nname = 'main.py is here'\n", [], false),
  ])
  func readFiles(_ code: String, _ reads: [String], _ isSecret: Bool) throws {
    let service = try uses(
      code,
      [
        "app/certs/ca.pem": "-----BEGIN CERTIFICATE-----\n", ".env": "A=1\n",
        "app/keys/jwt.pem": "-----BEGIN RSA PRIVATE KEY-----\n", "app/tpl/Dockerfile": "FROM x\n",
        "tests/__init__.py": "", "tests/data.py": "x = 1\n",
      ])
    #expect(service.reads == reads)
    #expect(service.has("FORGE-F041", .warning) == isSecret)
  }
}
