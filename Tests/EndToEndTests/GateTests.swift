import Foundation
import TestSupport
import Testing

/// The shell gate as a CI job runs it: in a repository, from the first build to the reports.
@Suite(.serialized) struct GateTests {
  @Test func theShellGatePassesAGoodProjectAndStopsABadOne() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("todo-backend"), toPath: folder.file("backend"))
    try await Command.require("git", ["init", "-q"], in: folder.path)
    try await Command.require(Command.forge, ["generate", "backend"], in: folder.path)
    try await Command.require(
      Command.forge, ["ci", "shell", "backend", "-o", "gate.sh"], in: folder.path)
    let environment = ["FORGE": Command.forge, "FORGE_ENGINE": "buildah"]
    let good = try await Command.run("sh", ["gate.sh"], in: folder.path, environment: environment)
    #expect(good.status == 0, "\(good)")
    let reports = try FileManager.default.contentsOfDirectory(atPath: folder.file("forge-reports"))
      .sorted()
    #expect(
      reports == [
        "forge.html", "forge.json", "forge.md", "forge.sarif", "forge.xml",
        "gl-code-quality-report.json",
      ])

    try folder.write("size:\n  max: 1MB\n", to: "backend/forge.yaml")
    let bad = try await Command.run("sh", ["gate.sh"], in: folder.path, environment: environment)
    #expect(bad.status == 1, "\(bad)")
    let sarif = try String(
      contentsOfFile: folder.file("forge-reports/forge.sarif"), encoding: .utf8)
    #expect(sarif.contains("FORGE-S001"))
  }

  /// What forge builds passes the strictest that forge asks for.
  @Test(arguments: ["default", "kubernetes", "strict"])
  func ownImagesPass(profile: String) async throws {
    for image in try await [BuiltImage.backend.image, BuiltImage.frontend.image] {
      let result = try await Command.forge(["check", image.archive, "--profile", profile])
      #expect(result.status == 0, "\(result)")
      #expect(!result.output.contains("error") && !result.output.contains("warning"), "\(result)")
    }
  }
}
