import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import ForgeRules
import Foundation
import TestSupport
import Testing

@testable import forge

/// The gate through the program: several images, policies, suppressions, reports, and what must never pass.
@Suite struct CheckCommandTests {
  private struct Bench {
    let folder: TemporaryFolder
    var path: String { folder.path }

    init() throws {
      folder = try TemporaryFolder()
      try write("good.tar", user: "10001")
      try write("root.tar", user: "")
    }

    func write(_ name: String, user: String, files: [(String, String)] = []) throws {
      var random = SeededBytes(seed: 3)
      let data = random.bytes(100_000)
      let layer = TarBuilder.make { tar in
        tar.file("etc/ssl/certs/ca.pem", "-")
        tar.file("etc/passwd", "root:x:0:0::/:/bin/sh\napp:x:10001:10001::/:/bin/sh\n")
        tar.add("app/data", data: data)
        for (path, text) in files { tar.file(path, text) }
      }
      let image = TestImage(
        layers: [layer], config: TestConfig(user: user, history: ["COPY . ."]),
        references: ["\(name.prefix(4)):1"])
      try Data(image.dockerArchive()).write(to: URL(filePath: path + "/" + name))
    }

    func write(_ text: String, to name: String) throws { try folder.write(text, to: name) }
    func read(_ name: String) throws -> String {
      try String(contentsOfFile: path + "/" + name, encoding: .utf8)
    }

    func check(_ arguments: String...) async throws -> CommandResult {
      try await Command.forge(
        ["check"] + arguments, in: path, environment: ["XDG_CACHE_HOME": path + "/cache"])
    }
  }

