import ForgeBasics
import ForgeFindings
import ForgeInspection
import ForgeRules
import ForgeSecrets
import Testing

/// What a policy accepts, and what an organisation's policy does not let it accept.
@Suite struct SuppressionTests {
  private func policy(_ text: String) throws -> Policy {
    try Policy.parse(text, source: "forge.yaml")
  }

  private func variables() -> ImageUnderTest {
    var image = ImageUnderTest()
    image.details.config.environment = [
      "SIGNING_SECRET=Zq8kXv27LmPq9RtY3wNs", "DB_PASSWORD=Kd83jfLq02mcVx91pQzT",
    ]
    return image
  }

  @Test(arguments: [
    ("variable: SIGNING_SECRET", ["DB_PASSWORD"]), ("variable: DB_PASSWORD", ["SIGNING_SECRET"]),
    ("variable: OTHER", ["DB_PASSWORD", "SIGNING_SECRET"]), ("image: \"todo:*\"", []),
    ("{}", []),
  ])
  func byVariable(scope: String, left: [String]) throws {
    let more = scope == "{}" ? "" : "\(scope), "
    let policy = try policy("suppress: [{rule: FORGE-I008, \(more)reason: made for the test}]")
    let found = variables().findings("FORGE-I008", policy).compactMap(\.variable)
    #expect(found.sorted() == left)
  }

  @Test func byFingerprint() throws {
    var image = ImageUnderTest()
    for (path, print) in [("app/a.py", "abcdef012345"), ("app/b.py", "fedcba543210")] {
      let hit = SecretHit(kind: "github-token", offset: 0, line: 1, fingerprint: print)
      image.add(path)
      image.details.secrets?.append(
        SecretFact(hit: hit, layer: 0, path: Array(path.utf8), visible: true))
    }
    let all = image.findings("FORGE-I010")
    #expect(all.compactMap(\.fingerprint).sorted() == ["abcdef012345", "fedcba543210"])
    for (scope, left) in [
      ("fingerprint: abcdef012345", 1), ("fingerprint: \"abcdef\"", 1),
      ("fingerprint: \"999999\"", 2), ("path: app/a.py, fingerprint: abcdef012345", 1),
      ("path: app/b.py, fingerprint: abcdef012345", 2), ("path: \"app/**\"", 0),
    ] {
      let policy = try policy("suppress: [{rule: FORGE-I010, \(scope), reason: made for the test}]")
      #expect(image.findings("FORGE-I010", policy).count == left, "\(scope)")
    }
    #expect(throws: PolicyError.self) {
      try policy("suppress: [{rule: FORGE-I010, fingerprint: ab, reason: made for the test}]")
    }
  }

  /// The line that is printed accepts its finding and no other.
  @Test func whatIsPrintedCanBePasted() throws {
    let image = variables()
    let findings = image.findings("FORGE-I008")
    #expect(findings.count == 2)
    for finding in findings {
      let line = Suppression.line(accepting: finding).replacing("…", with: "made for the test")
      let policy = try policy("suppress:\n  \(line)\n")
      #expect(image.findings("FORGE-I008", policy).map(\.message).count == 1, "\(line)")
      #expect(!image.findings("FORGE-I008", policy).contains(finding), "\(line)")
    }
  }

  @Test func anOrganisationsPolicyIsTightenedAndNeverLoosened() throws {
    var image = variables()
    image.stored = 120_000_000
    var own = try policy(
      "size: {max: 900MB}\nrules: {FORGE-I008: off}\nsuppress: [{rule: FORGE-I001, reason: not needed here}]"
    )
    #expect(image.judge(own).passed)
    own.floors = [try Policy.parse("size: {max: 100MB}", source: "org.yaml")]
    let verdict = image.judge(own)
    #expect(!verdict.passed)
    #expect(
      Set(verdict.findings.filter { $0.severity == .error }.map(\.id)) == [
        "FORGE-I008", "FORGE-S001",
      ])
    #expect(verdict.size.maximum == 100_000_000)
    #expect(verdict.policies.map(\.source) == ["forge.yaml", "org.yaml"])
    // A stricter one of the repository counts.
    var strict = try policy("size: {max: 50MB}")
    strict.floors = [
      try Policy.parse("size: {max: 150MB}\nrules: {FORGE-I008: off}", source: "org.yaml")
    ]
    let ids = image.judge(strict).findings.filter { $0.severity == .error }.map(\.id)
    #expect(Set(ids) == ["FORGE-I008", "FORGE-S001"])
  }

  @Test func whatAPolicySwitchedOffIsSaid() throws {
    let facts = try #require(
      ImageUnderTest().judge(policy("rules: {FORGE-I008: off}\nsize: {max: 1GB}")).policies.first)
    #expect(facts.off.map(\.key) == ["FORGE-I008"] && facts.off.map(\.from) == ["forge.yaml:1"])
    #expect(facts.settings.contains { $0.key == "size.max" && $0.from == "forge.yaml:2" })
    #expect(ImageUnderTest().judge().policies.map(\.source) == ["built-in"])
  }

  @Test func imagesHaveTheirWholeName() throws {
    func facts(_ reference: String?, _ source: String = "x.tar") -> ImageFacts {
      ImageFacts(
        source: source, reference: reference, digest: .sha256([]), platform: "linux/amd64",
        user: "",
        entrypoint: [], cmd: [])
    }
    for (reference, name) in [
      ("registry.example/team-a/api:1", "registry.example/team-a/api"), ("todo:1", "todo"),
      ("localhost/todo:1", "todo"), ("docker.io/library/todo:2", "todo"),
      ("localhost:5000/todo@sha256:" + String(repeating: "a", count: 64), "localhost:5000/todo"),
    ] {
      #expect(Baseline.name(facts(reference)) == name)
    }
    #expect(Baseline.name(facts("1.2", "layouts/api")) == "api")
    #expect(Baseline.name(facts(nil, "out/api.tar")) == "api")
    try Baseline.checkNames([facts("a/api:1"), facts("b/api:1")])
    #expect(throws: PolicyError.self) {
      try Baseline.checkNames([facts("a/api:1"), facts("a/api:2")])
    }
  }
}
