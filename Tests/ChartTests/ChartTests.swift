import ForgeAnalyzer
import ForgeCodebase
import ForgeTemplates
import Foundation
import TestSupport
import Testing

@testable import ForgeCharts
@testable import ForgeWorkloads

/// The files of a chart: the stamp, what is kept, and what is refused.
@Suite struct ChartFileTests {
  private let fixture = Repository.fixture("todo-backend")

  private func chart(_ folder: TemporaryFolder, _ more: String...) async throws -> CommandResult {
    try await Command.forge(["chart", fixture, "-o", folder.file("chart")] + more)
  }

  @Test func aSecondRunChangesNothing() async throws {
    let folder = try TemporaryFolder()
    #expect(try await chart(folder, "--check").status == 1)
    #expect(try folder.names().isEmpty)
    let first = try await chart(folder)
    #expect(first.status == 0 && first.output.contains("written"), "\(first)")
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.file("chart"))
    for name in ["Chart.yaml", "values.schema.json", "templates/todo-backend-deployment.yaml"] {
      #expect(files.contains(name), "\(name): \(files)")
    }
    #expect(try await chart(folder, "--check").status == 0)
    let second = try await chart(folder)
    #expect(second.status == 0 && !second.output.contains("written"), "\(second)")
    #expect(!second.output.contains("updated"), "\(second)")
  }

  @Test(arguments: [
    "values.yaml", "values.schema.json", "templates/_helpers.tpl", "templates/NOTES.txt",
  ])
  func whatWasEditedIsNotOverwritten(file: String) async throws {
    let folder = try TemporaryFolder()
    #expect(try await chart(folder).status == 0)
    let path = folder.file("chart/" + file)
    let edited = try String(contentsOfFile: path, encoding: .utf8) + "\n# mine\n"
    try folder.write(edited, to: "chart/" + file)
    let refused = try await chart(folder)
    #expect(refused.status == 2 && refused.errors.contains(file), "\(refused)")
    #expect(refused.errors.contains("forge chart --check"), "\(refused)")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == edited)
    #expect(try await chart(folder, "--check").status == 1)
    #expect(try await chart(folder, "--force").status == 0)
    #expect(try await chart(folder, "--check").status == 0)
  }

  @Test func keptBlocksAndOwnFilesStay() async throws {
    let folder = try TemporaryFolder()
    #expect(try await chart(folder).status == 0)
    let path = folder.file("chart/values.yaml")
    let block = "# forge:keep\nextra: {}\n# forge:end\n"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try folder.write(text + block, to: "chart/values.yaml")
    try folder.write("own: true\n", to: "chart/values-mine.yaml")
    #expect(try await chart(folder, "--check").status == 0)
    #expect(try await chart(folder).status == 0)
    #expect(try String(contentsOfFile: path, encoding: .utf8).contains(block))
    #expect(
      try String(contentsOfFile: folder.file("chart/values-mine.yaml"), encoding: .utf8)
        == "own: true\n")
  }

  @Test func templatesOfWhatIsGoneAreRemoved() async throws {
    let folder = try TemporaryFolder()
    #expect(try await chart(folder).status == 0)
    let gone = "chart/templates/gone-service.yaml"
    try folder.write(Stamp.stamped("kind: Service\n", comment: .hash), to: gone)
    try folder.write("kind: Service\n", to: "chart/templates/mine.yaml")
    let stale = try await chart(folder, "--check")
    #expect(stale.status == 1 && stale.errors.contains("gone-service.yaml"), "\(stale)")
    #expect(try await chart(folder).status == 0)
    #expect(!FileManager.default.fileExists(atPath: folder.file(gone)))
    #expect(FileManager.default.fileExists(atPath: folder.file("chart/templates/mine.yaml")))
    #expect(try await chart(folder, "--check").status == 0)
  }

  @Test func whatIsNoChartOfForgesIsLeftAlone() async throws {
    let other = try TemporaryFolder()
    try other.write("mine", to: "chart/notes.txt")
    let refused = try await chart(other)
    #expect(
      refused.status == 2 && refused.errors.contains("no chart that forge wrote"), "\(refused)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: other.file("chart")).count == 1)
    let foreign = try TemporaryFolder()
    try foreign.write("apiVersion: v2\nname: mine\n", to: "chart/Chart.yaml")
    #expect(try await chart(foreign).status == 2)
    #expect(try FileManager.default.contentsOfDirectory(atPath: foreign.file("chart")).count == 1)
    let file = try TemporaryFolder()
    try file.write("a file", to: "chart")
    #expect(try await chart(file).status == 2)
  }

  @Test(arguments: [
    ("on", "\"on\""), ("NO", "\"NO\""), ("API_URL", "API_URL"), ("todoBackend", "todoBackend"),
  ])
  func keysThatYAMLWouldMisreadAreQuoted(name: String, text: String) {
    #expect(HelmText.key(name) == text)
  }

  @Test(arguments: [
    ("a\"b\\", "\"a\\\"b\\\\\""), ("{{ x }}", "\"{\\x7B x }}\""),
    ("é\n", "\"\\U000000E9\\U0000000A\""),
  ])
  func textIsQuotedForYAMLAndTemplates(text: String, quoted: String) {
    #expect(HelmText.quoted(text) == quoted)
  }

  @Test func commentsHoldNoActions() {
    let comment = HelmText.comment("a {{ fail }}\nb")
    #expect(!comment.contains("{{") && !comment.contains("}}") && !comment.contains("\n"))
  }
}