  @Test func severalImages() async throws {
    let bench = try Bench()
    #expect(try await bench.check("good.tar").status == 0)
    let both = try await bench.check("good.tar", "root.tar")
    #expect(both.status == 1, "\(both)")
    #expect(
      both.output.contains("passed: good:1") && both.output.contains("failed: root:1"), "\(both)")
    try bench.write("no image", to: "bad.tar")
    let three = try await bench.check("good.tar", "bad.tar", "root.tar", "--format", "json")
    #expect(three.status == 3, "\(three)")
    #expect(
      three.output.contains("\"unreadable\" : 1") && three.errors.contains("bad.tar"), "\(three)")
  }

  /// Unreadable is exit 3 and a finding in every format, never a pass.
  @Test(arguments: ["text", "json", "sarif", "junit", "markdown", "html", "github", "gitlab"])
  func whatCannotBeReadWholeNeverPasses(format: String) async throws {
    let bench = try Bench()
    let whole = try Data(contentsOf: URL(filePath: bench.path + "/good.tar"))
    try whole.prefix(whole.count / 2).write(to: URL(filePath: bench.path + "/cut.tar"))
    for images in [["cut.tar"], ["good.tar", "cut.tar"]] {
      let result = try await Command.forge(
        ["check"] + images + ["--format", format], in: bench.path)
      #expect(result.status == 3, "\(result)")
      #expect(
        result.output.contains("FORGE-X003") && result.output.contains("cut.tar"), "\(result)")
      #expect(result.errors.contains("cut.tar"), "\(result)")
      #expect(!result.output.contains("passed: cut.tar"))
      // For people it is said once: what is wrong on standard error, the verdict on standard output.
      if format == "text" {
        let all = (result.output + result.errors).split(whereSeparator: \.isWhitespace).joined(
          separator: " ")
        #expect(all.components(separatedBy: "ends early").count <= 2, "\(result)")
        #expect(
          result.output.contains(
            "failed: cut.tar, cannot be read whole, or is ambiguous (FORGE-X003)"))
      }
    }
  }

  /// The verdict comes first, the error after it, whatever the report.
  @Test func aReportThatCannotBeWritten() async throws {
    let bench = try Bench()
    for (image, word) in [("good.tar", "passed: good:1"), ("root.tar", "failed: root:1")] {
      let result = try await bench.check(
        image, "--report", "html=/no/such/folder/a.html,sarif=b.sarif")
      #expect(result.status == 2, "\(result)")
      #expect(result.output.contains(word), "\(result)")
      #expect(result.errors.contains("/no/such/folder/a.html"), "\(result)")
      #expect(try bench.read("b.sarif").contains("\"version\" : \"2.1.0\""))
    }
  }

  /// An image that something else built: its Dockerfile tells the lines and the edits.
  @Test func theDockerfileOfAnImage() async throws {
    let bench = try Bench()
    try bench.write("env.tar", user: "", files: [("app/.env", "A=1\n")])
    try bench.write("FROM scratch\nCOPY . .\n", to: "Dockerfile")
    try bench.write("**/.git\n", to: ".dockerignore")
    try bench.write("A=1\n", to: ".env")
    let traced = try await bench.check(
      "env.tar", "--dockerfile", "Dockerfile", "--report", "json=a.json,sarif=a.sarif")
    #expect(traced.status == 1, "\(traced)")
    #expect(
      traced.output.contains("edit insert `USER 10001:10001` as line 3 of Dockerfile"), "\(traced)")
    #expect(traced.output.contains("fix  at Dockerfile:2 `COPY . .`: add"), "\(traced)")
    #expect(
      traced.output.contains("edit insert `**/.env*` as line 2 of .dockerignore"), "\(traced)")
    let verdict = try JSONDecoder().decode(Verdict.self, from: Data(bench.read("a.json").utf8))
    let change = SourceChange(file: ".dockerignore", line: 2, removes: 0, inserts: ["**/.env*"])
    #expect(verdict.findings.first { $0.id == "FORGE-I009" }?.change == change)
    #expect(try bench.read("a.sarif").contains("\"insertedContent\""))
    // Of another Dockerfile nothing is said, but that.
    try bench.write("FROM scratch\nRUN x\n", to: "Other")
    let other = try await bench.check("env.tar", "--dockerfile", "Other")
    #expect(other.status == 1 && !other.output.contains("edit "), "\(other)")
    #expect(other.errors.contains("not that of its last stage"), "\(other)")
    #expect(try await bench.check("env.tar", "--dockerfile", "None").status == 2)
    #expect(try await bench.check("env.tar", "good.tar", "--dockerfile", "Dockerfile").status == 2)
    #expect(try await bench.check("env.tar", "--context", ".").status == 2)
  }

  @Test func profilesAndOptions() async throws {
    let bench = try Bench()
    try bench.write("named.tar", user: "app")
    #expect(try await bench.check("named.tar").status == 0)
    let cluster = try await bench.check("named.tar", "--profile", "kubernetes")
    #expect(cluster.status == 1, "\(cluster)")
    #expect(cluster.output.contains("FORGE-I003"), "\(cluster)")
    #expect(try await bench.check("good.tar", "--profile", "kubernetes").status == 0)
    #expect(try await bench.check("root.tar", "--profile", "legacy").status == 0)
    let small = try await bench.check("good.tar", "--max-size", "50kB")
    #expect(small.status == 1 && small.output.contains("FORGE-S001"), "\(small)")
    #expect(try await bench.check("good.tar", "--fail-on", "info").status == 1)
    #expect(try await bench.check("good.tar", "--profile", "none").status == 2)
    #expect(try await bench.check("good.tar", "--max-size", "0").status == 2)
  }

  @Test func baselines() async throws {
    let bench = try Bench()
    func forge(_ arguments: String...) async throws -> CommandResult {
      try await Command.forge(arguments, in: bench.path)
    }
    #expect(try await forge("baseline", "write", "good.tar").status == 0)
    #expect(try await forge("baseline", "compare", "good.tar").status == 0)
    #expect(try await bench.check("good.tar", "--baseline", "forge-baseline.json").status == 0)
    try bench.write(
      "good.tar", user: "10001", files: [("app/more", String(repeating: "x", count: 50_000))])
    let grown = try await bench.check("good.tar", "--baseline", "forge-baseline.json")
    #expect(grown.status == 1 && grown.output.contains("FORGE-S006"), "\(grown)")
    #expect(try await forge("baseline", "compare", "good.tar").status == 1)
    try bench.write("baseline: forge-baseline.json\nsize: {growth: 60%}\n", to: "forge.yaml")
    #expect(try await bench.check("good.tar").status == 0)
    #expect(try await bench.check("good.tar", "--baseline", "none.json").status == 2)
    try bench.write("{", to: "forge-baseline.json")
    #expect(try await bench.check("good.tar").status == 2)
  }

  @Test func suppressions() async throws {
    let bench = try Bench()
    func policy(_ row: String) throws {
      try bench.write("suppress:\n  - {\(row)}\n", to: "forge.yaml")
    }
    try policy("rule: FORGE-I001, reason: runs as root in the old cluster")
    let accepted = try await bench.check("root.tar")
    #expect(accepted.status == 0, "\(accepted)")
    try policy("rule: FORGE-I001, image: 'root:*', reason: runs as root in the old cluster")
    #expect(try await bench.check("root.tar").status == 0)
    try policy("rule: FORGE-I001, image: 'other:*', reason: runs as root in the old cluster")
    #expect(try await bench.check("root.tar").status == 1)
    try policy("rule: FORGE-I001, reason: runs as root in the old cluster, expires: 2020-01-31")
    let expired = try await bench.check("root.tar")
    #expect(expired.status == 1, "\(expired)")
    #expect(
      expired.output.contains("FORGE-P002") && expired.output.contains("FORGE-I001"), "\(expired)")
    let unused = try await bench.check("good.tar")
    #expect(unused.status == 0 && unused.output.contains("FORGE-P00"), "\(unused)")
  }

  @Test func aPolicyOfALaterVersionIsRefused() async throws {
    let bench = try Bench()
    try bench.write("version: 99\n", to: "forge.yaml")
    let future = try await bench.check("good.tar")
    #expect(future.status == 2 && future.errors.contains("version"), "\(future)")
    try bench.write("version: 1\n", to: "forge.yaml")
    #expect(try await bench.check("good.tar").status == 0)
  }

  /// The command as it is, with a catalogue in which a rule is new.
  @Test(arguments: [
    ("version: 1\n", Severity.warning), ("version: 2\n", .error), ("fail-on: error\n", .warning),
  ])
  func newRulesOnlyWarnUntilTheVersionIsRaised(policy: String, expected: Severity) async throws {
    let bench = try Bench()
    let yaml = RuleCatalogue.text(family: "image")
    let rule = try #require(yaml.range(of: "- id: FORGE-I001\n"))
    let since = try #require(yaml.range(of: "since: 1", range: rule.upperBound..<yaml.endIndex))
    let others = RuleCatalogue.gateFamilies.filter { $0 != "image" }
    let newer = try RuleCatalogue.Contents(
      yaml: others.map { RuleCatalogue.text(family: $0) }
        + [yaml.replacingCharacters(in: since, with: "since: 2")])
    try bench.write(policy, to: "policy.yaml")
    let command = try Check.parse([
      bench.path + "/root.tar", "--policy", bench.path + "/policy.yaml", "--no-cache", "--format",
      "json", "--output",
      bench.path + "/verdict.json",
    ])
    let status = try await RuleCatalogue.$contents.withValue(newer) {
      do { try await command.run() } catch let status as forge.ExitStatus {
        return status.code.rawValue
      }
      return 0
    }
    let verdict = try JSONDecoder().decode(
      Verdict.self, from: Data(bench.read("verdict.json").utf8))
    #expect(verdict.findings.first { $0.id == "FORGE-I001" }?.severity == expected)
    #expect(verdict.passed == (expected == .warning))
    #expect(status == (expected == .warning ? 0 : 1))
    #expect(RuleCatalogue.currentVersion == 1)
  }

  /// What FORGE-I036 says of layers that are kept elsewhere: no rule is asked, for the image is refused.
  @Test func foreignLayersAreRefusedAsTheirRuleSays() async throws {
    let bench = try Bench()
    let rule = try await Command.forge(["rules", "FORGE-I036"], in: bench.path)
    #expect(rule.status == 0)
    let words = rule.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(words.contains("refused as not readable whole (exit code 3, FORGE-X003)"), "\(rule)")
    let image = TestImage(
      layers: [TarBuilder.make { $0.file("app/a", "a") }], config: TestConfig(user: "10001"))
    let source =
      #""LayerSources":{"sha256:0":{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar"}}"#
    let files = try image.dockerFiles().map { file -> ArchiveFile in
      guard case .bytes("manifest.json", let bytes) = file else { return file }
      let text = String(decoding: bytes, as: UTF8.self)
      return .file("manifest.json", text.replacingOccurrences(of: "}]", with: ",\(source)}]"))
    }
    try Data(files.tar()).write(to: URL(filePath: bench.path + "/foreign.tar"))
    let refused = try await bench.check("foreign.tar", "--format", "json")
    #expect(refused.status == 3, "\(refused)")
    #expect(
      refused.output.contains("FORGE-X003") && refused.output.contains("is a foreign layer"),
      "\(refused)")
  }

  /// A layer that was searched before is known by its digest: the same verdict, and nothing is taken for another layer.
  @Test func theCacheChangesNoVerdict() async throws {
    let bench = try Bench()
    var examples = SecretExamples(seed: 8)
    try bench.write(
      "leak.tar", user: "10001", files: [("srv/x.js", try examples.line("github-token").text)])
    let first = try await bench.check("leak.tar", "--format", "json", "--cache")
    #expect(first.status == 1 && first.output.contains("FORGE-I010"), "\(first)")
    #expect(try await bench.check("leak.tar", "--format", "json", "--cache").output == first.output)
    #expect(
      try await bench.check("leak.tar", "--format", "json", "--no-cache").output == first.output)
    #expect(try await bench.check("good.tar").status == 0)
    // An inspection fills the cache without a search: check must search all the same.
    let environment = ["XDG_CACHE_HOME": bench.path + "/other"]
    _ = try await Command.forge(["inspect", "leak.tar"], in: bench.path, environment: environment)
    let again = try await Command.forge(
      ["check", "leak.tar", "--format", "json", "--cache"], in: bench.path,
      environment: environment)
    #expect(again.output == first.output)
  }

  /// Any program of the same user can write what the cache says, with a checksum that fits: a gate does not ask it.
  @Test(arguments: [[], ["--no-cache"]]) func aGateAsksNoCache(options: [String]) async throws {
    let bench = try Bench()
    var examples = SecretExamples(seed: 9)
    try bench.write(
      "leak.tar", user: "10001", files: [("srv/x.js", try examples.line("github-token").text)])
    let cache = bench.path + "/cache"
    let result = try await Command.forge(
      ["check", "leak.tar"] + options, in: bench.path, environment: ["XDG_CACHE_HOME": cache])
    #expect(result.status == 1 && result.output.contains("FORGE-I010"), "\(result)")
    #expect(!FileManager.default.fileExists(atPath: cache))
  }

  /// Names of files, labels and steps that want to be something else, through the whole program.
  @Test(arguments: ["text", "json", "sarif", "junit", "markdown", "html", "github", "gitlab"])
  func hostileNames(format: String) async throws {
    let bench = try Bench()
    let names = [
      "app/\u{1B}[2J/.env", "app/\n::set-output name=a::b/.env",
      "app/<script>alert(1)</script>/.env",
      "app/##[error]x/.env", "app/](javascript:alert(1))/.env",
    ]
    try bench.write("evil.tar", user: "10001", files: names.map { ($0, "A=1") })
    let result = try await bench.check("evil.tar", "--format", format)
    #expect(result.status == 1, "\(result)")
    #expect(result.output.contains("FORGE-I009"))
    #expect(!result.output.contains("\u{1B}"))
    #expect(format != "html" && format != "markdown" || !result.output.contains("<script>alert"))
    for line in result.output.split(whereSeparator: \.isNewline) {
      #expect(
        !line.drop(while: \.isWhitespace).hasPrefix("::set-output") && !line.contains("##[error]"),
        "\(line)")
    }
  }

  /// The step summary is appended to what other steps wrote.
  @Test func stepSummaries() async throws {
    let bench = try Bench()
    try bench.write("earlier\n", to: "summary.md")
    let result = try await Command.forge(
      ["check", "root.tar", "--format", "github"], in: bench.path,
      environment: ["GITHUB_STEP_SUMMARY": bench.path + "/summary.md"])
    #expect(result.status == 1 && result.output.contains("::error title="), "\(result)")
    let summary = try bench.read("summary.md")
    #expect(summary.hasPrefix("earlier\n") && summary.contains("FORGE-I001"), "\(summary)")
  }

  @Test func standardInput() async throws {
    let bench = try Bench()
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: bench.path + "/root.tar")))
    let result = try await Command.forge(["check", "-"], in: bench.path, input: bytes)
    #expect(result.status == 1 && result.output.contains("FORGE-I001"), "\(result)")
    let cut = try await Command.forge(
      ["check", "-"], in: bench.path, input: Array(bytes.prefix(bytes.count / 2)))
    #expect(cut.status == 3, "\(cut)")
  }
}
