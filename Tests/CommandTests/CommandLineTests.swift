import ForgeBasics
import Foundation
import TestSupport
import Testing

@Suite struct CommandLineTests {
  @Test func version() async throws {
    let result = try await Command.forge(["--version"])
    #expect(result.status == 0)
    #expect(result.output == "forge \(ForgeVersion.current)\n")
  }

  @Test func helpNamesEveryCommandAndExitCode() async throws {
    let result = try await Command.forge(["--help"])
    #expect(result.status == 0)
    for word in [
      "analyze", "generate", "build", "inspect", "check", "1 the policy failed",
      "4 the container engine",
    ] {
      #expect(result.output.contains(word), "\(word)")
    }
  }

  @Test(arguments: [
    ["nonsense"], ["analyze"], ["analyze", "a", "b"], ["inspect", "x", "--format", "yaml"],
    ["check", "x", "--max-size"],
    ["build", ".", "--engine", "lxc"],
  ])
  func wrongUsageIsExit2(arguments: [String]) async throws {
    let result = try await Command.forge(arguments)
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("Usage:"), "\(result)")
    #expect(result.output.isEmpty)
  }

  /// A full disk behind standard output is an error, not a shorter report.
  @Test func aFullDiskIsExit2() async throws {
    let result = try await Command.run("sh", ["-c", "\"$0\" --help >/dev/full", Command.forge])
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("standard output cannot be written: No space left on device"))
  }

  /// A disk of one page: the report does not fit, and what stood there stays.
  @Test func aFullDiskKeepsTheOldReport() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("small"), withIntermediateDirectories: true)
    let script = """
      mount -t tmpfs -o size=4k tmpfs "$1/small" && cd "$1/small" && echo old >report.json
      "$0" analyze "$2" --format json --output report.json; status=$?
      ls -A; cat report.json; exit $status
      """
    let result = try await Command.run(
      "unshare",
      ["-m", "sh", "-c", script, Command.forge, folder.path, Repository.fixture("todo-backend")])
    #expect(result.status == 2, "\(result)")
    #expect(result.output == "report.json\nold\n")
    #expect(result.errors.contains("No space left on device"), "\(result)")
  }

  @Test func anUnwritableReportIsExit2() async throws {
    let result = try await Command.forge([
      "analyze", Repository.fixture("todo-backend"), "-o", "/no/such/folder/a.txt",
    ])
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("/no/such/folder/a.txt"), "\(result)")
  }

  /// A limit that nothing is held against would be taken for one that is kept.
  @Test(arguments: ["--max-size", "--policy", "--profile", "--fail-on"])
  func policyOptionsNeedAJudgement(_ option: String) async throws {
    let values = [
      "--max-size": "200MB", "--policy": "forge.yaml", "--profile": "strict",
      "--fail-on": "warning",
    ]
    let build = [
      "build", Repository.fixture("todo-backend"), "--check", option, values[option] ?? "",
    ]
    let result = try await Command.forge(build)
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
    #expect(
      result.errors.contains("\(option) is of the policy")
        && result.errors.contains("--check-size"), "\(result)")
    let wrong = try await Command.forge(
      [
        "build", Repository.fixture("todo-backend"), "--check", "--check-size", "--max-size",
        "200XB",
      ])
    #expect(wrong.status == 2 && wrong.errors.contains("--max-size must be a size"), "\(wrong)")
  }

  @Test func aSecretAsABuildArgumentIsOneLine() async throws {
    let result = try await Command.forge([
      "build", Repository.fixture("todo-backend"), "--build-arg", "API_TOKEN=hunter2hunter2",
    ])
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
    #expect(
      result.errors.contains("--secret id=API_TOKEN,src=FILE") && !result.errors.contains("hunter2")
    )
  }

  /// `--report FOLDER/`: each format by its own name; a folder that is there needs no slash.
  @Test(arguments: ["reports/", "there"]) func reportsGoIntoAFolder(_ name: String) async throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "there/x")
    try folder.write("FROM scratch\n", to: "Dockerfile")
    let result = try await Command.forge([
      "lint", folder.file("Dockerfile"), "--report", folder.file(name),
    ])
    #expect(result.status == 0, "\(result)")
    for file in ["report.html", "report.json", "report.junit.xml", "report.md", "report.sarif"] {
      #expect(FileManager.default.fileExists(atPath: folder.file("\(name)/\(file)")), "\(file)")
    }
    let wrong = try await Command.forge([
      "lint", folder.file("Dockerfile"), "--report", folder.file("nowhere"),
    ])
    #expect(wrong.status == 2 && wrong.errors.contains("or a FOLDER/"), "\(wrong)")
  }

  /// What stands in the way of a folder of reports is told, once; the other folder has its reports.
  @Test(arguments: ["file/", "/proc/none/"]) func foldersThatCannotBeMade(_ wrong: String)
    async throws
  {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "file")
    try folder.write("FROM scratch\n", to: "Dockerfile")
    let result = try await Command.forge(
      ["lint", "Dockerfile", "--report", "a/", "--report", wrong, "--report", "b/"], in: folder.path
    )
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.hasPrefix("forge: cannot write \(wrong)"), "\(result)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
    for name in ["a", "b"] {
      #expect(
        FileManager.default.fileExists(atPath: folder.file("\(name)/report.sarif")), "\(name)")
    }
    let recipes = try await Command.forge(["recipes", "export", wrong], in: folder.path)
    #expect(recipes.status == 2 && recipes.errors.hasPrefix("forge: cannot write"), "\(recipes)")
    #expect(!recipes.errors.contains("Cocoa"), "\(recipes)")
  }

  /// Whatever stands where a Dockerfile or an ignore file should be.
  @Test(arguments: ["Dockerfile", ".dockerignore"], ["folder", "fifo", "latin-1"])
  func buildFilesThatAreNone(_ name: String, _ kind: String) async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("todo-backend"), toPath: folder.file("web"))
    let path = folder.file("web/\(name)")
    try? FileManager.default.removeItem(atPath: path)
    switch kind {
    case "folder":
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    case "fifo": try await Command.require("mkfifo", [path])
    default:
      let text = name == "Dockerfile" ? "FROM scratch\n" : "x\n"
      try (Data("# caf".utf8) + [0xE9] + Data("\n\(text)".utf8)).write(to: URL(filePath: path))
    }
    let result = try await Command.forge(["build", folder.file("web"), "--check"])
    if kind == "latin-1" {
      #expect(result.status == 0, "\(result)")
    } else {
      #expect(
        result.status == 3
          && result.errors.contains("/\(name): cannot be read (not a regular file"), "\(result)")
    }
    guard name == "Dockerfile", kind != "latin-1" else { return }
    let tested = try await Command.forge(["test", "image", "--dockerfile", path])
    #expect(
      tested.status == 2 && tested.errors.contains("cannot be read; check the path"), "\(tested)")
  }

  /// A report may lie in a project, and replace that of an earlier run, but none of the project's own files.
  @Test(arguments: [
    ["lint", "web", "-o", "web/Dockerfile"], ["lint", "web/Dockerfile", "-o", "web/Dockerfile"],
    ["lint", "web", "--report", "json=web/.dockerignore"],
    ["lint", "web/build.txt", "-o", "web/build.txt"],
    ["analyze", "web", "-o", "web/package.json"], ["env", "web", "-o", "web/package.json"],
    ["build", "web", "--check", "--report", "json=web/Dockerfile"],
    ["build", "web", "-o", "web/Dockerfile"],
    ["test", "web", "-o", "web/package.json"],
  ])
  func reportsNeverReplaceSources(_ arguments: [String]) async throws {
    let folder = try TemporaryFolder()
    let sources = [
      "Dockerfile": "FROM scratch\n", "build.txt": "FROM scratch\n", ".dockerignore": "x\n",
      "package.json":
        #"{"name":"web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
    ]
    for (name, text) in sources { try folder.write(text, to: "web/\(name)") }
    let result = try await Command.forge(arguments, in: folder.path)
    #expect(result.status == 2 && result.output.isEmpty, "\(result)")
    #expect(result.errors.contains("inputs are never modified; choose another file"), "\(result)")
    for (name, text) in sources {
      #expect(
        try String(contentsOfFile: folder.file("web/\(name)"), encoding: .utf8) == text, "\(name)")
    }
    for _ in 1...2 {
      let beside = try await Command.forge(["lint", "web", "-o", "web/lint.txt"], in: folder.path)
      #expect(beside.status == 0, "\(beside)")
    }
  }

  @Test func pathsThatHoldNothing() async throws {
    let folder = try TemporaryFolder()
    try folder.write("hello", to: "notes.txt")
    for command in [["analyze"], ["generate"], ["build"]] {
      for path in [folder.file("none"), folder.file("notes.txt"), folder.path] {
        let result = try await Command.forge(command + [path])
        #expect(result.status == 2, "\(command) \(path): \(result)")
        #expect(result.errors.hasPrefix("forge: "), "\(result)")
        #expect(result.errors.contains(path), "\(result)")
      }
    }
    #expect(try folder.names() == ["notes.txt"])
  }

  @Test(arguments: [
    ("package.json", "{\"dependencies\": {\"next\": }"), ("pyproject.toml", "[project\nname = 1"),
  ])
  func malformedManifestsAreExit3(name: String, text: String) async throws {
    let folder = try TemporaryFolder()
    try folder.write(text, to: name)
    let result = try await Command.forge(["analyze", folder.path])
    #expect(result.status == 3, "\(result)")
    #expect(result.errors.contains("\(name):"), "\(result)")
    let json = try await Command.forge(["analyze", folder.path, "--format", "json"])
    for word in [#""evidence" : "source""#, #""fix" : "mend the file, or make it again"#] {
      #expect(json.output.contains(word), "\(json)")
    }
  }

  @Test func imagesThatAreNone() async throws {
    let folder = try TemporaryFolder()
    try folder.write("not an image", to: "text.tar")
    for command in ["inspect", "check"] {
      let missing = try await Command.forge([command, folder.file("none.tar")])
      #expect(missing.status == 2, "\(missing)")
      let wrong = try await Command.forge([command, folder.file("text.tar")])
      #expect(wrong.status == 3, "\(wrong)")
      #expect(wrong.errors.contains("text.tar"), "\(wrong)")
    }
  }

  @Test func aBrokenPolicyIsExit2() async throws {
    let folder = try TemporaryFolder()
    try folder.write("size:\n  maxx: 1", to: "forge.yaml")
    let result = try await Command.forge(["check", "image.tar"], in: folder.path)
    #expect(result.status == 2, "\(result)")
    #expect(
      result.errors.contains("forge.yaml:2: unknown key `maxx`; did you mean `max`?"), "\(result)")
  }
}
