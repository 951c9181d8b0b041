import Foundation
import TestSupport
import Testing

/// `forge analyze` and `forge env` from the command line.
@Suite struct AnalyzeCommandTests {
  private func project(_ files: [String: String] = [:]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let all = [
      "package.json":
        #"{"name":"web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
      "package-lock.json":
        #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.3.4"}}}"#,
      "page.ts": "new URL(process.env.API_URL!)",
    ].merging(files) { $1 }
    for (name, text) in all { try folder.write(text, to: name) }
    try FileManager.default.createDirectory(
      atPath: folder.file("app"), withIntermediateDirectories: true)
    try folder.write("", to: "app/page.tsx")
    return folder
  }

  @Test func explainsOneConclusion() async throws {
    let folder = try project([".nvmrc": "22\n", ".node-version": "24\n"])
    let result = try await Command.forge(["analyze", folder.path, "--explain", "runtime.version"])
    #expect(result.status == 0, "\(result)")
    for line in ["value        22", "confidence   ambiguous", ".nvmrc:1", "24  (.node-version:1)"] {
      #expect(result.output.contains(line), "\(line): \(result)")
    }
    let unknown = try await Command.forge(["analyze", folder.path, "--explain", "runtime.versoin"])
    #expect(
      unknown.status == 2 && unknown.errors.contains("did you mean `runtime.version`?"),
      "\(unknown)")
  }

  @Test func reportsNameFilesOfTheRepository() async throws {
    let folder = try project([".nvmrc": "22\n", ".node-version": "24\n"])
    let root = URL(filePath: folder.path)
    let result = try await Command.forge(
      ["analyze", root.lastPathComponent, "--format", "github"],
      in: root.deletingLastPathComponent().path())
    #expect(result.output.contains("file=\(root.lastPathComponent)/.n"), "\(result)")
  }

  /// Every key that the analysis names can be asked for, and shows all that it rests on.
  @Test(arguments: ["todo-frontend", "todo-backend"])
  func explainsEveryConclusion(of fixture: String) async throws {
    struct Analysis: Decodable {
      struct Service: Decodable {
        struct Conclusion: Decodable {
          let key: String
          let evidence: [String]
        }
        let conclusions: [Conclusion]
      }
      let services: [Service]
    }
    let path = Repository.fixture(fixture)
    let json = try await Command.forge(["analyze", path, "--format", "json"])
    let analysis = try JSONDecoder().decode(Analysis.self, from: Data(json.output.utf8))
    let conclusions = analysis.services.flatMap(\.conclusions)
    #expect(conclusions.count >= 10)
    for conclusion in conclusions {
      let result = try await Command.forge(["analyze", path, "--explain", conclusion.key])
      #expect(result.status == 0, "\(conclusion.key): \(result)")
      for place in conclusion.evidence {
        #expect(result.output.contains(place), "\(conclusion.key): \(result)")
      }
    }
  }

  /// As a user who may not read them, folders and sources are named, and a manifest is an error.
  @Test func whatMayNotBeRead() async throws {
    let folder = try project([
      "lib/secret.ts": "process.env.HIDDEN", "closed/a.ts": "process.env.CLOSED",
    ])
    let tools = try TemporaryFolder()
    let manager = FileManager.default
    func permit(_ mode: Int, _ name: String) throws {
      try manager.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.file(name))
    }
    func analyze() async throws -> CommandResult {
      guard getuid() == 0 else { return try await Command.forge(["analyze", folder.path]) }
      // Root may read all. The folder of the built forge need not be open to others: another name of it is.
      let copy = tools.file("forge")
      if !manager.fileExists(atPath: copy) {
        do { try manager.linkItem(atPath: Command.forge, toPath: copy) } catch {
          try manager.copyItem(atPath: Command.forge, toPath: copy)
        }
      }
      return try await Command.run(
        "setpriv",
        ["--reuid=65534", "--regid=65534", "--clear-groups", copy, "analyze", folder.path])
    }
    try permit(0o000, "lib/secret.ts")
    try permit(0o000, "closed")
    defer { try? permit(0o700, "closed") }
    let result = try await analyze()
    #expect(result.status == 0, "\(result)")
    for text in ["FORGE-T003", "closed", "FORGE-N046", "lib/secret.ts", "Permission denied"] {
      #expect(result.output.contains(text), "\(text): \(result)")
    }
    #expect(result.output.contains("API_URL") && !result.output.contains("HIDDEN"), "\(result)")
    try permit(0o000, "package.json")
    let refused = try await analyze()
    #expect(refused.status == 3 && refused.errors.contains("package.json"), "\(refused)")
    try manager.setAttributes([.posixPermissions: 0o000], ofItemAtPath: folder.path)
    defer { try? manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path) }
    let closed = try await analyze()
    #expect(closed.status == 3 && closed.errors.contains("Permission denied"), "\(closed)")
  }

  @Test func strictRefusesWhatIsAmbiguous() async throws {
    let folder = try project([".nvmrc": "22\n", ".node-version": "24\n"])
    let loose = try await Command.forge(["analyze", folder.path])
    #expect(loose.status == 0, "\(loose)")
    let strict = try await Command.forge(["analyze", folder.path, "--strict"])
    #expect(strict.status == 3 && strict.errors.contains("web: runtime.version"), "\(strict)")
    // Said once in forge.yaml, it is no longer ambiguous.
    try folder.write("services:\n  web:\n    versions: { node: \"22\" }\n", to: "forge.yaml")
    let settled = try await Command.forge(["analyze", folder.path, "--strict"])
    #expect(settled.status == 0, "\(settled)")
  }

  @Test func environmentInEveryFormat() async throws {
    let folder = try project()
    let markdown = try await Command.forge(["env", folder.path])
    #expect(
      markdown.status == 0 && markdown.output.contains("| `API_URL` | runtime | yes |"),
      "\(markdown)")
    let dotenv = try await Command.forge(["env", folder.path, "--format", "dotenv"])
    #expect(dotenv.output.contains("# required (page.ts:1)\nAPI_URL=\n"), "\(dotenv)")
    let json = try await Command.forge(["env", folder.path, "--format", "json"])
    #expect(json.output.contains(#""name" : "API_URL""#), "\(json)")
  }

  @Test func checkComparesWithTheExample() async throws {
    let folder = try project([".env.example": "OLD=1\n"])
    let wrong = try await Command.forge(["env", folder.path, "--check"])
    #expect(wrong.status == 1, "\(wrong)")
    #expect(
      wrong.output.contains("missing  API_URL") && wrong.output.contains("unused   OLD"), "\(wrong)"
    )
    try folder.write("API_URL=\n", to: ".env.example")
    let right = try await Command.forge(["env", folder.path, "--check"])
    #expect(right.status == 0, "\(right)")
  }
}
