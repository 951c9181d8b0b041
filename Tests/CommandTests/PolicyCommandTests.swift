import ForgeBasics
import ForgeReports
import ForgeRules
import Foundation
import TestSupport
import Testing
import Yams

/// forge.yaml through the program and through its JSON Schema: both must take and refuse the same.
@Suite struct PolicyCommandTests {
  private let schema = Repository.root + "recipes/schema/forge.schema.json"

  /// Whether the schema takes a policy.
  private func schemaTakes(_ yaml: String, in folder: TemporaryFolder) async throws -> Bool {
    let value = try Yams.load(yaml: yaml, .default.removing(.timestamp)) ?? [String: Any]()
    let json = try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
    try folder.write(String(decoding: json, as: UTF8.self), to: "policy.json")
    let result = try await Command.run("jsonschema", ["-i", folder.file("policy.json"), schema])
    return result.status == 0
  }

  /// Whether the program takes it.
  private func programTakes(_ yaml: String, in folder: TemporaryFolder) async throws -> Bool {
    try folder.write(yaml, to: "project/forge.yaml")
    let result = try await Command.forge(["policy", "show"], in: folder.file("project"))
    #expect([0, 2].contains(result.status), "\(result)")
    return result.status == 0
  }

  @Test func theSchemaIsPrintedAndKnowsEverySection() async throws {
    let printed = try await Command.require(Command.forge, ["policy", "schema"])
    #expect(try printed == String(contentsOfFile: schema, encoding: .utf8))
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(printed.utf8)) as? [String: Any])
    #expect(Set((object["properties"] as? [String: Any] ?? [:]).keys) == Set(SettingsFile.sections))
    // Refused by the validator, were it no schema.
    let folder = try TemporaryFolder()
    #expect(try await schemaTakes("{}", in: folder))
  }

  /// Every forge.yaml that the README shows.
  @Test func documentedExamplesAreValid() async throws {
    let readme = try String(contentsOfFile: Repository.root + "README.md", encoding: .utf8)
    let blocks = readme.components(separatedBy: "```yaml\n").dropFirst()
      .compactMap { $0.components(separatedBy: "\n```").first }.filter {
        !$0.contains("repos:") && !$0.contains("jobs:")
      }
    #expect(blocks.count >= 2)
    let folder = try TemporaryFolder()
    try folder.write("size: {max: 300MB}\n", to: "policy/base.yaml")
    // What is extended lies in the same repository.
    try folder.write("", to: ".git/HEAD")
    for block in blocks {
      #expect(try await schemaTakes(block, in: folder), "\(block)")
      #expect(try await programTakes(block, in: folder), "\(block)")
    }
  }

  @Test(arguments: [
    "zzz: 1", "size: {zzz: 1}", "assert: {zzz: true}", "assert: {no-setuid: {zzz: []}}",
    "assert: {newest: [{path: a, date: 2026-01-01, zzz: 1}]}",
    "assert: {files: [{path: a, zzz: 1}]}",
    "suppress: [{rule: FORGE-I006, reason: long enough, zzz: 1}]", "rules: {FORGE-Z999: error}",
    "fail-on: never",
    "profile: none", "version: 0", "size: {max: much}", "size: {metric: weight}",
    "rules: {FORGE-I001: loud}",
    "suppress: [{rule: FORGE-I006}]", "suppress: [{rule: FORGE-I006, reason: short}]",
    "size: {growth: a lot}",
    "suppress: [{rule: FORGE-I006, reason: long enough, expires: soon}]", "layers: many",
    "size: 200MB",
  ])
  func schemaAndProgramRefuse(yaml: String) async throws {
    let folder = try TemporaryFolder()
    #expect(try await !schemaTakes(yaml, in: folder))
    #expect(try await !programTakes(yaml, in: folder))
  }

  @Test(arguments: [
    "", "version: 1", "size: {max: 1.5GB, growth: 1MB, efficiency: 0.95}",
    "rules: {FORGE-I026: off, FORGE-I018: false}",
    "assert: {no-setuid: true, no-shell: false}", "extends: []", "numeric-user: true",
    "fail-on: info", "layers: 20",
  ])
  func schemaAndProgramAccept(yaml: String) async throws {
    let folder = try TemporaryFolder()
    #expect(try await schemaTakes(yaml, in: folder))
    #expect(try await programTakes(yaml, in: folder))
  }

  @Test func whatIsInForceAndWhereItComesFrom() async throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "size: {max: 300MB, waste: 1MB}\nrules: {FORGE-I018: error}\n", to: "base.yaml")
    try folder.write(
      "extends: base.yaml\nprofile: kubernetes\nsize:\n  max: 250MB\n", to: "forge.yaml")
    let text = try await Command.require(
      Command.forge, ["policy", "show", "--fail-on", "warning"], in: folder.path)
    func row(_ key: String) -> [String] {
      text.split(separator: "\n").first { $0.hasPrefix(key + " ") }?.components(separatedBy: "  ")
        .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty } ?? []
    }
    #expect(row("size.max") == ["size.max", "250.0 MB", "forge.yaml:4"])
    #expect(row("size.waste") == ["size.waste", "1.0 MB", "base.yaml:1"])
    #expect(row("rules.FORGE-I018") == ["rules.FORGE-I018", "error", "base.yaml:2"])
    #expect(row("fail-on") == ["fail-on", "warning", "--fail-on"])
    #expect(row("numeric-user").last?.hasPrefix("profile kubernetes:") == true)
    #expect(row("layers").last == "default")
  }

  @Test func circlesAndDepthsOfExtends() async throws {
    let folder = try TemporaryFolder()
    try folder.write("extends: b.yaml\n", to: "forge.yaml")
    try folder.write("extends: forge.yaml\n", to: "b.yaml")
    let circle = try await Command.forge(["policy", "show"], in: folder.path)
    #expect(circle.status == 2, "\(circle)")
    #expect(circle.errors.contains("forge.yaml") && circle.errors.contains("b.yaml"), "\(circle)")
    for number in 0..<40 {
      try folder.write("extends: d\(number + 1).yaml\n", to: "d\(number).yaml")
    }
    try folder.write("{}", to: "d40.yaml")
    #expect(
      try await Command.forge(["policy", "show", "--policy", "d0.yaml"], in: folder.path).status
        == 2)
    let missing = try await Command.forge(
      ["policy", "show", "--policy", "none.yaml"], in: folder.path)
    #expect(missing.status == 2 && missing.errors.contains("none.yaml"), "\(missing)")
  }

  /// One lookup for every folder of a repository; what looks like settings and is none is said.
  @Test func settingsAreFoundFromEveryFolder() async throws {
    let folder = try TemporaryFolder()
    try await Command.require("git", ["init", "-q"], in: folder.path)
    try folder.write("size: {max: 77MB}\n", to: "forge.yaml")
    try folder.write("x", to: "a/b/x")
    func show(_ place: String) async throws -> CommandResult {
      try await Command.forge(["policy", "show"], in: folder.file(place))
    }
    for place in ["", "a", "a/b"] {
      let result = try await show(place)
      #expect(result.output.contains("77.0 MB"), "\(place): \(result)")
    }
    try folder.write("size: {max: 66MB}\n", to: "a/forge.yaml")
    #expect(try await show("a/b").output.contains("66.0 MB"))
    try FileManager.default.moveItem(
      atPath: folder.file("a/forge.yaml"), toPath: folder.file("a/forge.yml"))
    let mistaken = try await show("a/b")
    #expect(mistaken.status == 2 && mistaken.errors.contains("call it forge.yaml"), "\(mistaken)")
  }

  /// A pull request's policy shows nothing of the machine that judges it.
  @Test(arguments: ["/proc/self/environ", "/etc/passwd", "../outside.yaml", "link.yaml"])
  func foreignFilesAreNotRead(path: String) async throws {
    let folder = try TemporaryFolder()
    try folder.write("very-secret-word: 1\n", to: "outside.yaml")
    try folder.write("extends: \(path)\n", to: "repository/forge.yaml")
    try await Command.require("git", ["init", "-q"], in: folder.file("repository"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("repository/link.yaml"), withDestinationPath: "../outside.yaml")
    let result = try await Command.forge(
      ["policy", "show"], in: folder.file("repository"), environment: ["TOKEN": "very-secret-word"])
    #expect(result.status == 2 && result.errors.contains("not in this repository"), "\(result)")
    #expect(
      !result.errors.contains("very-secret-word") && !result.errors.contains("root:"), "\(result)")
  }

  @Test func settingsBehindLinks() async throws {
    let folder = try TemporaryFolder()
    try folder.write("rules: {FORGE-I004: off}\n", to: "outside.yaml")
    try FileManager.default.createDirectory(
      atPath: folder.file("r"), withIntermediateDirectories: true)
    try await Command.require("git", ["init", "-q"], in: folder.file("r"))
    for (target, words) in [
      ("../outside.yaml", "out of the repository"), ("gone", "leads nowhere"),
    ] {
      try? FileManager.default.removeItem(atPath: folder.file("r/forge.yaml"))
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("r/forge.yaml"), withDestinationPath: target)
      let result = try await Command.forge(["policy", "show"], in: folder.file("r"))
      #expect(result.status == 2 && result.errors.contains(words), "\(target): \(result)")
    }
  }

  /// One exit code and one sentence for the same mistake, whichever command reads the file.
  @Test func allReadersSayTheSame() async throws {
    for (text, words) in [
      ("a: [\n", "forge.yaml:"), (String(repeating: "# x\n", count: 300_000), "larger than 1 MiB"),
    ] {
      let folder = try TemporaryFolder()
      try folder.write(text, to: "forge.yaml")
      try folder.write("fastapi\n", to: "requirements.txt")
      try folder.write("from fastapi import FastAPI\napp = FastAPI()\n", to: "main.py")
      for command in [["policy", "show"], ["analyze", "."], ["generate", "."]] {
        let result = try await Command.forge(command, in: folder.path)
        #expect(result.status == 2 && result.errors.contains(words), "\(command): \(result)")
      }
    }
  }
}
