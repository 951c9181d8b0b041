import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeRules
import ForgeSecrets
import Foundation
import TestSupport
import Testing

/// Every kind of secret in every place where Next.js and FastAPI images leak them, through a real archive.
@Suite struct PlantedSecretsTests {
  /// Kinds that stand in files of certain names only.
  private static let kindsOfFiles = [
    "npm-auth", "yarn-auth", "pypi-password", "netrc-password", "pgpass-password", "docker-auth",
    "pip-index-password",
  ]

  @Test(arguments: [Compressor.none, .gzip, .zstd])
  func everyKindInEveryPlaceIsFound(compression: Compressor) throws {
    let catalogue = try SecretCatalogue.standard.get()
    var examples = SecretExamples(seed: 21)
    var expected: Set<[String]> = []
    var planted: [(path: String, content: [UInt8])] = []
    for kind in catalogue.kinds {
      let (text, name) = try examples.line(kind.id)
      var places = [("app/\(kind.id)/\(name)", Array(text.utf8))]
      if !Self.kindsOfFiles.contains(kind.id) {
        let escaped = text.replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(
          of: "\n", with: "\\n")
        places += [
          ("app/.next/server/chunks/\(kind.id).js", Array("(()=>{\(text)})()".utf8)),
          (
            "app/.next/static/\(kind.id).js.map",
            Array("{\"sourcesContent\":[\"\(escaped)\"]}".utf8)
          ),
          ("app/__pycache__/\(kind.id).pyc", [0xE3, 0, 0] + Array(text.utf8) + [0, 0]),
        ]
      }
      for (path, content) in places {
        planted.append((path, content))
        expected.insert([kind.id, path])
      }
    }
    let first = TarBuilder.make { tar in
      for file in planted { tar.add(file.path, data: file.content) }
    }
    // Half of them are deleted again, which helps nobody.
    let second = TarBuilder.make { tar in
      for kind in catalogue.kinds.prefix(60) { tar.add("app/.wh.\(kind.id)", data: []) }
    }
    let image = TestImage(layers: [first, second], config: TestConfig(user: "1000"))
    let path = FileManager.default.temporaryDirectory.appending(
      path: "planted-\(UUID().uuidString).tar"
    ).path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(image.ociArchive(compression: compression)).write(to: URL(filePath: path))
    let inspection = try Inspector.inspect(
      path, options: InspectionOptions(findsSecrets: true, capture: Gate.capture))
    let secrets = try #require(inspection.details.secrets)
    let found = Set(
      secrets.map { [$0.hit.kind, String(decoding: $0.path, as: UTF8.self)] })
    #expect(expected.subtracting(found).sorted { $0[1] < $1[1] } == [])
    let hidden = secrets.filter { !$0.visible }
    #expect(hidden.count >= 60)
    let verdict = try Gate.judge(inspection, policy: Policy())
    #expect(!verdict.passed)
    // No report holds a value.
    let json = try StableJSON.encode(verdict)
    var again = SecretExamples(seed: 21)
    for kind in catalogue.kinds {
      let text = try again.line(kind.id).text
      for word in text.split(whereSeparator: { "\"' =\n:@/".contains($0) }) where word.count >= 20 {
        #expect(!json.contains(word) || word.contains("PRIVATE"), "\(kind.id)")
      }
    }
  }

  /// And in what is no file: the environment, labels, the command, the history, build arguments, provenance.
  @Test func everyKindOutsideOfFilesIsFound() throws {
    let catalogue = try SecretCatalogue.standard.get()
    var examples = SecretExamples(seed: 22)
    for kind in catalogue.kinds where !Self.kindsOfFiles.contains(kind.id) {
      let text = try examples.line(kind.id).text
      func found(_ rule: String, _ change: (inout ImageUnderTest) -> Void) -> [String?] {
        var image = ImageUnderTest()
        change(&image)
        let findings = image.findings(rule)
        for finding in findings {
          for word in text.split(whereSeparator: { "\"' =\n:@/".contains($0) })
          where word.count >= 20 && !word.contains("PRIVATE") {
            #expect(
              !finding.message.contains(word) && !(finding.fix ?? "").contains(word), "\(kind.id)")
          }
        }
        return findings.map(\.location)
      }
      let id = kind.id
      #expect(
        found("FORGE-I008") { $0.details.config.environment = ["NOTE=\(text)"] } == ["config.Env"],
        "\(id)")
      #expect(
        found("FORGE-I008") { $0.details.config.labels = ["note": text] }.contains("config.Labels"),
        "\(id)")
      #expect(found("FORGE-I008") { $0.cmd = ["sh", "-c", text] }.contains("config.Cmd"), "\(id)")
      for step in ["RUN echo '\(text)'", "RUN |1 NOTE=\(text) /bin/sh -c make # buildkit"] {
        let places = found("FORGE-I008") {
          $0.details.history =
            [HistoryFacts(createdBy: "ADD rootfs.tar /", layer: 0)]
            + [HistoryFacts(createdBy: step, layer: 1)]
        }
        #expect(places.contains("history[1]"), "\(id): \(step.prefix(8))")
      }
      let statement: [String: Any] = [
        "predicate": ["invocation": ["parameters": ["args": ["build-arg:NOTE": text]]]]
      ]
      let bytes = Array(
        try JSONSerialization.data(withJSONObject: statement, options: [.withoutEscapingSlashes]))
      #expect(
        found("FORGE-I035") { $0.details.attestations = Attestations(statements: [bytes]) }
          .contains("attestation[0]"),
        "\(id)")
    }
  }

  /// What was too long to be read may hold what nobody looked for.
  @Test func aStatementThatWasNotReadIsAFinding() {
    var image = ImageUnderTest()
    #expect(image.findings("FORGE-I035") == [])
    image.details.attestations = Attestations(unread: ["statement sha256:1 is 33.6 MB long"])
    #expect(image.findings("FORGE-I035").map(\.severity) == [.warning])
    #expect(image.findings("FORGE-I034") == [])
  }

  @Test func withoutBeingAskedNothingIsSearched() throws {
    var examples = SecretExamples(seed: 1)
    let text = try examples.line("github-token").text
    let image = TestImage(layers: [TarBuilder.make { $0.add("app/x", data: Array(text.utf8)) }])
    let path = FileManager.default.temporaryDirectory.appending(
      path: "planted-\(UUID().uuidString).tar"
    ).path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(image.dockerArchive()).write(to: URL(filePath: path))
    #expect(try Inspector.inspect(path).details.secrets == nil)
    #expect(
      try Inspector.inspect(path, options: InspectionOptions(findsSecrets: true)).details.secrets?
        .count == 1)
  }
}
