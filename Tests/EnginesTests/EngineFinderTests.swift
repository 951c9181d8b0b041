import Testing

@testable import ForgeEngines

@Suite struct EngineFinderTests {
  private let bench: Workbench
  private let dockerOK =
    #"[ "$1" = version ] && echo '{"Client":{"Version":"20.10.24"},"Server":{"Version":"20.10.25"}}' || exit 1"#
  private let podmanOK = #"echo '{"Client":{"APIVersion":"4.3.1","Version":"4.3.1"}}'"#
  private let buildahOK = "echo 'buildah version 1.28.2 (image-spec 1.1.0-rc2)'"

  init() throws { bench = try Workbench() }

  private func find(_ choice: EngineChoice = .auto, limit: Duration = .seconds(10)) async throws
    -> Engine
  {
    try await EngineFinder.find(choice, environment: bench.environment, limit: limit)
  }

  private func rejection(_ choice: EngineChoice, limit: Duration = .seconds(10)) async throws
    -> EngineError
  {
    try await engineError { _ = try await find(choice, limit: limit) }
  }

  @Test func dockerComesFirstThenPodmanThenBuildah() async throws {
    try bench.program("buildah", buildahOK)
    #expect(try await find().kind == .buildah)
    #expect(try await find().version == "1.28.2")
    try bench.program("podman", podmanOK)
    #expect(try await find().kind == .podman)
    #expect(try await find().version == "4.3.1")
    let docker = try bench.program("docker", dockerOK)
    #expect(
      try await find()
        == Engine(kind: .docker, path: docker, version: "20.10.25", environment: bench.environment))
    #expect(try await find(.buildah).kind == .buildah)
  }

  @Test func dockerWithoutItsDaemonIsPassedOver() async throws {
    try bench.program(
      "docker",
      #"echo '{"Client":{"Version":"20.10.24"},"Server":null}'; echo 'Cannot connect to the Docker daemon at unix:///x' >&2; exit 1"#
    )
    let error = try await rejection(.docker)
    #expect(error.exitCode == .engineFailed)
    #expect(
      error.description.contains(
        "its daemon does not answer (Cannot connect to the Docker daemon at unix:///x)"))
    try bench.program("buildah", buildahOK)
    #expect(try await find().kind == .buildah)
  }

  @Test func dockerWithoutBuildKitIsPassedOver() async throws {
    let script =
      #"[ "$1" = version ] && echo '{"Client":{"Version":"28.2.2"},"Server":{"Version":"28.2.2"}}' && exit; "#
    try bench.program(
      "docker", script + #"echo "docker: unknown command: docker buildx" >&2; exit 1"#)
    #expect(try await rejection(.docker).description.contains("install docker-buildx"))
    try bench.program("docker", script + #"[ "$1" = buildx ]"#)
    #expect(try await find().version == "28.2.2")
  }

  @Test func podmanUnderDockersNameIsSeen() async throws {
    try bench.program("docker", podmanOK)
    #expect(try await rejection(.docker).description.contains("podman under docker's name"))
  }

  @Test func aSilentDaemonIsNotWaitedForLong() async throws {
    try bench.program("docker", "exec sleep \(bench.seconds)")
    let start = ContinuousClock.now
    let error = try await rejection(.docker, limit: .milliseconds(300))
    #expect(error.description.contains("did not answer within"))
    #expect(ContinuousClock.now - start < .seconds(5))
    #expect(!bench.isRunning(bench.seconds))
  }

  @Test func noEngineAtAll() async throws {
    let error = try await rejection(.auto)
    #expect(
      error
        == .noUsableEngine(
          [.docker, .podman, .buildah].map {
            EngineError.Rejection(kind: $0, reason: "not on PATH")
          })
    )
    #expect(error.exitCode == .engineFailed)
    #expect(error.description.contains("apt-get install buildah"))
  }

  @Test(arguments: [
    "exit 3", "echo nonsense", "echo '{\"Server\":[]}'", "printf '\\033[2J' >&2; exit 1",
    "head -c 9000000 /dev/zero",
    "kill -9 $$", "echo '[[[[[[[['",
  ])
  func nonsenseIsRejectedInOneLineEach(script: String) async throws {
    for kind in Engine.Kind.allCases { try bench.program(kind.rawValue, script) }
    guard case .noUsableEngine(let rejections) = try await rejection(.auto) else {
      Issue.record("not rejected")
      return
    }
    #expect(rejections.map(\.kind) == [.docker, .podman, .buildah])
    for rejection in rejections {
      #expect(
        !rejection.reason.unicodeScalars.contains { $0.properties.generalCategory == .control })
      #expect(rejection.reason != "not on PATH")
    }
  }

  @Test func aProgramOfAnotherFormatIsRejected() async throws {
    try bench.program("buildah", "")
    try bench.write("bin/buildah", "\u{7f}ELF nonsense")
    #expect(try await rejection(.buildah).description.contains("buildah"))
  }

  @Test func relativeFoldersOnPathAreSkipped() async throws {
    try bench.program("buildah", buildahOK)
    var environment = bench.environment
    environment["PATH"] = ".:bin:../bin:"
    let error = try await engineError {
      _ = try await EngineFinder.find(.buildah, environment: environment)
    }
    #expect(
      error == .noUsableEngine([EngineError.Rejection(kind: .buildah, reason: "not on PATH")]))
  }

  @Test func theSearchCanBeInterrupted() async throws {
    try bench.program("docker", "touch $BENCH/started; exec sleep \(bench.seconds)")
    let search = Task { try await find() }
    try await bench.until { bench.exists("started") }
    search.cancel()
    #expect(
      try await engineError { _ = try await search.value } == .interrupted(.docker, leftovers: []))
    #expect(!bench.isRunning(bench.seconds))
  }
}
