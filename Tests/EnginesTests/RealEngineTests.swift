import ForgeBasics
import ForgeTrials
import Foundation
import Testing

@testable import ForgeEngines

/// buildah and podman themselves, each test on a store of its own, with a base of one static program.
///
/// Needs root, and the Debian packages buildah, podman and busybox-static.
@Suite(.serialized) struct RealEngineTests {
  private let bench: Workbench
  private let environment: [String: String]
  private static let kinds: [Engine.Kind] = [.buildah, .podman]
  private static let base = "FROM scratch\nCOPY busybox /bin/sh\n"

  init() throws {
    bench = try Workbench()
    try bench.write(
      "storage.conf",
      """
      [storage]
      driver = "overlay"
      graphroot = "\(bench.folder)/store"
      runroot = "\(bench.folder)/run"
      """)
    environment = ProcessInfo.processInfo.environment.merging([
      "CONTAINERS_STORAGE_CONF": "\(bench.folder)/storage.conf"
    ]) { $1 }
    try #require(
      FileManager.default.fileExists(atPath: "/bin/busybox"),
      "these tests need the Debian package busybox-static")
    try FileManager.default.copyItem(
      atPath: "/bin/busybox", toPath: "\(bench.folder)/context/busybox")
  }

  private func find(_ kind: Engine.Kind) async throws -> Engine {
    try await EngineFinder.find(
      EngineChoice(rawValue: kind.rawValue) ?? .auto, environment: environment)
  }

  private func failure(_ engine: Engine, _ request: BuildRequest) async throws -> EngineFailure {
    let error = try await engineError { try await engine.build(request) { _ in } }
    guard case .failed(let failure) = error else { throw error }
    return failure
  }

  private func manifest() async throws -> String {
    try await shell("tar xOf '\(bench.folder)/out/image.tar' manifest.json")
  }

  /// The image's configuration, as the archive holds it.
  private func configuration() async throws -> String {
    try await shell(
      "cd '\(bench.folder)/out' && tar xOf image.tar $(tar tf image.tar | grep -E '^[0-9a-f]{64}[.]json$')"
    )
  }

  private func nothingIsLeft(_ engine: Engine, tag: String = "forge-test:1") async throws {
    #expect(await engine.storedImage(engine.storeName(tag)) == .absent)
    #expect(await engine.workingContainers() == [])
    #expect(bench.outputs == [])
  }

  @Test(arguments: kinds) func aBuildGivesAnArchive(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    #expect(engine.kind == kind)
    #expect(engine.version.first?.isNumber == true)
    var request = try bench.request(
      Self.base + """
        ARG GREETING
        RUN --mount=type=secret,id=word cat /run/secrets/word && echo "$GREETING" > /greeting
        COPY . /all
        RUN [ ! -e /all/hidden ] && [ -e /all/seen ]
        HEALTHCHECK CMD ["/bin/sh", "-c", "true"]
        USER 10001
        """)
    // The Dockerfile stands outside the context, and so does its ignore file.
    try bench.write("Dockerfile.dockerignore", "hidden\n")
    try bench.write("context/hidden", "")
    try bench.write("context/seen", "")
    request.buildArguments = ["GREETING=good morning"]
    request.secrets = ["id=word,src=\(try bench.write("word", "hush-hush"))"]
    let lines = Lines()
    try await engine.build(request) { lines.add($0) }

    #expect(lines.all.contains { $0.contains("STEP 3/") })
    #expect(lines.all.contains { $0.contains("hush-hush") })
    #expect(bench.outputs == ["image.tar"])
    #expect(try await manifest().contains(#""RepoTags":["localhost/forge-test:1"]"#))
    let configuration = try await configuration()
    for part in [#""User":"10001""#, "Healthcheck"] { #expect(configuration.contains(part)) }
    #expect(await engine.hasImage("forge-test:1"))
    #expect(await engine.workingContainers() == [])
  }

  @Test(arguments: kinds) func aStoredImageIsSaved(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    try await engine.build(try bench.request(Self.base)) { _ in }
    // A colon is the separator in the engines' own way of naming an archive.
    let archive = "\(bench.folder)/out/a:b.tar"
    try await engine.save(reference: "forge-test:1", to: archive)
    #expect(bench.outputs == ["a:b.tar", "image.tar"])
    #expect(
      try await shell("tar -xO --force-local -f '\(archive)' manifest.json").contains(
        "forge-test:1"))

    for reference in ["forge-test:2", "--help", ""] {
      #expect(await !engine.hasImage(reference))
      let error = try await engineError {
        try await engine.save(reference: reference, to: "\(bench.folder)/out/no.tar")
      }
      #expect(error == .noSuchImage(kind, reference: reference))
    }
    #expect(bench.outputs == ["a:b.tar", "image.tar"])
  }

  @Test(arguments: kinds) func aFailingStepIsShown(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    let failure = try await failure(
      engine, try bench.request(Self.base + "RUN echo so it goes; exit 9"))
    #expect(failure.cause == .step)
    #expect(failure.lastLines.contains { $0.hasSuffix("so it goes") })
    #expect(failure.description.contains("exit status 9"))
    try await nothingIsLeft(engine)
  }

  @Test(arguments: kinds) func aDockerfileThatIsNone(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    for text in ["", "FORM scratch\n", "FROM scratch\nCOPY nothing /\n", "\u{0}\u{1}"] {
      let failure = try await failure(engine, try bench.request(text))
      #expect(failure.cause == .step)
      #expect(!failure.lastLines.isEmpty)
    }
    try await nothingIsLeft(engine)
  }

  @Test(arguments: kinds) func aMissingBaseIsNamed(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    let failure = try await failure(
      engine, try bench.request("FROM registry.invalid/team/base:1 AS build\n"))
    #expect(
      failure.cause == .baseImage(name: "registry.invalid/team/base:1", why: .registryUnreachable))
    #expect(failure.description.contains("registry.invalid/team/base:1 is not in its store"))
    try await nothingIsLeft(engine)
  }

  @Test(arguments: kinds) func anOldTagSurvivesAFailedBuild(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    try await engine.build(try bench.request(Self.base)) { _ in }
    let before = await engine.storedImage("localhost/forge-test:1")
    let archive = FileManager.default.contents(atPath: "\(bench.folder)/out/image.tar")
    _ = try await failure(engine, try bench.request(Self.base + "RUN exit 1"))
    #expect(await engine.storedImage("localhost/forge-test:1") == before)
    #expect(FileManager.default.contents(atPath: "\(bench.folder)/out/image.tar") == archive)
    #expect(bench.outputs == ["image.tar"])
  }

  @Test(arguments: kinds) func anInterruptedBuildLeavesNothing(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    let request = try bench.request(Self.base + "RUN echo started; sleep 7654331; true\n")
    // Twice, since the shell would go on to `true` when only its command were ended: then the second build would find
    // half a step in the cache.
    for _ in 1...2 {
      let lines = Lines()
      let work = Task { try await engine.build(request) { lines.add($0) } }
      try await bench.until { lines.all.contains { $0.hasSuffix("started") } }
      #expect(bench.isRunning("7654331"))
      work.cancel()
      #expect(try await engineError { try await work.value } == .interrupted(kind, leftovers: []))
      #expect(!bench.isRunning("7654331"))
      #expect(!bench.isRunning(request.dockerfile))
      try await nothingIsLeft(engine)
    }
  }

  /// The engine dies in the middle of a step, of what is not forge's doing.
  @Test(arguments: kinds) func anEngineThatIsKilledLeavesNothing(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    let request = try bench.request(Self.base + "RUN echo started; sleep 7654335; true\n")
    let lines = Lines()
    let work = Task { try await engine.build(request) { lines.add($0) } }
    try await bench.until { lines.all.contains { $0.hasSuffix("started") } }
    // Its steps are looked at every second.
    try await Task.sleep(for: .seconds(2))
    let program = try #require(
      ProcessTable.children(of: getpid()).first { process in
        ProcessTable.read("cmdline", of: process.pid).map { String(decoding: $0, as: UTF8.self) }?
          .contains(request.dockerfile) == true
      })
    kill(program.pid, SIGKILL)
    let error = try await engineError { try await work.value }
    guard case .failed(let failure) = error else { throw error }
    #expect(failure.status == "killed by signal 9")
    #expect(failure.leftovers == [])
    #expect(error.exitCode == .engineFailed)
    try await bench.until { !bench.isRunning("7654335") }
    try await nothingIsLeft(engine)
  }

  /// Two builds without the cache: the same layers, to the byte.
  @Test(arguments: kinds) func aReproducibleBuildHasTheSameLayers(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    var request = try bench.request(Self.base + "RUN echo x > /file\n")
    request.sourceDate = 1_700_000_000
    request.usesCache = false
    var layers: [Set<String>] = []
    for _ in 1...2 {
      try await engine.build(request) { _ in }
      layers.append(await engine.layers(of: request.tag))
      // A second that times could differ by.
      try await Task.sleep(for: .milliseconds(1100))
    }
    #expect(layers[0].count == 2 && layers[0] == layers[1], "\(layers)")
    #expect(try await configuration().contains("2023-11-14T22:13:20Z"))
  }

  /// One image for each platform, and one name for all, in a registry of this machine.
  @Test(arguments: kinds) func imagesOfSeveralPlatformsArePushedUnderOneName(kind: Engine.Kind)
    async throws
  {
    let engine = try await find(kind)
    let port = Int.random(in: 20_000...29_999)
    let settings = try bench.write(
      "registry.yml",
      """
      version: 0.1
      log: {level: error}
      storage: {filesystem: {rootdirectory: "\(bench.folder)/registry"}}
      http: {addr: "127.0.0.1:\(port)"}
      """)
    let registry = Process()
    registry.executableURL = URL(filePath: "/usr/bin/docker-registry")
    registry.arguments = ["serve", settings]
    registry.standardError = FileHandle.nullDevice
    try registry.run()
    defer {
      registry.terminate()
      registry.waitUntilExit()
    }
    try await bench.until { LoopbackHTTP.request(port: port, path: "/v2/")?.status == 200 }

    let name = "127.0.0.1:\(port)/team/todo"
    for processor in ["amd64", "arm64"] {
      var request = try bench.request(Self.base, tag: "\(name):1-linux-\(processor)")
      request.platform = "linux/\(processor)"
      request.usesCache = false
      try await engine.build(request) { _ in }
      try await engine.push(request.tag) { _ in }
    }
    try await engine.pushIndex("\(name):1", of: ["\(name):1-linux-amd64", "\(name):1-linux-arm64"])
    { _ in }
    let answer = try #require(
      LoopbackHTTP.request(
        port: port, path: "/v2/team/todo/manifests/1",
        headers: [("Accept", "application/vnd.oci.image.index.v1+json")]))
    #expect(answer.status == 200)
    #expect(
      answer.body.contains("\"amd64\"") && answer.body.contains("\"arm64\""), "\(answer.body)")
    let images = try await engine.container(["images", "--format", "{{.Repository}}"]).reply()
    #expect(!images.output.contains("forge-index"))
  }

  @Test(arguments: kinds) func aRegistryThatIsNotThereIsSaid(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    let request = try bench.request(Self.base, tag: "127.0.0.1:1/todo:1")
    try await engine.build(request) { _ in }
    let error = try await engineError { try await engine.push(request.tag) { _ in } }
    guard case .failed(let failure) = error else { throw error }
    #expect(failure.action == .push(reference: request.tag))
    #expect(error.exitCode == .engineFailed)
    #expect(error.description.contains("127.0.0.1:1"), "\(error)")
  }

  @Test(arguments: kinds) func anInterruptedCopyLeavesNothing(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    try await shell("truncate -s 20G '\(bench.folder)/context/big'")
    let request = try bench.request("FROM scratch\nCOPY big /big\n")
    let lines = Lines()
    let work = Task { try await engine.build(request) { lines.add($0) } }
    try await bench.until { lines.all.contains { $0.contains("COPY big") } }
    work.cancel()
    let error = try await engineError { try await work.value }
    guard case .interrupted(kind, let leftovers, _) = error else { throw error }
    #expect(leftovers == [])
    #expect(!bench.isRunning(request.dockerfile))
    try await nothingIsLeft(engine)
  }

  @Test(arguments: kinds) func aFullOutputDiskIsNamed(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    let failure = try await withSmallDisk("out", size: "64k") {
      let failure = try await self.failure(engine, try bench.request(Self.base))
      try await nothingIsLeft(engine)
      return failure
    }
    #expect(failure.action == .export(reference: "localhost/forge-test:1"))
    #expect(failure.cause == .diskFull)
  }

  @Test(arguments: kinds) func aFullStoreIsNamed(kind: Engine.Kind) async throws {
    let engine = try await find(kind)
    let failure = try await withSmallDisk("store", size: "8m") {
      let failure = try await self.failure(
        engine, try bench.request(Self.base + "RUN dd if=/dev/zero of=/big bs=1M count=99"))
      try await nothingIsLeft(engine)
      return failure
    }
    #expect(failure.cause == .diskFull)
  }

  /// Runs `body` while the bench's folder of that name is a disk of that size.
  private func withSmallDisk<Value>(_ name: String, size: String, _ body: () async throws -> Value)
    async throws
    -> Value
  {
    let folder = "\(bench.folder)/\(name)"
    try await shell("mkdir -p '\(folder)' && mount -t tmpfs -o size=\(size) tmpfs '\(folder)'")
    let outcome: Result<Value, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    try await shell("umount -l '\(folder)'")
    return try outcome.get()
  }

  @Test func wrongRequestsAreRefusedBeforeTheEngineIsAsked() async throws {
    let engine = try bench.engine(.buildah, "touch $BENCH/started")
    let good = try bench.request(Self.base)
    let changes: [(inout BuildRequest) -> Void] = [
      { $0.context += "/nothing" }, { $0.context = $0.dockerfile }, { $0.dockerfile += ".x" },
      { $0.dockerfile = $0.context }, { $0.tag = "Upper" }, { $0.tag = "" },
      { $0.buildArguments = ["=x"] },
      { $0.secrets = ["hunter2"] }, { $0.archive = bench.folder }, { $0.archive += "/x/image.tar" },
      { $0.archive = "/proc/image.tar" }, { $0.archive = "" },
    ]
    for change in changes {
      var request = good
      change(&request)
      let error = try await engineError { try await engine.build(request) { _ in } }
      #expect(error.exitCode == .usage, "\(error)")
      #expect(!error.description.contains("hunter2"))
    }
    #expect(!bench.exists("started"))
    #expect(bench.outputs == [])
  }
}
