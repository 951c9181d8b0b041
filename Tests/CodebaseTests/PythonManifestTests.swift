import ForgeBasics
import Foundation
import Testing

@testable import ForgeCodebase

@Suite struct PythonManifestTests {
  private func service(_ files: [String: String]) throws -> Service {
    var files = files
    files["main.py"] = PythonProject.app
    return try PythonProject.service(files)
  }

  // MARK: Requirements

  @Test func includesAreFollowed() throws {
    let service = try service([
      "requirements.txt": "-r requirements/prod.txt\n-c constraints.txt\n-e ./libs/shared\n",
      "requirements/prod.txt":
        "--requirement=base.txt\nuvicorn[standard]==0.38.0 \\\n    --hash=sha256:aa\n",
      "requirements/base.txt": "FastAPI\n", "constraints.txt": "fastapi==0.121.3\n",
      "libs/shared/pyproject.toml": "[project]\nname = \"shared\"\n",
    ])
    #expect(
      service.framework
        == Framework(name: "fastapi", version: "0.121.3", source: "constraints.txt:1"))
    #expect(
      service.installInputs
        == [
          "constraints.txt", "libs/shared", "requirements.txt", "requirements/base.txt",
          "requirements/prod.txt",
        ])
    #expect(service.fastapi?.server == "uvicorn")
    #expect(service.findings.map(\.id) == ["FORGE-P038"])
  }

  @Test func includesOfEachOtherEnd() throws {
    let service = try service([
      "requirements.txt": "-r a.txt\nfastapi==1\nuvicorn==1\n",
      "a.txt": "-r requirements.txt\n-r a.txt\n",
    ])
    #expect(service.installInputs == ["a.txt", "requirements.txt"])
  }

  @Test(arguments: [
    "-r ../../etc/passwd", "-r /etc/passwd", "-c ../outside.txt", "-e ../lib",
    "--requirement=../../x", "-r ~/x",
    "file:///etc/passwd",
  ])
  func nothingOutsideTheFolderIsRead(_ line: String) throws {
    let service = try service(["requirements.txt": PythonProject.requirements + line + "\n"])
    #expect(service.has("FORGE-P011", .error))
    #expect(service.installInputs == ["requirements.txt"])
  }

  @Test func namesThatADockerfileWouldReadAreRefused() throws {
    let service = try service([
      "requirements.txt": PythonProject.requirements + "-r \"a b.txt\"\n-r $(evil).txt\n",
      "a b.txt": "x\n",
      "$(evil).txt": "x\n",
    ])
    #expect(service.findings.filter { $0.id == "FORGE-P012" }.count == 2)
    #expect(service.installInputs == ["requirements.txt"])
  }

  @Test func missingIncludeAndUnknownLineAreNamed() throws {
    let service = try service([
      "requirements.txt": PythonProject.requirements + "-r gone.txt\n???\n"
    ])
    #expect(service.findings.first { $0.id == "FORGE-P014" }?.location == "requirements.txt:3")
    #expect(service.findings.first { $0.id == "FORGE-P010" }?.location == "requirements.txt:4")
  }

  @Test func tokensOfIndexesAreBuildSecrets() throws {
    let service = try service([
      "requirements.txt": "--extra-index-url https://u:${INDEX_TOKEN}@pypi.example.org/simple\n"
        + PythonProject.requirements
    ])
    #expect(service.variable("INDEX_TOKEN")?.scope == .buildSecret)
    #expect(!service.has("FORGE-P015"))
    let written = try self.service([
      "requirements.txt": "-i https://u:hunter2@pypi.example.org/simple\n"
        + PythonProject.requirements
    ])
    #expect(written.has("FORGE-P015", .error))
    #expect(!(try StableJSON.encode(written)).contains("hunter2"))
  }

  @Test func requirementsOfPowerShell() throws {
    let text = "fastapi==0.121.0\r\nuvicorn==1\r\n"
    var utf16 = Data([0xFF, 0xFE])
    for unit in text.utf16 { utf16.append(contentsOf: [UInt8(unit & 0xFF), UInt8(unit >> 8)]) }
    let files = ["requirements.txt": utf16, "main.py": Data(PythonProject.app.utf8)]
    let service = try PythonProject.with(bytes: files) { try #require(try $0.analyze()) }
    #expect(service.framework.version == "0.121.0")
    #expect(service.findings == [])
  }

  @Test func unpinnedRequirementsAreNamed() throws {
    let service = try service(["requirements.txt": "fastapi>=0.100\nuvicorn==1\n"])
    #expect(service.framework.version == nil)
    #expect(service.findings.first { $0.id == "FORGE-P021" }?.location == "requirements.txt:1")
  }

  // MARK: Lockfiles

  private static let project = """
    [project]
    name = "My.Shop-API"
    requires-python = ">=3.11,<4"
    dependencies = [
      "fastapi>=0.110",
      "uvicorn",
    ]

    """

  private static let uvLock = """
    version = 1
    requires-python = ">=3.11, <4"

    [[package]]
    name = "fastapi"
    version = "0.121.0"
    source = { registry = "https://packages.example/simple" }
    dependencies = [{ name = "starlette" }]

    [[package]]
    name = "psycopg2"
    version = "2.9.10"
    source = { registry = "https://packages.example/simple" }
    sdist = { url = "https://x/psycopg2-2.9.10.tar.gz", hash = "sha256:0" }

    [[package]]
    name = "my-shop-api"
    version = "0.1.0"
    source = { virtual = "." }
    dependencies = [{ name = "fastapi" }, { name = "uvicorn", extra = ["standard"] }, { name = "shared" }]

    [package.dev-dependencies]
    dev = [{ name = "psycopg2" }]

    [[package]]
    name = "shared"
    version = "0.1.0"
    source = { directory = "libs/shared" }

    [[package]]
    name = "starlette"
    version = "0.50.0"
    source = { registry = "https://packages.example/simple" }

    [[package]]
    name = "uvicorn"
    version = "0.38.0"
    source = { registry = "https://packages.example/simple" }

    [package.optional-dependencies]
    standard = [{ name = "uvloop" }]

    [[package]]
    name = "uvloop"
    version = "0.22.0"
    source = { git = "https://github.com/MagicStack/uvloop" }
    """

  @Test func uv() throws {
    let service = try service([
      "pyproject.toml": Self.project, "uv.lock": Self.uvLock,
      "libs/shared/pyproject.toml": "[project]\nname = \"shared\"\n",
    ])
    #expect(service.name == "my.shop-api")
    #expect(
      service.packageManager == PackageManager(name: .uv, lockfile: "uv.lock", source: "uv.lock:1"))
    #expect(
      service.framework == Framework(name: "fastapi", version: "0.121.0", source: "uv.lock:5"))
    #expect(service.installInputs == ["libs/shared", "pyproject.toml", "uv.lock"])
    #expect(service.fastapi?.server == "uvicorn")
    // psycopg2 is for development only; uvloop comes by way of an extra, from git.
    #expect(service.systemPackages == SystemPackages(build: ["ca-certificates", "git"]))
    #expect(service.findings == [])
  }

  @Test func poetry() throws {
    let service = try service([
      "pyproject.toml": """
      [tool.poetry]
      name = "shop"
      [tool.poetry.dependencies]
      python = "^3.12"
      fastapi = { version = "^0.115", extras = ["standard"] }
      """,
      "poetry.lock": """
      # This file is automatically @generated by Poetry 1.8.3 and should not be changed by hand.

      [[package]]
      name = "fastapi"
      version = "0.115.6"
      optional = false
      files = [{file = "fastapi-0.115.6-py3-none-any.whl", hash = "sha256:0"}]

      [metadata]
      lock-version = "2.0"
      python-versions = "^3.12"
      """,
    ])
    #expect(
      service.packageManager
        == PackageManager(
          name: .poetry, version: "1.8.3", lockfile: "poetry.lock", source: "poetry.lock:1"))
    #expect(
      service.framework == Framework(name: "fastapi", version: "0.115.6", source: "poetry.lock:4"))
    #expect(service.runtime.version == "3.13")
    #expect(service.runtime.source == "pyproject.toml:4")
    #expect(service.fastapi?.server == "fastapi")
  }

  @Test func pipenv() throws {
    let service = try service([
      "Pipfile":
        "[packages]\nfastapi = \"*\"\nuvicorn = {version=\"*\", extras=[\"standard\"]}\n[requires]\npython_version = \"3.12\"\n",
      "Pipfile.lock":
        "{\"_meta\": {\"requires\": {\"python_version\": \"3.12\"}}, \"default\": {\n\"fastapi\": {\"version\": \"==0.121.0\"}}, \"develop\": {}}",
    ])
    #expect(service.packageManager.name == .pipenv)
    #expect(
      service.framework == Framework(name: "fastapi", version: "0.121.0", source: "Pipfile.lock:2"))
    #expect(service.runtime.version == "3.12")
    #expect(service.installInputs == ["Pipfile", "Pipfile.lock"])
  }

  @Test func projectWithoutLockfile() throws {
    let service = try service(["pyproject.toml": Self.project])
    #expect(
      service.packageManager
        == PackageManager(name: .pip, lockfile: nil, source: "pyproject.toml:1"))
    #expect(service.framework.source == "pyproject.toml:5")
    #expect(service.has("FORGE-P021", .warning))
  }

  @Test func conflictsAreNamed() throws {
    let two = try service([
      "pyproject.toml": Self.project, "uv.lock": Self.uvLock,
      "requirements.txt": PythonProject.requirements,
    ])
    #expect(two.packageManager.name == .uv)
    #expect(two.findings.first { $0.id == "FORGE-P020" }?.location == "requirements.txt:1")
    let exported = try service([
      "pyproject.toml": Self.project, "uv.lock": Self.uvLock,
      "requirements.txt": "# This file was autogenerated by uv via the following command:\n"
        + PythonProject.requirements,
    ])
    #expect(!exported.has("FORGE-P020"))
    let locks = try service([
      "pyproject.toml": Self.project, "uv.lock": Self.uvLock, "poetry.lock": "package = []\n",
    ])
    #expect(locks.has("FORGE-P020", .warning))
  }

  @Test func memberOfAWorkspace() throws {
    let service = try PythonProject.service(
      [
        "pyproject.toml": "[tool.uv.workspace]\nmembers = [\"services/*\"]\n",
        "uv.lock": Self.uvLock,
        "services/shop/pyproject.toml": Self.project, "services/shop/main.py": PythonProject.app,
      ], folder: "services/shop")
    #expect(service.workspace == Workspace(root: ".", kind: "uv", members: ["services/shop"]))
    #expect(service.packageManager.lockfile == "uv.lock")
    #expect(service.framework.version == "0.121.0")
  }

  @Test(arguments: [
    ("pyproject.toml", "[project\n", "pyproject.toml:1"), ("uv.lock", "x = 1\ny =\n", "uv.lock:2"),
    ("Pipfile.lock", "{\"default\": [}", "Pipfile.lock:1"),
    ("poetry.lock", "a = \"\u{0}\"\n", "poetry.lock:1"),
    (
      "pyproject.toml", "a" + String(repeating: ".a", count: 100_000) + " = 1\n", "pyproject.toml:1"
    ),
    ("pyproject.toml", "a = " + String(repeating: "[", count: 100_000), "pyproject.toml:1"),
    ("pyproject.toml", "[" + String(repeating: "a . ", count: 50_000) + "b]\n", "pyproject.toml:1"),
  ])
  func malformedFilesAreErrors(_ name: String, _ text: String, _ location: String) throws {
    let error = #expect(throws: AnalysisError.self) { try service([name: text]) }
    guard case .malformed(let place, _) = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(place == location)
    #expect(error?.exitCode == .unreadableInput)
  }

  @Test func hostileNamesAreReduced() throws {
    let service = try service([
      "pyproject.toml": "[project]\nname = \"x\\nRUN curl evil\"\ndependencies = [\"fastapi\"]\n"
    ])
    #expect(service.name == "x-run-curl-evil")
  }

  // MARK: Python

  struct Choice: Sendable {
    var files: [String: String] = [:]
    var classifiers: [String] = []
    var requires: String?
    let version: String
    var finding: String?
  }

  @Test(arguments: [
    Choice(version: "3.13"), Choice(requires: ">=3.11", version: "3.13"),
    Choice(requires: ">=3.11,<3.13", version: "3.12"), Choice(requires: "~=3.12", version: "3.13"),
    Choice(requires: "==3.12.*", version: "3.12"),
    Choice(requires: "==3.11.4", version: "3.11.4", finding: "FORGE-P044"),
    Choice(requires: "==3.12", version: "3.12.0", finding: "FORGE-P044"),
    Choice(requires: "<=3.11.9,>3.11.2", version: "3.11.9", finding: "FORGE-P044"),
    Choice(requires: ">=3.11,<3.13.5", version: "3.12"),
    Choice(requires: ">=3.14", version: "3.14"),
    Choice(requires: "!=3.13.*,>=3.11", version: "3.14"),
    Choice(requires: ">=3.9,<3.11", version: "3.10", finding: "FORGE-P033"),
    Choice(requires: "==3.9.*", version: "3.9", finding: "FORGE-P033"),
    Choice(requires: "<3.9", version: "3.11", finding: "FORGE-P033"),
    Choice(
      files: ["Dockerfile": "FROM python:3.10-slim\n"], version: "3.11", finding: "FORGE-P033"),
    Choice(
      files: ["Dockerfile": "FROM python:3.10-slim\n"], requires: ">=3.12", version: "3.12",
      finding: "FORGE-P033"),
    Choice(files: ["Dockerfile": "FROM --platform=linux/amd64 python:3.14\n"], version: "3.14"),
    Choice(
      files: ["Dockerfile": "# Generated by forge. sha256:0\nFROM python:3.12\n"], version: "3.13"),
    Choice(
      classifiers: ["3", "3 :: Only", "3.11", "3.12"], requires: ">=3.11", version: "3.12"),
    Choice(classifiers: ["3.12", "3.13", "3.14"], requires: ">=3.11", version: "3.13"),
    Choice(classifiers: ["3.8"], requires: ">=3.11", version: "3.13"),
    Choice(requires: ">=3.99", version: "3.13", finding: "FORGE-P032"),
    Choice(requires: "nonsense", version: "3.13", finding: "FORGE-P037"),
    Choice(files: [".python-version": "3.12.4\n"], version: "3.12", finding: "FORGE-P044"),
    Choice(files: [".python-version": "3.12\n"], version: "3.12"),
    Choice(
      files: [".python-version": "# c\ncpython@3.14t\n"], version: "3.14", finding: "FORGE-P034"),
    Choice(files: [".python-version": "pypy3.10\n"], version: "3.13", finding: "FORGE-P035"),
    Choice(files: ["runtime.txt": "python-3.11.9"], version: "3.11", finding: "FORGE-P044"),
    Choice(files: [".tool-versions": "nodejs 22\npython 3.12\n"], version: "3.12"),
    Choice(files: [".python-version": "3.9\n"], version: "3.11", finding: "FORGE-P033"),
    Choice(
      files: [".python-version": "3.12\n", "runtime.txt": "python-3.11\n"], version: "3.12",
      finding: "FORGE-P030"),
    Choice(
      files: [".python-version": "3.11\n"], requires: ">=3.12", version: "3.13",
      finding: "FORGE-P031"),
  ])
  func python(_ choice: Choice) throws {
    var files = choice.files
    files["requirements.txt"] = PythonProject.requirements
    if let requires = choice.requires {
      let listed = choice.classifiers.map { "\"Programming Language :: Python :: \($0)\"" }
      files["pyproject.toml"] =
        "[project]\nname = \"x\"\nrequires-python = \"\(requires)\"\n"
        + "classifiers = [\(listed.joined(separator: ", "))]\n"
    }
    let service = try service(files)
    #expect(service.runtime.version == choice.version)
    #expect(service.findings.map(\.id.rawValue) == (choice.finding.map { [$0] } ?? []))
  }
}
