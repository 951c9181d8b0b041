import ForgeBasics
import ForgeRules
import Foundation
import Testing

@Suite struct PolicyFileTests {
  private func parse(_ text: String) throws -> Policy {
    try Policy.parse(text, source: "forge.yaml")
  }

  private func folder(_ files: [String: String], _ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "policy-\(UUID().uuidString)")
      .path()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    for (name, text) in files {
      try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
    }
    try body(path)
  }

  @Test func limitsOfEveryKind() throws {
    let policy = try parse(
      """
      size: {layer: 1MB, paths: {"app/**": 10kB}, packages: {npm: 2MB}, waste: 0, efficiency: 95%, growth: 5%}
      layers: 20
      """)
    #expect(policy.maximumLayer == 1_000_000)
    #expect(policy.pathLimits.map(\.name) == ["app/**"])
    #expect(
      policy.maximumWaste == 0 && policy.leastEfficiency == 0.95 && policy.maximumLayers == 20)
    var image = ImageUnderTest()
    image.rootfs = 80_000_000
    image.add("app/a/b.js", size: 11_000)
    #expect(
      image.findings("FORGE-S003", policy).first?.message.contains("/app/a/b.js 11.0 kB") == true)
    #expect(
      image.findings("FORGE-S005", policy).first?.message.contains("20.0 MB are stored but hidden")
        == true)
    #expect(image.findings("FORGE-S005") == [])
  }

  @Test func profilesAndWhereValuesComeFrom() throws {
    let strict = try parse("profile: strict\nfail-on: error\n")
    #expect(strict.profile == .strict && strict.failOn == .error && strict.maximumLayers == 40)
    #expect(strict.origins["fail-on"] == "forge.yaml:2")
    #expect(strict.origins["layers"]?.hasPrefix("profile strict") == true)
    let other = try Policy.parse("profile: strict\n", source: "forge.yaml", profile: .kubernetes)
    #expect(other.profile == .kubernetes && other.needsNumericUser && other.failOn == .error)
    for profile in Policy.Profile.allCases {
      _ = try Policy.parse("", source: nil, profile: profile)
    }
  }

  @Test func theKubernetesProfileWantsANumber() throws {
    let policy = try Policy.parse("", source: nil, profile: .kubernetes)
    var image = ImageUnderTest()
    image.user = "app"
    #expect(image.findings("FORGE-I003") == [])
    #expect(image.findings("FORGE-I003", policy).count == 1)
    image.add("usr/bin/ping", attributes: ["security.capability"])
    // The standard forbids escalation, which disarms it.
    #expect(image.findings("FORGE-I006", policy).map(\.severity) == [.info])
  }

  @Test func extendsIsReadFirstAndEndsSomewhere() throws {
    try folder([
      "forge.yaml": "extends: base.yaml\nsize: {max: 1MB}\n",
      "base.yaml": "fail-on: warning\nsize: {max: 2MB}\n",
      "a.yaml": "extends: b.yaml\n", "b.yaml": "extends: a.yaml\n",
      "typo.yaml": "extends: base.yml\n",
    ]) { folder in
      let policy = try Policy.load(folder + "/forge.yaml")
      #expect(policy.failOn == .warning && policy.maximumSize == 1_000_000)
      #expect(policy.origins["fail-on"] == folder + "/base.yaml:1")
      let loop = #expect(throws: PolicyError.self) { try Policy.load(folder + "/a.yaml") }
      #expect(loop?.reason.contains("leads back") == true)
      let missing = #expect(throws: PolicyError.self) { try Policy.load(folder + "/typo.yaml") }
      #expect(missing?.exitCode == .usage)
    }
  }

  @Test(arguments: [
    ("suppress:\n- {rule: FORGE-I006}", "`reason` is missing"),
    ("suppress:\n- {rule: FORGE-I006, reason: x}", "in a few words"),
    ("suppress:\n- {rule: FORGE-I06, reason: because we said so}", "did you mean `FORGE-I0"),
    ("suppress:\n- {rule: FORGE-I006, reason: because we said so, expires: soon}", "must be a day"),
    (
      "suppress:\n- {rule: FORGE-I006, reason: because we said so, paths: x}", "did you mean `path`"
    ),
    ("assert: {no-setuids: true}", "did you mean `no-setuid`"),
    ("assert: {no-shell: 3}", "must be true or false"),
    ("assert: {files: [{mode: 0644}]}", "`path` is missing"),
    ("size: {growth: fast}", "must be a percentage"),
    ("size: {efficiency: 2}", "must be from 0 to 1"),
    ("profile: harsh", "strict, default, legacy, kubernetes"),
    ("layers: 0", "must be a number of layers"),
  ])
  func refuses(text: String, reason: String) {
    let error = #expect(throws: PolicyError.self) { try parse(text) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test func aSuppressionTakesOutWhatItNamesAndNoMore() throws {
    let policy = try parse(
      "suppress: [{rule: FORGE-I006, path: usr/bin/su, reason: needed by the base, expires: 2030-01-01}]"
    )
    var image = ImageUnderTest()
    image.add("usr/bin/su", mode: 0o4755)
    let accepted = try Gate.judge(image.inspection, policy: policy, today: "2026-11-24")
    #expect(accepted.findings.filter { $0.id == "FORGE-I006" || $0.id == "FORGE-P003" } == [])
    #expect(accepted.suppressed.map(\.suppression.reason) == ["needed by the base"])
    // Another file in the same layer is still found.
    image.add("usr/bin/evil", mode: 0o4755)
    let rest = try Gate.judge(image.inspection, policy: policy, today: "2026-11-24")
    #expect(
      rest.findings.filter { $0.id == "FORGE-I006" }.map(\.message) == [
        "/usr/bin/evil is setuid or setgid"
      ])
    // The last day counts; the day after, it has expired.
    #expect(
      try Gate.judge(image.inspection, policy: policy, today: "2030-01-01").suppressed.count == 1)
    let late = try Gate.judge(image.inspection, policy: policy, today: "2030-01-02")
    #expect(late.suppressed == [] && late.findings.contains { $0.id == "FORGE-P002" })
  }

  @Test func whatSuppressesNothingIsReported() throws {
    let policy = try parse("suppress: [{rule: FORGE-I013, reason: was there once}]")
    #expect(ImageUnderTest().findings("FORGE-P003", policy).map(\.location) == ["forge.yaml:1"])
    let other = try parse(
      "suppress: [{rule: FORGE-I013, image: \"other:*\", reason: was there once}]")
    #expect(ImageUnderTest().findings("FORGE-P003", other) == [])
  }

  @Test func assertions() throws {
    let policy = try parse(
      """
      assert:
        no-setuid: {except: [usr/bin/su]}
        no-world-writable: true
        no-shell: true
        absent: ["**/*.pem"]
        newest: [{path: "app/**", date: 2026-01-01}]
        files: [{path: /app/server.js, mode: "0644", uid: 0}, {path: app/missing.js}]
      """)
    var image = ImageUnderTest()
    image.add("app/server.js", mode: 0o644)
    image.add("usr/bin/su", mode: 0o4755)
    #expect(
      image.findings("FORGE-P001", policy).map(\.message) == [
        "assert.files: /app/missing.js is not in the image"
      ])
    image.add("app/missing.js", mode: 0o666)
    image.add("bin/sh", kind: .symlink)
    image.add("srv/a/b.pem")
    image.add("opt/x", mode: 0o2755)
    image.details.files[0].modified = 1_800_000_000
    let names = image.findings("FORGE-P001", policy).map { $0.message.prefix { $0 != ":" } }
      .sorted()
    #expect(
      names == [
        "assert.absent", "assert.newest", "assert.no-setuid", "assert.no-shell",
        "assert.no-world-writable",
      ])
  }

  @Test func growthAgainstABaseline() throws {
    var image = ImageUnderTest()
    var baseline = Baseline()
    let policy = try parse("size: {growth: 5%}")
    #expect(
      try Gate.judge(image.inspection, policy: policy, baseline: baseline).findings.filter {
        $0.id == "FORGE-S006"
      }
      .map(\.severity) == [.info])
    baseline.record(image.inspection)
    image.stored = 105_000_000
    #expect(try Gate.judge(image.inspection, policy: policy, baseline: baseline).passed)
    image.stored += 1
    let verdict = try Gate.judge(image.inspection, policy: policy, baseline: baseline)
    #expect(
      verdict.findings.first { $0.id == "FORGE-S006" }?.message.contains("grown by 5.0 MB") == true)
    #expect(!verdict.passed)
  }
}
