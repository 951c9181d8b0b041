import ForgeBasics
import Foundation
import TestSupport
import Testing

@Suite struct LintCommandTests {
  @Test func errorsAreExit1WithTheirPlace() async throws {
    let folder = try TemporaryFolder()
    try folder.write("FROM scratch\nCOPY app /app\n", to: "Dockerfile")
    try folder.write("x", to: "app/main.py")
    #expect(try await Command.forge(["lint", folder.path]).status == 0)
    try folder.write("app\n", to: ".dockerignore")
    let result = try await Command.forge(["lint", folder.path])
    #expect(result.status == 1, "\(result)")
    for word in [
      "CopyIgnoredFile", "Dockerfile:2", ".dockerignore:1", "!app", "failed: Dockerfile; 1 error",
    ] {
      #expect(result.output.contains(word), "\(word)\n\(result)")
    }
    let json = try await Command.forge(["lint", folder.path, "--format", "json"])
    #expect(json.status == 1)
    let report = try JSON.parse(SourceText(name: "lint", text: json.output), .project)
    #expect(report["findings"]?.elements.first?["location"]?.string == "Dockerfile:2")
  }

  @Test func nothingToLintIsExit2() async throws {
    let folder = try TemporaryFolder()
    #expect(try await Command.forge(["lint", folder.path]).status == 2)
    #expect(try await Command.forge(["lint", folder.file("none")]).status == 2)
  }

