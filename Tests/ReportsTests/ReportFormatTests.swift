import ForgeFindings
import ForgeBasics
import ForgeInspection
import ForgeRules
import Foundation
import TestSupport
import Testing

@testable import ForgeReports

/// What an attacker would call a file, a label or a build step.
private let hostile = [
  "a\u{1B}[2J\u{202E}b", "::error file=x::owned", "\n::set-output name=a::b", "##[error]owned",
  "##vso[task.complete]x",
  "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "]]></failure><error/>&amp;",
  "| a | b |\n|---|",
  "@everyone #1 [x](https://example.org) `code` **b** ![i](x)", "[click](javascript:alert(1)){0}",
  "a/../../b c%2e?#x",
  "--><script>", "https://www.example.org/",
]

private enum Hostile {
  static var finding: [Finding] {
    hostile.enumerated().map { index, name in
      Finding(
        id: "FORGE-I009", severity: index % 2 == 0 ? .error : .warning,
        message: "/\(name) holds a secret",
        location: "layer 1: \(name)", fix: "add `\(name)` to .dockerignore", evidence: .file)
    } + [
      Finding(id: "FORGE-P001", severity: .info, message: "two", location: "a b/uv.lock:7"),
      Finding(
        id: "FORGE-I001", severity: .error, message: "root", location: "config.User",
        evidence: .config),
    ]
  }

  static var report: Report {
    var image = Samples.image
    image.reference = hostile.joined()
    image.platform = hostile.joined()
    var details = InspectionDetails()
    details.files = hostile.map { name in
      FileInstance(
        path: Array("usr/\(name)/\(name)".utf8), kind: .regular, mode: 0o644, uid: 0, gid: 0,
        size: 1_000_000, layer: 0,
        visible: true)
    }
    var layer = Samples.inspection.layers[0]
    layer.createdBy = hostile.joined(separator: " ")
    let inspection = Inspection(
      image: image, sizes: Samples.inspection.sizes, layers: [layer],
      waste: hostile.map {
        Waste(path: DisplayText.escape($0), bytes: 100, cause: .overwritten, layer: 0, hiddenBy: 1)
      }, largestFiles: [],
      duplicates: [],
      packages: [PackageFacts(kind: "deb", name: hostile[5], version: hostile[6], bytes: 1)],
      findings: finding, details: details)
    return Report(verdicts: [Gate.judge(inspection, policy: Policy())], inspections: [inspection])
  }
}

private struct Unreadable: ForgeError {
  let exitCode = ExitCode.unreadableInput
  let description = "image.tar: the archive ends early"
}

