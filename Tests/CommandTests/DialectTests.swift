import Foundation
import TestSupport
import Testing

/// The dialect follows the engine that is found: `forge generate --dialect auto` with played engines on PATH.
@Suite struct DialectTests {
  struct Played: Sendable, CustomTestStringConvertible {
    let program: String
    let answer: String
    let dialect: String
    var testDescription: String { answer }

    static func docker(_ version: String, _ dialect: String) -> Played {
      let json = #"{"Client":{"Version":"\#(version)"},"Server":{"Version":"\#(version)"}}"#
      return Played(program: "docker", answer: json, dialect: dialect)
    }
    static func buildah(_ version: String, _ dialect: String) -> Played {
      Played(program: "buildah", answer: "buildah version \(version) (image-spec 1.1.0)", dialect: dialect)
    }
    static func podman(_ version: String) -> Played {
      Played(program: "podman", answer: #"{"Client":{"Version":"\#(version)"}}"#, dialect: "portable")
    }
  }

  @Test(arguments: [
    Played.docker("20.10.24", "portable"), .docker("27.5.1", "portable"), .docker("28.0.0", "buildkit"),
    .docker("28.2.2", "buildkit"), .docker("29.0.0-rc.1", "buildkit"), .buildah("1.28.2", "portable"),
    .buildah("1.43.9", "portable"), .buildah("1.44.0", "buildkit"), .buildah("2.0.0", "buildkit"),
    .podman("4.3.1"), .podman("6.0.0"),
  ])
  func theEngineChooses(_ engine: Played) async throws {
    let folder = try TemporaryFolder()
    // docker is asked for its plugin buildx, too.
    try folder.write("#!/bin/sh\necho '\(engine.answer)'\n", to: "bin/" + engine.program)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.file("bin/" + engine.program))
    let result = try await Command.forge(
      ["generate", Repository.fixture("todo-backend"), "--dialect", "auto", "--stdout"],
      environment: ["PATH": folder.file("bin") + ":/nowhere"])
    #expect(result.status == 0, "\(result)")
    #expect(result.errors.contains("dialect \(engine.dialect), for \(engine.program)"), "\(result)")
    #expect(result.output.contains("COPY --link --from=build") == (engine.dialect == "buildkit"))
  }
}