  /// A Dockerfile of forge's own passes its own check.
  @Test(arguments: ["todo-backend", "todo-frontend"])
  func generatedFilesPass(_ fixture: String) async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture(fixture), toPath: folder.file(fixture))
    let generated = try await Command.forge(["generate", folder.file(fixture)])
    #expect(generated.status == 0, "\(generated)")
    let result = try await Command.forge(["lint", folder.file(fixture)])
    #expect(result.status == 0, "\(result)")
    #expect(result.output == "passed: Dockerfile\n", "\(result)")
  }

  /// `build --check` needs no engine, and checks what would be built: a file that is there, else the generated one.
  @Test func buildChecksWithoutAnEngine() async throws {
    let folder = try TemporaryFolder()
    let project = folder.file("todo-backend")
    try FileManager.default.copyItem(atPath: Repository.fixture("todo-backend"), toPath: project)
    let arguments = ["build", project, "--check", "--engine", "docker"]
    let generated = try await Command.forge(arguments)
    #expect(generated.status == 0, "\(generated)")
    #expect(generated.output == "passed: Dockerfile\n", "\(generated)")
    #expect(!FileManager.default.fileExists(atPath: project + "/Dockerfile"))
    try folder.write("FROM scratch\nCOPY none /none\n", to: "todo-backend/Dockerfile")
    let own = try await Command.forge(arguments)
    #expect(own.status == 1, "\(own)")
    for word in ["Dockerfile:2", "failed: Dockerfile; 1 error"] {
      #expect(own.output.contains(word), "\(own)")
    }
  }

  /// What other tools read names files from where the command ran, whatever was named; text and JSON from the project.
  @Test(arguments: [
    ["lint", "web"], ["lint", "./web/"], ["lint", "web/Dockerfile"],
    ["lint", "web", "--context", "web"],
    ["build", "web", "--check"],
  ])
  func reportsNameFilesOfTheRepository(_ arguments: [String]) async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("todo-backend"), toPath: folder.file("web"))
    try folder.write("FROM scratch\nCOPY app /app\n", to: "web/Dockerfile")
    try folder.write("app\n", to: "web/.dockerignore")
    // JSON writes a slash as it likes.
    let places = [
      "github": "file=web/Dockerfile,line=2", "gitlab": #""web/Dockerfile""#,
      "sarif": #""web/Dockerfile""#,
    ]
    for (format, place) in places {
      let result = try await Command.forge(arguments + ["--format", format], in: folder.path)
      #expect(
        result.status == 1 && result.output.replacing("\\/", with: "/").contains(place),
        "\(format): \(result)")
      let absolute = try await Command.forge(
        [arguments[0], folder.file("web")] + arguments.dropFirst(2) + ["--format", format],
        in: folder.path)
      #expect(absolute.output.replacing("\\/", with: "/").contains(place), "\(format): \(absolute)")
    }
  }

  /// A Dockerfile as it is often written: what is wrong with it, and the file without that.
  private func project() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(
      "FROM node:latest\nWORKDIR /app\nADD . .\nRUN npm install\nENV PORT 3000\nEXPOSE 3000\nCMD npm start\n",
      to: "Dockerfile")
    try folder.write(#"{"name": "a", "scripts": {"start": "node a.js"}}"#, to: "package.json")
    try folder.write(#"{"lockfileVersion": 3, "packages": {"": {}}}"#, to: "package-lock.json")
    try folder.write("22\n", to: ".nvmrc")
    return folder
  }

  @Test func mendedFileIsShownAndWrittenOnlyWhenAskedFor() async throws {
    let folder = try project()
    let before = try String(contentsOfFile: folder.file("Dockerfile"), encoding: .utf8)
    let shown = try await Command.forge(["lint", folder.path])
    #expect(shown.status == 0, "\(shown)")
    for word in [
      "JSONArgsRecommended", "FORGE-L050", "-CMD npm start", "+CMD [\"npm\", \"start\"]",
      "nothing was written",
    ] {
      #expect(shown.output.contains(word), "\(word)\n\(shown)")
    }
    let mended = try await Command.forge(["lint", folder.file("Dockerfile"), "--mended"])
    #expect(mended.status == 0 && mended.output.hasPrefix("FROM node:"), "\(mended)")
    try #expect(String(contentsOfFile: folder.file("Dockerfile"), encoding: .utf8) == before)
    #expect(!FileManager.default.fileExists(atPath: folder.file(".dockerignore")))

    let fixed = try await Command.forge(["lint", folder.path, "--fix"])
    // What npm writes while it runs is not known: the user is left to its author.
    #expect(fixed.status == 0 && fixed.output.contains("what npm writes"), "\(fixed)")
    try #expect(String(contentsOfFile: folder.file("Dockerfile"), encoding: .utf8) == mended.output)
    let hadolint = try await Command.run("hadolint", [folder.file("Dockerfile")])
    #expect(hadolint.status == 0 && hadolint.output.isEmpty, "\(hadolint)")
    // Nothing is left to mend: the file is printed as it is.
    let again = try await Command.forge(["lint", folder.file("Dockerfile"), "--mended"])
    #expect(again.output == mended.output)
  }

  @Test func everyFormatTellsTheSame() async throws {
    let folder = try project()
    for (format, words) in [
      ("sarif", ["\"JSONArgsRecommended\"", "\"startLine\" : 7"]),
      ("github", ["::warning title=JSONArgsRecommended in .,file=Dockerfile,line=7"]),
      ("junit", ["<testsuites"]), ("markdown", ["FORGE-L050"]), ("gitlab", ["\"check_name\""]),
      ("html", ["<html"]),
    ] {
      let result = try await Command.forge(["lint", ".", "--format", format], in: folder.path)
      #expect(result.status == 0)
      for word in words { #expect(result.output.contains(word), "\(format) \(word)\n\(result)") }
    }
  }

  @Test func listsItsRules() async throws {
    let rules = try await Command.forge(["lint", "--rules", "--format", "json"])
    for id in ["StageNameCasing", "CopyIgnoredFile", "FORGE-L001", "FORGE-L060"] {
      #expect(rules.output.contains("\"\(id)\""), "\(id)")
    }
    let one = try await Command.forge(["rules", "jsonargsrecommended"])
    #expect(one.status == 0 && one.output.contains("JSONArgsRecommended"), "\(one)")
  }

  /// Sizes add up to what lies there, and each row names the line that decides.
  @Test func contextTellsWhatIsSentAndWhy() async throws {
    let folder = try TemporaryFolder()
    let long = String(repeating: "deep/", count: 20)
    try folder.write("node_modules\n*.log\n!keep.log\ndocs\n!docs/a.md\n", to: ".dockerignore")
    for (name, size) in [
      ("src/main.py", 3000), ("node_modules/a/b.js", 9000), ("x.log", 50), ("keep.log", 70),
      ("docs/a.md", 10), ("docs/b.md", 20), ("\(long)end.txt", 5),
    ] {
      try folder.write(String(repeating: "x", count: size), to: name)
    }
    let result = try await Command.forge(["context", folder.path, "--format", "json"])
    #expect(result.status == 0, "\(result)")
    let json = try JSON.parse(SourceText(name: "context", text: result.output), .project)
    func rows(_ list: String) -> [String: JSON] {
      Dictionary(
        (json[list]?.elements ?? []).map { ($0["path"]?.string ?? "", $0) }
      ) { a, _ in a }
    }
    func pattern(_ list: String, _ path: String) -> String? {
      rows(list)[path]?["rule"]?["pattern"]?.string
    }
    #expect(json["schemaVersion"]?.integer == 1)
    #expect(json["ignoreFile"]?.string == ".dockerignore")
    let ignoreSize = 45
    #expect(json["sentBytes"]?.integer == Int64(3085 + ignoreSize))
    #expect(json["sentFiles"]?.integer == 5)
    #expect(json["keptOutBytes"]?.integer == 9070)
    #expect(rows("sent")["src/"]?["bytes"]?.integer == 3000)
    #expect(rows("sent")["docs/"]?["bytes"]?.integer == 10)
    #expect(pattern("largestFiles", "keep.log") == "!keep.log")
    #expect(pattern("largestFiles", "docs/a.md") == "!docs/a.md")
    #expect(pattern("largestFiles", "src/main.py") == nil)
    #expect(pattern("keptOut", "node_modules/") == "node_modules")
    #expect(rows("keptOut")["docs/b.md"]?["rule"]?["source"]?.string == ".dockerignore:4")

    let text = try await Command.forge(["context", folder.path])
    #expect(text.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(text)")
    for word in ["src/", "node_modules (.dockerignore:1)", "!keep.log (.dockerignore:3)"] {
      #expect(text.output.contains(word), "\(word)\n\(text)")
    }
    let one = try await Command.forge(["context", folder.path, "--limit", "1", "--format", "json"])
    let short = try JSON.parse(SourceText(name: "context", text: one.output), .project)
    #expect(short["largestFiles"]?.elements.count == 1)
  }

  @Test func contextOfNothingIsExit2() async throws {
    let folder = try TemporaryFolder()
    let none = try await Command.forge(["context", folder.file("none")])
    #expect(none.status == 2 && none.errors.contains("there is no such folder"), "\(none)")
    try folder.write("x", to: "file")
    #expect(try await Command.forge(["context", folder.file("file")]).status == 2)
    #expect(try await Command.forge(["context", folder.path, "--limit", "0"]).status == 2)
    try folder.write("[\n", to: ".dockerignore")
    let bad = try await Command.forge(["context", folder.path])
    #expect(bad.status == 3 && bad.errors.contains(".dockerignore"), "\(bad)")
  }
}
