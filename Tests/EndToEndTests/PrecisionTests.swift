import ForgeFindings
import ForgeInspection
import Foundation
import TestSupport
import Testing

/// Real images, made from Debian, Python and Node packages, into which nobody put a secret: the search must find none,
/// and no rule may call them broken for anything but that bases run as root.
@Suite(.serialized) struct PrecisionTests {
  private static let secretRules = ["FORGE-I008", "FORGE-I009", "FORGE-I010", "FORGE-I035"]

  private func findings(_ archive: String) async throws -> [VerdictJSON.Finding] {
    let result = try await Command.forge(["check", archive, "--format", "json", "--no-cache"])
    #expect([0, 1].contains(result.status), "\(result)")
    return try JSONDecoder().decode(VerdictJSON.self, from: Data(result.output.utf8)).findings
  }

  /// What is stored is in the root filesystem or has its row of waste, each byte once, on real images too.
  private func expectAccounts(_ archive: String) throws {
    let inspection = try Inspector.inspect(archive)
    let sizes = inspection.sizes
    #expect(sizes.stored > 0 && sizes.stored == sizes.rootfs + sizes.wasted)
    #expect(inspection.waste.reduce(0) { $0 + $1.bytes } == sizes.wasted)
    #expect(inspection.wasteByCause.reduce(0) { $0 + $1.bytes } == sizes.wasted)
    #expect(inspection.layers.reduce(0) { $0 + $1.stored } == sizes.stored)
    #expect(inspection.layers.reduce(0) { $0 + $1.wasted } == sizes.wasted)
    #expect(inspection.owners.reduce(0) { $0 + $1.bytes } == sizes.rootfs)
  }

  @Test(arguments: [
    "docker.io/library/alpine:3.23", "docker.io/library/node:24-alpine3.23",
    "docker.io/library/python:3.13-slim-trixie",
    "docker.io/nginxinc/nginx-unprivileged:1.29-alpine-slim",
    "gcr.io/distroless/python3-debian13:nonroot",
  ])
  func basesHoldNoSecretsAndAddUp(reference: String) async throws {
    let folder = try TemporaryFolder()
    let archive = folder.file("base.tar")
    try await Command.require(
      "buildah", ["push", "-q", reference, "docker-archive:\(archive):\(reference)"])
    let found = try await findings(archive)
    #expect(found.filter { Self.secretRules.contains($0.id) }.map(\.message) == [])
    #expect(found.filter { $0.severity == "error" && $0.id != "FORGE-I001" }.map(\.message) == [])
    try expectAccounts(archive)
  }

  @Test func applicationsHoldNoSecretsAndAddUp() async throws {
    for image in [try await BuiltImage.backend.image, try await BuiltImage.frontend.image] {
      let found = try await findings(image.archive)
      #expect(found.filter { Self.secretRules.contains($0.id) }.map(\.message) == [])
      #expect(found.filter { $0.severity != "info" }.map(\.message) == [])
      try expectAccounts(image.archive)
    }
  }
}
