import ForgeBasics
import ForgeRules
import Testing

@Suite struct PolicyTests {
  private func parse(_ text: String) throws -> Policy {
    try Policy.parse(text, source: "forge.yaml")
  }

  @Test func empty() throws {
    let policy = try parse("")
    #expect(policy.maximumSize == 200_000_000)
    #expect(policy.metric == .stored)
    #expect(policy.failOn == .error)
  }

  @Test func everything() throws {
    let policy = try parse(
      """
      version: 1
      size:
        max: 150MB
        metric: rootfs
      fail-on: warning
      rules:
        FORGE-I004: error
        FORGE-I006: off
        FORGE-I024: "off"
      """)
    #expect(policy.maximumSize == 150_000_000)
    #expect(policy.metric == .rootfs)
    #expect(policy.failOn == .warning)
    #expect(
      policy.rules == ["FORGE-I004": .severity(.error), "FORGE-I006": .off, "FORGE-I024": .off])
  }

  @Test(arguments: [
    ("sise:\n  max: 1MB", "did you mean `size`"), ("size:\n  maximum: 1MB", "did you mean `max`"),
    ("rules:\n  FORGE-I04: off", "did you mean `FORGE-I0"),
    ("fail-on: always", "info, warning, error"),
    ("size:\n  max: lots", "must be a size"), ("size:\n  max: 0", "must be a size"),
    ("version: 2", "must be 1"),
    ("- a", "expected keys and values"), ("a: [", "not valid YAML"),
    ("size: 200MB", "expected keys and values"),
  ])
  func refuses(text: String, reason: String) {
    let error = #expect(throws: PolicyError.self) { try parse(text) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    #expect(error?.exitCode == .usage)
  }

  @Test func namesTheLine() {
    let error = #expect(throws: PolicyError.self) { try parse("version: 1\nsise: 1") }
    #expect(error?.location == "forge.yaml:2")
  }

  @Test func aRuleThatIsOffDoesNotFire() {
    var policy = Policy()
    policy.rules["FORGE-I001"] = .off
    var image = ImageUnderTest()
    image.user = ""
    #expect(image.judge(policy).passed)
    #expect(image.findings("FORGE-I001", policy) == [])
  }

  @Test func failOnDecides() {
    var policy = Policy()
    var image = ImageUnderTest()
    image.add("app/data.db", mode: 0o666)
    #expect(image.judge(policy).passed)
    policy.failOn = .warning
    #expect(!image.judge(policy).passed)
  }
}