@Suite struct ReportFormatTests {
  private static let schemas = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "Schemas"
  ).path()

  private static let reports: [(String, Report)] = [
    ("verdict", Report(verdicts: [Samples.verdict], inspections: [Samples.inspection])),
    ("inspection", Report(Samples.inspection)), ("analysis", Report(Samples.analysis)),
    ("hostile", Hostile.report),
    ("failure", Report(command: "check", failure: Unreadable(), of: "image.tar")),
    ("nothing", Report(verdicts: [])),
  ]

  private func text(_ report: Report, _ format: ReportFormat) throws -> String {
    try #require(try report.render(format))
  }

  @Test(arguments: [(ReportFormat.sarif, "sarif.json"), (.gitlab, "gitlab.json")])
  func jsonKeepsToItsSchema(format: ReportFormat, schema: String) async throws {
    let folder = try TemporaryFolder()
    for (name, report) in Self.reports {
      try folder.write(text(report, format), to: name + ".json")
      let script =
        "import json,sys,jsonschema\njsonschema.validate(json.load(open(sys.argv[1])),json.load(open(sys.argv[2])))"
      try await Command.require(
        "python3", ["-c", script, folder.file(name + ".json"), Self.schemas + "/" + schema])
    }
  }

  @Test func junitKeepsToItsSchema() async throws {
    let folder = try TemporaryFolder()
    for (name, report) in Self.reports {
      try folder.write(text(report, .junit), to: name + ".xml")
      try await Command.require(
        "xmllint",
        ["--noout", "--nonet", "--schema", Self.schemas + "/junit.xsd", folder.file(name + ".xml")])
    }
  }

  @Test func whatCouldNotBeReadIsAFindingInEveryFormat() throws {
    let report = Report(command: "check", failure: Unreadable(), of: "image.tar")
    #expect(!report.passed)
    for format in ReportFormat.allCases where format != .text && format != .json {
      let text = try text(report, format)
      #expect(text.contains("FORGE-X003"), "\(format)")
      #expect(text.contains("the archive ends early"), "\(format)")
      #expect(!text.contains("passed"), "\(format)\n\(text)")
    }
    let failure = Failure(Unreadable(), of: "image.tar")
    #expect(failure.text(TextStyle()).contains("FORGE-X003"))
    #expect(try StableJSON.encode(failure).contains("\"passed\" : false"))
    #expect(try text(report, .sarif).contains("\"executionSuccessful\" : false"))
    #expect(try text(report, .junit).contains("errors=\"1\""))
  }

  /// A runner reads `::command::` at the start of a line, after spaces, and `##[command]` anywhere.
  @Test(arguments: ReportFormat.allCases)
  func noNameBecomesACommandOfARunner(format: ReportFormat) throws {
    let report = Hostile.report
    let verdict = Gate.judge(try #require(report.subjects[0].inspection), policy: Policy())
    let text =
      switch format {
      case .text:
        verdict.text(TextStyle(width: 40))
          + (report.subjects[0].inspection?.text(TextStyle(width: 40)) ?? "")
      case .json: try StableJSON.encode(verdict)
      default: try self.text(report, format)
      }
    for line in text.split(whereSeparator: \.isNewline) {
      let start = line.drop { $0.isWhitespace }
      let isOurs =
        format == .github
        && ["::error title=", "::warning title=", "::notice title="].contains {
          start.hasPrefix($0)
        }
      #expect(isOurs || !start.hasPrefix("::"), "\(line)")
      #expect(line.firstMatch(of: /##[a-z]*\[/) == nil, "\(line)")
      #expect(
        line.unicodeScalars.allSatisfy {
          $0.value >= 0x20 && $0.value != 0x7F && (format == .json || $0.value != 0x202E)
        }, "\(line)")
    }
  }

  @Test func githubPropertiesHoldNoSeparators() throws {
    for line in try text(Hostile.report, .github).split(separator: "\n") where line.hasPrefix("::")
    {
      // `::command properties::data`: no name may end the properties early or add one.
      let properties =
        line.dropFirst(2).prefix { $0 != ":" }.split(separator: " ", maxSplits: 1).last ?? ""
      for property in properties.split(separator: ",") {
        #expect(["title=", "file=", "line="].contains { property.hasPrefix($0) }, "\(line)")
      }
    }
  }

  @Test func htmlHoldsNoMarkupOfNames() throws {
    let html = try text(Hostile.report, .html)
    #expect(!html.contains("<script>alert"))
    #expect(!html.contains("<img"))
    #expect(html.components(separatedBy: "<script>").count == 2)
    #expect(html.contains("&lt;script&gt;alert(1)"))
    // Nothing is fetched.
    #expect(html.firstMatch(of: /<[a-z]+[^<>]*\s(src|href)="?[^#"]/) == nil)
    #expect(html.contains("default-src 'none'"))
  }

  @Test func markdownHoldsNoMarkupOfNames() throws {
    let text = try text(Hostile.report, .markdown)
    for words in ["<script", "<img", "](", "@everyone", "**b**", "javascript:", "https://", "www."]
    {
      #expect(!text.contains(words), "\(words)")
    }
    let rows = text.split(separator: "\n").filter { $0.contains("FORGE-") }
    #expect(!rows.isEmpty)
    for row in rows { #expect(row.count { $0 == "|" } == 6, "\(row)") }
  }

  @Test func sarifSaysWhereAndHow() throws {
    let text = try text(Hostile.report, .sarif)
    #expect(text.contains("\"uri\" : \"a%20b/uv.lock\""))
    #expect(text.contains("\"startLine\" : 7"))
    // A link in a message must be ours, and we write none.
    #expect(!text.contains("/[click]("))
  }

  /// What is known of a finding from the sources: the line that put the file there, and the edit that keeps it out.
  private static let traced = Finding(
    id: "FORGE-I009", severity: .error, message: "/app/.env is an environment file",
    at: .layer(1, path: "app/.env"), fix: "add it to .dockerignore", evidence: .file,
    cause: SourceLine(file: "my backend/Dockerfile", line: 10, text: "COPY . ."),
    change: SourceChange(
      file: "my backend/.dockerignore", line: 7, removes: 1, inserts: ["**/.git", "**/.env*"]))

  private static func report(_ findings: [Finding]) -> Report {
    Report(
      command: "build",
      subjects: [
        Report.Subject(
          name: "todo:1", digest: nil, platform: nil, passed: false, isWhole: true, headline: "",
          failOn: .error,
          findings: findings, inspection: nil)
      ])
  }

  /// A secret lies in a line of a file in a layer: the file is named without it, and the line is the line.
  @Test func aLineInALayerIsALineInEveryFormat() throws {
    let secret = Finding(
      id: "FORGE-I010", severity: .error, message: "/app/settings.py holds an AWS access key",
      at: .layer(0, path: "app/settings.py", line: 4), evidence: .file)
    let report = Self.report([secret])
    let sarif = try text(report, .sarif)
    #expect(sarif.contains("\"uri\" : \"app/settings.py\"") && !sarif.contains("%3A4"))
    #expect(sarif.contains("\"startLine\" : 4"))
    let gitlab = try text(report, .gitlab)
    #expect(gitlab.contains("\"path\" : \"app/settings.py\"") && gitlab.contains("\"begin\" : 4"))
  }

  @Test func sarifPointsToTheLineOfTheDockerfile() throws {
    struct Log: Decodable {
      let runs: [Run]
      struct Run: Decodable { let results: [Result] }
      struct Result: Decodable {
        let locations: [Location]
        let fixes: [Fix]?
      }
      struct Location: Decodable {
        let physicalLocation: Physical
        let logicalLocations: [Logical]
      }
      struct Physical: Decodable {
        let artifactLocation: Artifact
        let region: Region
      }
      struct Artifact: Decodable { let uri: String }
      struct Region: Decodable, Equatable {
        let startLine: Int
        var startColumn: Int?
        var endLine: Int?
        var endColumn: Int?
      }
      struct Logical: Decodable { let fullyQualifiedName: String }
      struct Fix: Decodable { let artifactChanges: [Change] }
      struct Change: Decodable {
        let artifactLocation: Artifact
        let replacements: [Replacement]
      }
      struct Replacement: Decodable {
        let deletedRegion: Region
        let insertedContent: Content
      }
      struct Content: Decodable { let text: String }
    }
    func results(_ finding: Finding) throws -> [Log.Result] {
      try JSONDecoder().decode(Log.self, from: Data(text(Self.report([finding]), .sarif).utf8)).runs
        .flatMap(\.results)
    }
    let found = try #require(results(Self.traced).first)
    let place = try #require(found.locations.first)
    #expect(place.physicalLocation.artifactLocation.uri == "my%20backend/Dockerfile")
    #expect(place.physicalLocation.region == Log.Region(startLine: 10))
    #expect(place.logicalLocations.map(\.fullyQualifiedName) == ["layer 1: app/.env"])
    let change = try #require(found.fixes?.first?.artifactChanges.first)
    #expect(change.artifactLocation.uri == "my%20backend/.dockerignore")
    // Whole lines: from the start of the first to the start of the one behind the last.
    #expect(
      change.replacements.map(\.deletedRegion)
        == [Log.Region(startLine: 7, startColumn: 1, endLine: 8, endColumn: 1)])
    #expect(change.replacements.map(\.insertedContent.text) == ["**/.git\n**/.env*\n"])
    // Without the sources, no file is named that may not be there.
    let plain = try #require(results(Self.traced.traced(to: nil, change: nil)).first)
    #expect(
      plain.fixes == nil
        && plain.locations.first?.physicalLocation.artifactLocation.uri == "app/.env")
  }

  /// What is in the image or about it is no file of the project: a reviewer is not sent to a line that is not there.
  @Test(arguments: [
    ("reference", Evidence.archive), ("etc/os-release", .file), ("npm", .file),
    ("attestation[0]", .archive),
    ("config.User", .config), ("history[3]", .history), ("layer 1: app/.env", .file),
  ])
  func onlySourcesAreOpened(location: String, evidence: Evidence) throws {
    let finding = Finding(
      id: "FORGE-I018", severity: .info, message: "m", location: location, evidence: evidence)
    #expect(finding.reviewPlace == nil)
    let github = try text(Self.report([finding]), .github)
    #expect(!github.contains("file=") && github.contains("at \(location)"), "\(github)")
  }

  /// Every format leads to the same line, and says what to write there.
  @Test func everyFormatNamesTheLineAndTheEdit() throws {
    let report = Self.report([Self.traced])
    let edit = "write `**/.git`, `**/.env*` for line 7 of my backend/.dockerignore"
    #expect(
      try text(report, .github).contains(
        "file=my backend/Dockerfile,line=10::/app/.env is an environment file"))
    for format in [ReportFormat.sarif, .github, .gitlab, .junit, .html] {
      #expect(
        try text(report, format).contains("at my backend/Dockerfile:10 `COPY . .`: add it"),
        "\(format)")
      #expect(try text(report, format).contains(edit), "\(format)")
    }
    let gitlab = try text(report, .gitlab)
    #expect(
      gitlab.contains("\"path\" : \"my backend/Dockerfile\"") && gitlab.contains("\"begin\" : 10"),
      "\(gitlab)")
    #expect(try text(report, .markdown).contains("line 7 of my backend/.dockerignore"))
    var layout = TextLayout(TextStyle(width: 200))
    layout.findings([Self.traced])
    #expect(layout.text.contains("edit " + edit), "\(layout.text)")
    let deletion = SourceChange(file: "Dockerfile", line: 3, removes: 2, inserts: [])
    #expect(deletion.words == "delete lines 3 to 4 of Dockerfile")
    let insertion = SourceChange(file: "Dockerfile", line: 3, removes: 0, inserts: ["USER 1"])
    #expect(insertion.words == "insert `USER 1` as line 3 of Dockerfile")
  }

  /// Old findings keep their names when a line moves, a layer is added or the tag changes; no two share one.
  @Test func fingerprintsAreStableAndUnique() throws {
    func prints(_ line: Int, _ layer: Int, _ tag: String) throws -> [String] {
      var image = Samples.image
      image.reference = "registry.example:5000/todo:\(tag)"
      let findings = [
        Finding(id: "FORGE-P001", severity: .warning, message: "a", location: "x.py:\(line)"),
        Finding(id: "FORGE-P001", severity: .warning, message: "b", location: "x.py:\(line + 1)"),
        Finding(
          id: "FORGE-I009", severity: .error, message: "\(layer)", location: "layer \(layer): x",
          evidence: .file),
      ]
      let inspection = Inspection(
        image: image, sizes: Samples.inspection.sizes, layers: [], waste: [], largestFiles: [],
        duplicates: [],
        packages: [], findings: findings, details: InspectionDetails())
      return try text(Report(inspection), .sarif).matches(
        of: /forgeFinding\/v1" : "([0-9a-f]{32})"/
      ).map {
        String($0.1)
      }
    }
    let first = try prints(3, 1, "1")
    #expect(first.count == 3)
    #expect(Set(first).count == 3)
    #expect(try prints(30, 2, "2") == first)
  }

  @Test func aLargeImageStaysASmallPage() throws {
    var details = InspectionDetails()
    for index in 0..<200_000 {
      let path =
        "usr/lib/node_modules/package-\(index % 3000)/dist/chunk-\(index % 17)/file-\(index).js"
      details.files.append(
        FileInstance(
          path: Array(path.utf8), kind: .regular, mode: 0o644, uid: 0, gid: 0,
          size: Int64(500 + index % 9000),
          layer: index % 5, visible: true))
    }
    let waste = (0..<50_000).map {
      Waste(path: "tmp/file-\($0)", bytes: 10, cause: .deletedFile, layer: 0, hiddenBy: 1)
    }
    let inspection = Inspection(
      image: Samples.image, sizes: Samples.inspection.sizes, layers: Samples.inspection.layers,
      waste: waste,
      largestFiles: [], duplicates: [], packages: [], findings: [], details: details)
    let html = try text(Report(inspection), .html)
    #expect(html.utf8.count < 2_000_000, "\(html.utf8.count) bytes")
    #expect(html.contains("package-"))
    try #expect(text(Report(inspection), .html) == html)
  }

  @Test(arguments: ReportFormat.allCases)
  func theSameTwice(format: ReportFormat) throws {
    let report = Hostile.report
    try #expect(report.render(format) == report.render(format))
  }
}
