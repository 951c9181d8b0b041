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
      Played(
        program: "buildah", answer: "buildah version \(version) (image-spec 1.1.0)",
        dialect: dialect)
    }
    static func podman(_ version: String) -> Played {
      Played(
        program: "podman", answer: #"{"Client":{"Version":"\#(version)"}}"#, dialect: "portable")
    }
  }

  @Test(arguments: [
    Played.docker("20.10.24", "portable"), .docker("27.5.1", "portable"),
    .docker("28.0.0", "buildkit"),
    .docker("28.2.2", "buildkit"), .docker("29.0.0-rc.1", "buildkit"),
    .buildah("1.28.2", "portable"),
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

  /// docker's classic builder, where the user asks for it, knows no mounts.
  @Test func theClassicBuilderGetsItsOwn() async throws {
    let folder = try TemporaryFolder()
    try folder.write("#!/bin/sh\necho '\(Played.docker("28.2.2", "").answer)'\n", to: "bin/docker")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.file("bin/docker"))
    func generated(_ dialect: String, _ environment: [String: String] = [:]) async throws
      -> CommandResult
    {
      try await Command.forge(
        ["generate", Repository.fixture("todo-backend"), "--dialect", dialect, "--stdout"],
        environment: environment.merging(["PATH": folder.file("bin") + ":/nowhere"]) { $1 })
    }
    let result = try await generated("auto", ["DOCKER_BUILDKIT": "0"])
    #expect(
      result.status == 0 && result.errors.contains("dialect classic, for docker"), "\(result)")
    #expect(!result.output.contains("--mount") && !result.output.contains("--link"), "\(result)")
    #expect(try await generated("classic").output == result.output)
    let builder = try await generated("auto", ["DOCKER_BUILDKIT": "0", "BUILDX_BUILDER": "cloud"])
    #expect(builder.errors.contains("dialect buildkit, for docker"), "\(builder)")
  }

  private func project(_ settings: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("todo-backend"), toPath: folder.file("backend"))
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("frontend"))
    try folder.write(settings, to: "forge.yaml")
    return folder
  }

  /// `forge.yaml` chooses for a service; the command line, which is nearer, for all.
  @Test func theSettingsChooseForAService() async throws {
    let folder = try project(
      "services:\n  todo-backend: {base: distroless, dialect: buildkit}\n  web: {path: frontend, base: slim}\n"
    )
    func files(_ options: [String]) async throws -> (backend: String, frontend: String) {
      let result = try await Command.forge(["generate", folder.path, "--force"] + options)
      #expect(result.status == 0, "\(result)")
      return (
        try String(contentsOfFile: folder.file("backend/Dockerfile"), encoding: .utf8),
        try String(contentsOfFile: folder.file("frontend/Dockerfile"), encoding: .utf8)
      )
    }
    let (backend, frontend) = try await files([])
    #expect(backend.contains("FROM gcr.io/distroless/python3-debian13:nonroot AS runtime"))
    #expect(backend.contains("COPY --link --from=build"))
    #expect(
      frontend.contains("-slim") && !frontend.contains("alpine")
        && !frontend.contains("COPY --link"))
    let (plain, other) = try await files(["--base", "alpine", "--dialect", "portable"])
    #expect(plain.contains("FROM python:3.13-alpine") && !plain.contains("COPY --link"))
    #expect(other.contains("alpine"))
  }

  @Test(arguments: [
    ("base: Not An Image", "`base` of todo-backend must be alpine, slim, distroless, chainguard"),
    ("dialect: docker", "`dialect` of todo-backend must be portable, buildkit or classic"),
  ])
  func wrongSettingsAreOneLine(setting: String, message: String) async throws {
    let folder = try project("services:\n  todo-backend:\n    \(setting)\n")
    let result = try await Command.forge(["generate", folder.path])
    #expect(result.status == 2, "\(result)")
    #expect(
      result.errors.contains(message) && result.errors.split(separator: "\n").count == 1,
      "\(result)")
    try #expect(folder.names() == ["backend", "forge.yaml", "frontend"])
  }

  /// A tag that is none: said in one line before any engine starts, which there need not be.
  @Test(arguments: ["Not A Tag", "a:b:c", "web:", "-web"]) func aTagThatIsNoneIsOneLine(tag: String)
    async throws
  {
    let folder = try project("")
    let result = try await Command.forge(
      ["build", folder.file("backend"), "--tag=" + tag], environment: ["PATH": "/nowhere"])
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("is not an image name"), "\(result)")
    #expect(result.errors.split(separator: "\n").count == 1, "\(result)")
    try #expect(folder.names() == ["backend", "forge.yaml", "frontend"])
  }
}