/// Charts held against the real Helm, the schemas of Kubernetes and Pod Security's level "restricted".
@Suite struct HelmTests {
  struct Verdict: Decodable {
    let lint: [String]
    let render: String
    let wrong: [String]
  }

  static let python = Repository.root + ".build-tools/bin/python"

  /// A chart of the components, judged.
  private func judge(
    _ analysis: Analysis, values: String, release: String = "demo", name: String? = nil
  ) async throws -> (verdict: Verdict, output: String) {
    let folder = try TemporaryFolder()
    let application = try Application(analysis, name: name)
    for file in try ChartGenerator(application).files() {
      try folder.write(file.contents, to: "\(application.name)/\(file.path)")
    }
    let output = try await Command.require(
      Self.python,
      [
        Repository.root + "Tests/ChartTests/helm.py", folder.file(application.name), release,
        values,
      ])
    return (try JSONDecoder().decode(Verdict.self, from: Data(output.utf8)), output)
  }

  private func fixtures() throws -> Analysis {
    let analysis = try Analyzer.analyze(Repository.root + "fixtures")
    return Analysis(
      root: ".", services: analysis.services.filter { $0.name.hasPrefix("todo-") },
      links: analysis.links.filter { $0.from.hasPrefix("todo-") })
  }

  private func project(_ files: [String: String]) throws -> Analysis {
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(text, to: name) }
    return try Analyzer.analyze(folder.path)
  }

  private static let secrets = #"""
    "backend":{"secrets":{"DATABASE_URL":"postgresql://db/x"}},"frontend":{"existingSecret":"mine"}
    """#

  @Test(arguments: [
    "", #","ingress":{"enabled":true,"host":"a.example","className":"x","tlsSecret":"t"}"#,
    #","networkPolicy":{"ingressNamespaceLabels":{"a":"b"},"mcpClientNamespaceLabels":{"c":"d"}}"#,
    #","networkPolicy":{"databasePeers":[{"ipBlock":{"cidr":"10.0.0.7/32"}}]}"#,
    #","networkPolicy":{"enabled":false},"fullnameOverride":"on""#,
  ])
  func theFixturesPass(more: String) async throws {
    let (verdict, output) = try await judge(try fixtures(), values: "{\(Self.secrets)\(more)}")
    #expect(verdict.lint.isEmpty && verdict.render.isEmpty, "\(verdict)")
    #expect(verdict.wrong.isEmpty, "\(verdict)")
    #expect(!output.contains("NEXT_PUBLIC_"))
    #expect(!output.contains("NEXT_SERVER_ACTIONS_ENCRYPTION_KEY"))
    #expect(output.contains("-backend:8000"))
  }

  @Test func anAutoscalerOwnsTheReplicas() async throws {
    let plain = Self.secrets.replacing(
      #""existingSecret":"mine""#, with: #""existingSecret":"m","autoscaling":{"enabled":true}"#)
    let (verdict, output) = try await judge(try fixtures(), values: "{\(plain)}")
    #expect(verdict.lint.isEmpty && verdict.wrong.isEmpty && verdict.render.isEmpty, "\(verdict)")
    #expect(output.contains("HorizontalPodAutoscaler") && output.contains("PodDisruptionBudget"))
    // Of the backend alone.
    #expect(output.components(separatedBy: #""replicas": "#).count == 2)
  }

  @Test(arguments: [
    ("{}", "is missing: the code does not start without it"),
    (#"{"bogus":1}"#, "bogus"), (#"{"backend":{"replicas":"two"}}"#, "got string, want integer"),
    (#"{"backend":{"secrets":{"DATABASE_URI":"x"}}}"#, "DATABASE_URI"),
    (#"{"backend":{"image":{"digest":"latest"}}}"#, "digest"),
  ])
  func wrongValuesAreRefused(values: String, message: String) async throws {
    let (verdict, _) = try await judge(try fixtures(), values: values)
    #expect(verdict.render.contains(message), "\(verdict)")
  }

  private static let page = "export default function Page() { return null }"
  private static let lock =
    #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.3.4"}}}"#

  private func next(_ name: String, config: String) -> [String: String] {
    [
      "package.json":
        "{\"name\":\"\(name)\",\"dependencies\":{\"next\":\"16.3.4\"},"
        + "\"scripts\":{\"build\":\"next build\"}}",
      "package-lock.json": Self.lock, "next.config.js": "module.exports = { \(config) }",
      "app/page.tsx": Self.page,
    ]
  }

  @Test(arguments: [
    ("web", "output: 'standalone'", "demo"), ("web", "output: 'export'", "1e3"),
    ("web", "basePath: '/shop'", String(repeating: "a", count: 53)), ("on", "", "on"),
    ("1e3", "", "x"),
    (String(repeating: "long-", count: 16), "", "demo"),
  ])
  func frontendsPass(name: String, config: String, release: String) async throws {
    let (verdict, _) = try await judge(
      try project(next(name, config: config)), values: #"{"ingress":{"enabled":true}}"#,
      release: release)
    #expect(verdict.lint.isEmpty && verdict.render.isEmpty, "\(verdict)")
    #expect(verdict.wrong.isEmpty, "\(verdict)")
  }

  @Test(arguments: [
    "aiosqlite==0.20.0\n", "celery==5.4.0\nredis==5.0.0\n", "asyncpg==0.29.0\n", "",
  ])
  func backendsPass(requirements: String) async throws {
    let (verdict, output) = try await judge(
      try project([
        "requirements.txt": "fastapi==0.115.0\nuvicorn==0.30.0\n" + requirements,
        "main.py":
          "import os\nfrom fastapi import FastAPI\napp = FastAPI()\nA = os.getenv('NO', 'x: {{ y }}')\n",
        "tasks.py": "from celery import Celery\ncelery = Celery('t')\n",
      ]), values: "{}")
    #expect(verdict.lint.isEmpty && verdict.render.isEmpty, "\(verdict)")
    #expect(verdict.wrong.isEmpty, "\(verdict)")
    #expect(output.contains("PersistentVolumeClaim") == requirements.contains("sqlite"))
  }
}
