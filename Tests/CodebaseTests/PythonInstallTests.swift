import ForgeBasics
import ForgeFindings
import ForgeSyntax
import Foundation
import Testing

@testable import ForgeCodebase
@testable import ForgePython
@testable import ForgePythonPackages

/// What is installed of a Python project, with which Python, and whether its lockfile fits.
@Suite struct PythonInstallTests {
  private static let requirements = PythonProject.requirements

  private func service(_ files: [String: String]) throws -> Service {
    var files = files
    if !files.keys.contains(where: { $0.hasSuffix("main.py") }) {
      files["main.py"] = PythonProject.app
    }
    return try PythonProject.service(files)
  }

  private func ids(_ service: Service) -> [String] {
    service.findings.map(\.id.rawValue).filter { $0 != "FORGE-P021" && $0 != "FORGE-P038" }
  }

  private static func project(_ dependencies: String, _ rest: String = "") -> String {
    "[project]\nname = \"shop\"\nversion = \"0.1.0\"\nrequires-python = \">=3.11\"\n"
      + "dependencies = [\(dependencies)]\n\(rest)"
  }

  /// A lockfile of uv for the project.
  private static func uvLock(
    _ root: String, packages: [String] = ["fastapi", "uvicorn"], python: String = ">=3.11"
  ) -> String {
    let others = packages.map { "[[package]]\nname = \"\($0)\"\nversion = \"1.0\"\n" }
    return "version = 1\nrequires-python = \"\(python)\"\n" + others.joined()
      + "[[package]]\nname = \"shop\"\nsource = { virtual = \".\" }\n" + root
  }

  // MARK: Extras and groups

  struct Selection: Sendable {
    let pyproject: String
    var lock: [String: String] = [:]
    var code = PythonProject.app
    var extras: [String] = []
    var groups: [String] = []
    var findings: [String] = []
  }

  @Test(arguments: [
    Selection(
      pyproject: project(
        "", "[project.optional-dependencies]\nserver = [\"fastapi\", \"uvicorn\"]\n"),
      extras: ["server"], findings: ["FORGE-P045"]),
    // The smaller of two that hold it; one that refers to the project itself is none for pip.
    Selection(
      pyproject: project(
        "\"fastapi\"",
        "[project.optional-dependencies]\nall = [\"shop[run]\", \"uvicorn\"]\n"
          + "Run = [\"uvicorn\"]\nmore = [\"uvicorn\", \"x\"]\n"),
      extras: ["Run"], findings: ["FORGE-P045"]),
    Selection(
      pyproject: project("\"fastapi\"", "[dependency-groups]\ndev = [\"uvicorn\", \"pytest\"]\n"),
      groups: ["dev"], findings: ["FORGE-P045"]),
    Selection(
      pyproject: project(
        "\"fastapi\", \"uvicorn\"",
        "[dependency-groups]\napi = [{include-group = \"db\"}]\ndb = [\"PyYAML\"]\ndev = [\"yaml\"]\n"
      ),
      code: "import yaml\n" + PythonProject.app, groups: ["api"], findings: ["FORGE-P045"]),
    // What is guarded, lazy, or only for types is not needed to start.
    Selection(
      pyproject: project(
        "\"fastapi\", \"uvicorn\"", "[project.optional-dependencies]\nx = [\"redis\", \"rich\"]\n"),
      code: """
        from typing import TYPE_CHECKING
        try:
          import redis
        except ImportError:
          redis = None
        if TYPE_CHECKING:
          import rich
        def lazy():
          import redis
        \(PythonProject.app)
        """),
    Selection(
      pyproject: project(
        "\"fastapi\", \"uvicorn\"",
        "[tool.uv]\ndefault-groups = [\"dev\", \"web\"]\n[dependency-groups]\nweb = [\"jinja2\"]\n"
          + "dev = [\"ruff\"]\n"),
      lock: [
        "uv.lock": uvLock(
          "dependencies = [{ name = \"fastapi\" }, { name = \"uvicorn\" }]\n",
          packages: ["fastapi", "uvicorn", "jinja2"])
      ], groups: ["web"]),
    Selection(
      pyproject: "[tool.poetry]\nname = \"shop\"\n[tool.poetry.dependencies]\npython = \"^3.11\"\n"
        + "fastapi = {version = \"*\", optional = true}\n[tool.poetry.extras]\nweb = [\"fastapi\"]\n"
        + "[tool.poetry.group.serve.dependencies]\nuvicorn = \"*\"\n",
      lock: [
        "poetry.lock": "[[package]]\nname = \"fastapi\"\nversion = \"1\"\noptional = true\n"
          + "groups = [\"main\"]\n[[package]]\nname = \"uvicorn\"\nversion = \"1\"\n"
          + "groups = [\"serve\"]\n[extras]\nweb = [\"fastapi\"]\n"
      ],
      extras: ["web"], groups: ["serve"], findings: ["FORGE-P045", "FORGE-P045"]),
    Selection(
      pyproject: project("\"fastapi\"", "[project.optional-dependencies]\nweb = [\"uvicorn\"]\n"),
      lock: [
        "pdm.lock": "[metadata]\ngroups = [\"default\"]\n[[package]]\nname = \"fastapi\"\n"
          + "version = \"1\"\n"
      ], extras: ["web"], findings: ["FORGE-P045", "FORGE-P047"]),
  ])
  func whatTheCodeNeeds(_ selection: Selection) throws {
    let service = try service(
      ["pyproject.toml": selection.pyproject, "main.py": selection.code].merging(selection.lock) {
        $1
      })
    #expect(service.installation?.extras == selection.extras)
    #expect(service.installation?.groups == selection.groups)
    #expect(ids(service) == selection.findings)
    #expect(service.fastapi?.server == "uvicorn")
  }

