import Foundation
import TestSupport
import Testing

/// `forge analyze` and `forge env` from the command line.
@Suite struct AnalyzeCommandTests {
  private func project(_ files: [String: String] = [:]) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let all = [
      "package.json": #"{"name":"web","dependencies":{"next":"16.0.10"},"scripts":{"build":"next build"}}"#,
      "package-lock.json": #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.0.10"}}}"#,
      "page.ts": "export const url = process.env.API_URL",
    ].merging(files) { $1 }
    for (name, text) in all { try folder.write(text, to: name) }
    try FileManager.default.createDirectory(atPath: folder.file("app"), withIntermediateDirectories: true)
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
    #expect(unknown.status == 2 && unknown.errors.contains("did you mean `runtime.version`?"), "\(unknown)")
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
      for place in conclusion.evidence { #expect(result.output.contains(place), "\(conclusion.key): \(result)") }
    }
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
    #expect(markdown.status == 0 && markdown.output.contains("| `API_URL` | runtime | yes |"), "\(markdown)")
    let dotenv = try await Command.forge(["env", folder.path, "--format", "dotenv"])
    #expect(dotenv.output.contains("# required (page.ts:1)\nAPI_URL=\n"), "\(dotenv)")
    let json = try await Command.forge(["env", folder.path, "--format", "json"])
    #expect(json.output.contains(#""name" : "API_URL""#), "\(json)")
  }

  @Test func checkComparesWithTheExample() async throws {
    let folder = try project([".env.example": "OLD=1\n"])
    let wrong = try await Command.forge(["env", folder.path, "--check"])
    #expect(wrong.status == 1, "\(wrong)")
    #expect(wrong.output.contains("missing  API_URL") && wrong.output.contains("unused   OLD"), "\(wrong)")
    try folder.write("API_URL=\n", to: ".env.example")
    let right = try await Command.forge(["env", folder.path, "--check"])
    #expect(right.status == 0, "\(right)")
  }
}