  // MARK: Lockfiles that do not fit

  private static let always = """
    dependencies = [{ name = "fastapi" }, { name = "uvicorn" }]
    [package.metadata]
    requires-dist = [{ name = "fastapi", specifier = ">=0.100, <1" }, { name = "uvicorn" }]

    """

  @Test(
    arguments: [
      ("\"fastapi >=0.100,<1.0\", \"Uvicorn\"", always, ">=3.11", nil),
      ("\"fastapi>=0.110,<1\", \"uvicorn\"", always, ">=3.11", "another fastapi"),
      ("\"fastapi>=0.100,<1\", \"uvicorn\", \"redis\"", always, ">=3.11", "does not hold redis"),
      ("\"fastapi>=0.100,<1\"", always, ">=3.11", "uvicorn, which the project no longer asks for"),
      ("\"fastapi>=0.100,<1\", \"uvicorn\"", always, ">=3.12", "made for Python"),
      ("\"fastapi>=0.100,<1\", \"uvicorn\"", always, ">=3.11.0", nil),
      ("\"fastapi>=0.100a1,<1\", \"uvicorn\"", always, ">=3.11", nil),
      (
        "\"fastapi>=0.100,<1\", \"uvicorn\"", "version = \"0.2.0\"\n" + always, ">=3.11",
        "version 0.2.0"
      ),
      // What is locked decides; that the version was raised too is only worth a word.
      (
        "\"fastapi>=0.110,<1\", \"uvicorn\"", "version = \"0.2.0\"\n" + always, ">=3.11",
        "another fastapi"
      ),
      ("\"fastapi>=0.100,<1\", \"uvicorn\"", "version = \"0.1.0\"\n" + always, ">=3.11", nil),
      ("\"fastapi\", \"x; sys_platform == 'win32'\"", "", ">=3.11", nil),
    ] as [(String, String, String, String?)])
  func staleLockOfUV(_ declared: String, _ root: String, _ python: String, _ reason: String?) throws
  {
    let service = try service([
      "pyproject.toml": Self.project(declared), "uv.lock": Self.uvLock(root, python: python),
    ])
    let finding = service.findings.first { $0.id == "FORGE-P047" }
    #expect((finding == nil) == (reason == nil))
    if let reason { #expect(finding?.message.contains(reason) == true) }
    // Without the check, uv installs what is locked.
    let isOlder = reason == "version 0.2.0"
    #expect(service.has("FORGE-P047", .warning) == isOlder)
    #expect(service.installation?.checksLockfile == !isOlder)
  }

  @Test func lockOfAnotherProject() throws {
    let lock = Self.uvLock("").replacing("\"shop\"", with: "\"other\"")
    let service = try service([
      "pyproject.toml": Self.project("\"fastapi\", \"uvicorn\""), "uv.lock": lock,
    ])
    #expect(service.has("FORGE-P047", .error))
  }

  /// The digests were made by Poetry 2.5.1.
  @Test(arguments: [
    (
      """
      [tool.poetry]
      name = "shop"
      version = "0.1.0"
      [tool.poetry.dependencies]
      python = "^3.11"
      idna = "^3.3"
      h11 = {version="*", optional=true}
      [tool.poetry.extras]
      web=["h11"]
      [tool.poetry.group.api.dependencies]
      sniffio="*"
      [tool.poetry.group.dev.dependencies]
      certifi="*"
      """, ["09ca06bf235c5f22a8e6fb69c4ea32661043f4ce1b18befb1992d6855b17100c"]
    ),
    (
      """
      [project]
      name = "shop"
      requires-python = ">=3.11,<4"
      dependencies = ["idna (>=3.4,<4)", "h11 ; python_version < \\"4\\""]
      [project.optional-dependencies]
      web = ["sniffio"]
      [dependency-groups]
      dev = ["certifi"]
      [tool.poetry]
      package-mode = false
      [tool.poetry.dependencies]
      idna = { source = "pypi-ü", allow-prereleases = true }
      [[tool.poetry.source]]
      name = "pypi-ü"
      url = "https://pypi.org/simple/"
      """,
      [
        "5d75f255a39eeff4bd1cc7909631df473d3cebeca774de5994c7faaf19fb149e",
        "d67a4fec11ad4c79eb9a7c8ccc129a36f625d088bca810fd4235905106f775e0",
      ]
    ),
  ])
  func digestOfPoetry(_ pyproject: String, _ expected: [String]) throws {
    let document = try TOMLDocument.parse(SourceText(name: "pyproject.toml", text: pyproject))
    #expect(Set(PoetryDigest.all(of: document.root)) == Set(expected))
  }

  @Test(arguments: [
    ("@generated by Poetry 1.8.3", Severity.error), ("@generated by Poetry 1.4.0", .warning),
  ])
  func staleLockOfPoetry(_ header: String, _ severity: Severity) throws {
    let lock =
      "# This file is automatically \(header) and should not be changed by hand.\n"
      + "[[package]]\nname = \"fastapi\"\nversion = \"1\"\n[[package]]\nname = \"uvicorn\"\n"
      + "version = \"1\"\n[metadata]\ncontent-hash = \"00\"\n"
    let service = try service([
      "pyproject.toml": "[tool.poetry]\nname = \"shop\"\n[tool.poetry.dependencies]\n"
        + "fastapi = \"1\"\nuvicorn = \"1\"\n", "poetry.lock": lock,
    ])
    #expect(service.has("FORGE-P047", severity))
  }

  @Test func hashesOfPipenv() throws {
    func service(_ package: String) throws -> Service {
      try self.service([
        "Pipfile": "[packages]\nfastapi = \"*\"\nuvicorn = \"*\"\n",
        "Pipfile.lock": """
        {"_meta": {"requires": {"python_version": "3.12"}}, "default": {
        "fastapi": {"hashes": ["sha256:00"], "version": "==0.115.0"},
        "uvicorn": {"hashes": ["sha256:00"], "version": "==0.34.0"}, "lib": \(package)},
        "develop": {"tool": {"git": "https://git.example/tool"}}}
        """,
      ])
    }
    #expect(try service("{\"git\": \"https://git.example/lib\"}").installation?.hashed == false)
    #expect(try service("{\"path\": \".\", \"editable\": true}").installation?.hashed == false)
    let hashed = try service("{\"hashes\": [\"sha256:00\"], \"version\": \"==1\"}")
    #expect(hashed.installation?.hashed == true)
    #expect(hashed.runtime.version == "3.12")
  }

  @Test(arguments: [
    "source = { editable = \"../shared\" }", "source = { directory = \"../../shared\" }",
    "source = { virtual = \"..\" }",
  ])
  func packagesOutsideOfTheContext(_ source: String) throws {
    let lock =
      Self.uvLock("dependencies = [{ name = \"lib\" }]\n")
      + "[[package]]\nname = \"lib\"\n\(source)\n"
    let files = [
      "api/pyproject.toml": Self.project("\"fastapi\", \"uvicorn\", \"lib\""),
      "api/uv.lock": lock, "api/main.py": PythonProject.app,
    ]
    #expect(try PythonProject.service(files, folder: "api").has("FORGE-P011", .error))
    let inside = files.mapValues { $0.replacing("../../", with: "").replacing("..", with: "libs") }
    #expect(try !PythonProject.service(inside, folder: "api").has("FORGE-P011"))
  }

  // MARK: Requirements

  @Test(
    arguments: [
      (
        ["req.txt": requirements, "Dockerfile": "FROM python:3.13\nRUN pip install -r req.txt\n"],
        "req.txt"
      ),
      (
        [
          "deps/prod.txt": requirements,
          "Dockerfile":
            "FROM python:3.13\nRUN a && pip install --no-cache-dir -r /app/deps/prod.txt\n",
        ], nil
      ),
      (["needs.txt": requirements, "notes.txt": "fastapi is nice, really\n"], "needs.txt"),
      (["requirements.in": requirements, "requirements-dev.txt": requirements], "requirements.in"),
      (["dev-needs.txt": requirements], nil), (["a.txt": "requests==1\n"], nil),
    ] as [([String: String], String?)])
  func unusualNames(_ files: [String: String], _ expected: String?) throws {
    let service = try service(files)
    #expect(service.packageManager.lockfile == expected)
    #expect((service.installation == nil) == (expected == nil))
  }

  @Test func dynamicDependencies() throws {
    let pyproject =
      "[project]\nname = \"shop\"\ndynamic = [\"dependencies\", \"version\"]\n[build-system]\n"
      + "requires = [\"setuptools\"]\n[tool.setuptools.dynamic]\n"
      + "dependencies = {file = [\"deps/api.in\"]}\n"
    let files = ["pyproject.toml": pyproject, "deps/api.in": Self.requirements]
    let pip = try service(files)
    #expect(pip.packageManager.lockfile == "deps/api.in")
    let lock = Self.uvLock("dependencies = [{ name = \"fastapi\" }, { name = \"uvicorn\" }]\n")
    let uv = try service(files.merging(["uv.lock": lock]) { $1 })
    #expect(uv.installation?.checksLockfile == false)
    #expect(uv.installInputs == ["deps/api.in", "pyproject.toml", "uv.lock"])
    #expect(ids(uv) == [])
    let built = try service([
      "pyproject.toml": pyproject.replacing("deps/api.in", with: "gone.txt"),
      "setup.py":
        "from setuptools import setup\nsetup(install_requires=[\"fastapi\", \"uvicorn\"])\n",
    ])
    #expect(built.installation?.project == .whole)
  }

  // MARK: The project itself

  @Test(arguments: [
    ("from importlib.metadata import version\nv = version(\"Shop_API\")", true),
    ("import importlib.metadata\nv = importlib.metadata.version(__package__)", true),
    ("from importlib import metadata as m\nNAME = \"shop-api\"\nv = m.distribution(NAME)", true),
    (
      "from importlib.metadata import entry_points\nfor e in entry_points(group=\"shop\"): pass",
      true
    ),
    ("import pkg_resources\ndef f():\n  return pkg_resources.get_distribution('shop-api')", true),
    ("from importlib.metadata import version\nv = version(\"fastapi\")", false),
    ("from importlib.metadata import entry_points\ne = entry_points(group=\"other\")", false),
    (
      "from importlib.metadata import version, PackageNotFoundError\ntry:\n  v = version(\"shop-api\")\n"
        + "except PackageNotFoundError:\n  v = \"0\"", false
    ),
  ])
  func ownMetadata(_ code: String, _ isInstalled: Bool) throws {
    let pyproject =
      "[project]\nname = \"shop-api\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n"
      + "[project.entry-points.shop]\nx = \"shop_api:x\"\n"
    let files = ["shop_api/__init__.py": code + "\n", "shop_api/main.py": PythonProject.app]
    let build =
      "[build-system]\nrequires = [\"hatchling\"]\n[tool.hatch.version]\nsource = \"vcs\"\n"
    let built = try service(files.merging(["pyproject.toml": pyproject + build]) { $1 })
    #expect(built.installation?.project == (isInstalled ? .itself : Installation.Project.none))
    #expect((built.installation?.versionVariable != nil) == isInstalled)
    let virtual = try service(files.merging(["pyproject.toml": pyproject]) { $1 })
    #expect(virtual.installation?.project == Installation.Project.none)
    #expect(virtual.has("FORGE-P048") == isInstalled)
  }

  // MARK: Where it starts

  @Test(arguments: [
    (["src/static/a.css": ""], "app.mount('/', StaticFiles(directory='static'))", "src"),
    (["src/data.json": ""], "open('data.json')", "src"),
    (["src/static/a.css": "", "static/a.css": ""], "StaticFiles(directory='static')", "."),
    (["src/a.txt": "", "b.txt": ""], "open('a.txt'); open('b.txt')", "."),
    (["static/a.css": ""], "StaticFiles(directory='static')", "."),
    (["src/static/a.css": ""], "StaticFiles(directory=Path(__file__).parent / 'static')", "."),
  ])
  func workingFolder(_ files: [String: String], _ code: String, _ expected: String) throws {
    let main =
      "from pathlib import Path\nfrom fastapi.staticfiles import StaticFiles\n\(PythonProject.app)\(code)\n"
    let service = try service(
      files.merging(["requirements.txt": Self.requirements, "src/main.py": main]) { $1 })
    #expect(service.fastapi?.workingFolder == expected)
    #expect(service.fastapi?.appDir == "src")
  }

  // MARK: Migrations

  @Test(arguments: [
    ("alembic.ini", "migrations", "migrations", ".", "alembic upgrade head"),
    ("src/alembic.ini", "migrations", "src/migrations", "src", "alembic upgrade head"),
    (
      "src/alembic.ini", "src/migrations", "src/migrations", ".",
      "alembic -c src/alembic.ini upgrade head"
    ),
    (
      "src/db/alembic.ini", "%(here)s/migrations", "src/db/migrations", "src/db",
      "alembic upgrade head"
    ),
    (
      "src/db/alembic.ini", "db/migrations", "src/db/migrations", "src",
      "alembic -c db/alembic.ini upgrade head"
    ),
    ("db/alembic.ini", "shop:migrations", "shop/migrations", "db", "alembic upgrade head"),
  ])
  func alembic(
    _ ini: String, _ location: String, _ scripts: String, _ folder: String, _ command: String
  )
    throws
  {
    let service = try service([
      "requirements.txt": Self.requirements + "alembic==1.14.0\n",
      ini: "[alembic]\n# script_location = none\nscript_location = \(location)\n",
      scripts + "/env.py": "", "tests/alembic.ini": "",
    ])
    let place = folder == "." ? nil : folder
    #expect(service.migrations == Migrations(tool: "alembic", command: command, folder: place))
    #expect(ids(service) == [])
  }

  @Test(arguments: [
    (
      "[dependency-groups]\ndev = [\"alembic\", \"ruff\"]\nmigrate = [\"alembic\"]\n", [],
      ["migrate"], []
    ),
    ("[project.optional-dependencies]\nDB = [\"alembic\"]\n", ["DB"], [], []),
    ("", [], [], ["FORGE-P050"]),
  ])
  func alembicElsewhere(
    _ rest: String, _ extras: [String], _ groups: [String], _ findings: [String]
  ) throws {
    let service = try service([
      "pyproject.toml": Self.project("\"fastapi\", \"uvicorn\"", rest),
      "alembic.ini": "[alembic]\nscript_location = migrations\n", "migrations/env.py": "",
    ])
    #expect(service.migrations?.extras == extras)
    #expect(service.migrations?.groups == groups)
    #expect(ids(service) == findings)
  }

  @Test func migrationsAboveTheFolder() throws {
    let files = [
      "alembic.ini": "[alembic]\nscript_location = migrations\n", "migrations/env.py": "",
      "api/requirements.txt": Self.requirements + "alembic==1\n", "api/main.py": PythonProject.app,
    ]
    let service = try PythonProject.service(files, folder: "api")
    #expect(service.migrations == nil)
    #expect(service.findings.first { $0.id == "FORGE-P050" }?.location == "alembic.ini:1")
    let unused = files.merging(["api/requirements.txt": Self.requirements]) { $1 }
    #expect(try !PythonProject.service(unused, folder: "api").has("FORGE-P050"))
  }

  @Test func settingsOfOtherTools() throws {
    let bare = try service([
      "requirements.txt": Self.requirements + "alembic==1\n", "app/alembic.ini": "[alembic]\n",
    ])
    #expect(bare.migrations?.command == "alembic -c app/alembic.ini upgrade head")
    let aerich = try service([
      "requirements.txt": Self.requirements + "aerich==1\n",
      "pyproject.toml": "[tool.aerich]\ntortoise_orm = \"x\"\n",
    ])
    #expect(aerich.migrations == Migrations(tool: "aerich", command: "aerich upgrade"))
  }

  // MARK: Wheels

  private static func wheels(_ name: String, _ pythons: [Int], source: Bool = true) -> String {
    let files = pythons.map { "{file = \"\(name)-1-cp3\($0)-cp3\($0)-manylinux_2_17_x86_64.whl\"}" }
    let all = files + (source ? ["{file = \"\(name)-1.tar.gz\"}"] : [])
    return
      "[[package]]\nname = \"\(name)\"\nversion = \"1\"\nfiles = [\(all.joined(separator: ", "))]\n"
  }

  @Test(arguments: [
    (wheels("a", [9, 10, 11, 12, 13, 14]), "3.13", []),
    (wheels("a", [9, 10, 11, 12]), "3.12", ["FORGE-P036"]),
    (wheels("a", [9, 10, 11, 12, 13]) + wheels("b", [11]), "3.11", ["FORGE-P036"]),
    // Better an old Python, and a word, than a build that may not compile.
    (wheels("a", [9, 10]), "3.10", ["FORGE-P033"]),
    (wheels("a", [9, 10]) + wheels("b", [9, 11, 12, 13]), "3.9", ["FORGE-P033"]),
    (wheels("a", [8]), "3.11", ["FORGE-P043"]),
    (wheels("a", [9, 10]) + wheels("b", [11, 12, 13]), "3.11", ["FORGE-P043"]),
    // Two versions of one package, for two ranges of Pythons.
    (wheels("a", [9, 10]) + wheels("a", [11, 12, 13]), "3.13", []),
  ])
  func newestWithWheels(_ packages: String, _ version: String, _ findings: [String]) throws {
    let lock =
      "[[package]]\nname = \"fastapi\"\nversion = \"1\"\n[[package]]\nname = \"uvicorn\"\n"
      + "version = \"1\"\n" + packages
    let pyproject =
      "[tool.poetry]\nname = \"shop\"\n[tool.poetry.dependencies]\npython = \"^3.9\"\n"
      + "fastapi = \"1\"\nuvicorn = \"1\"\n"
    let service = try service(["pyproject.toml": pyproject, "poetry.lock": lock])
    #expect(service.runtime.version == version)
    #expect(ids(service) == findings)
    #expect(service.systemPackages.build.contains("gcc") == findings.contains("FORGE-P043"))
  }

  /// Pythons that are asked for, and none has an image with security fixes.
  @Test(arguments: [
    (".python-version", "3.9\n", wheels("a", [9, 10, 11]), "3.11"),
    (".python-version", "3.9\n", wheels("a", [9, 10]), "3.10"),
    (".python-version", "3.10\n", wheels("a", [9, 12]), "3.12"),
    ("Dockerfile", "FROM python:3.9.10-slim\n", wheels("a", [8, 9]), "3.9"),
    ("Dockerfile", "FROM python:3.7\n", wheels("a", [7]), "3.11"),
  ])
  func wheelsForOldPythons(
    _ file: String, _ text: String, _ packages: String, _ version: String
  ) throws {
    let lock =
      "[[package]]\nname = \"fastapi\"\nversion = \"1\"\n[[package]]\nname = \"uvicorn\"\n"
      + "version = \"1\"\n" + packages
    let pyproject =
      "[tool.poetry]\nname = \"shop\"\n[tool.poetry.dependencies]\nfastapi = \"1\"\n"
      + "uvicorn = \"1\"\n"
    let service = try service(["pyproject.toml": pyproject, "poetry.lock": lock, file: text])
    #expect(service.runtime.version == version)
    #expect(service.has("FORGE-P033"))
  }

  /// What runs in production stands in for a version that no image has.
  @Test func theDockerfileStandsIn() throws {
    func version(_ image: String) throws -> String {
      try service([
        "requirements.txt": Self.requirements, ".python-version": "3.10\n",
        "Dockerfile": "FROM \(image) AS build\nFROM python:3.14-slim\n",
      ]).runtime.version
    }
    #expect(try version("python:3.12-slim") == "3.12")
    #expect(try version("python:3.9-slim") == "3.11")
    #expect(try version("node:22") == "3.14")
  }

  /// A Pipfile.lock holds for the Python that it was made on: what it leaves out on another is missing there, unless
  /// it brings what that one has.
  @Test(arguments: [
    ("typing-extensions", "python_version < '3.10'", "3.9"),
    ("typing-extensions", "python_version < '3.11'", "3.10"),
    ("typing-extensions", "python_version <= '3.10'", "3.10"),
    ("typing-extensions", "python_version >= '3.7'", "3.11"),
    ("exceptiongroup", "python_version < '3.11'", "3.11"),
    ("greenlet", "platform_machine == 'x86_64'", "3.11"),
  ])
  func markersOfPipenv(_ name: String, _ marker: String, _ version: String) throws {
    let service = try service([
      "Pipfile":
        "[packages]\nfastapi = \"*\"\nuvicorn = \"*\"\n[requires]\npython_version = \"3.8\"\n",
      "Pipfile.lock": """
      {"_meta": {}, "default": {"fastapi": {"hashes": ["sha256:00"], "version": "==0.115.0"},
      "uvicorn": {"hashes": ["sha256:00"], "version": "==0.34.0"},
      "\(name)": {"hashes": ["sha256:00"], "markers": "\(marker)", "version": "==4.10"}}}
      """,
    ])
    #expect(service.runtime.version == version)
    #expect(service.has("FORGE-P033", version == "3.11" ? .error : .warning))
  }

  @Test func withoutWheelAndSources() throws {
    let lock =
      "[[package]]\nname = \"fastapi\"\nversion = \"1\"\n" + Self.wheels("a", [8], source: false)
    let service = try service([
      "poetry.lock": lock,
      "pyproject.toml":
        "[tool.poetry]\nname = \"x\"\n[tool.poetry.dependencies]\nfastapi = \"1\"\n",
    ])
    #expect(service.has("FORGE-P043", .error))
  }

  // MARK: Versions of the package managers

  @Test(
    arguments: [
      (">=0.10", "0.13.9"), ("~=0.9.0", "0.9.30"), (">=0.8,<0.9", "0.8.24"), ("==0.9.5", "0.9.5"),
      ("0.9.5", "0.9.5"), (">=0.9.1,<0.9.4", "0.9.1"), (">=99", nil),
    ] as [(String, String?)])
  func requiredVersion(_ range: String, _ expected: String?) throws {
    let lock = Self.uvLock(Self.always)
    let declared = "\"fastapi>=0.100,<1\", \"uvicorn\""
    for files in [
      ["pyproject.toml": Self.project(declared, "[tool.uv]\nrequired-version = \"\(range)\"\n")],
      [
        "pyproject.toml": Self.project(declared),
        "uv.toml": "required-version = \"\(range)\"\n",
      ],
    ] {
      let service = try service(files.merging(["uv.lock": lock]) { $1 })
      #expect(service.packageManager.version == expected)
      #expect(service.has("FORGE-P046", .error) == (expected == nil))
    }
  }

  @Test func tablesAreReadable() {
    let releases = PythonReleases.table
    #expect(releases.offered == [11, 12, 13, 14])
    #expect(releases.retired == [9, 10])
    #expect(releases.last(.poetry, on: 9) == "2.2.1")
    #expect(releases.last(.poetry, on: 13) == nil)
    #expect(PythonSelection.importNames["pyyaml"] == "yaml")
  }
}
