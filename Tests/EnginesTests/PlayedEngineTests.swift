import Foundation
import Synchronization
import Testing

@testable import ForgeEngines

/// Engines played by shell scripts: what a real one does rarely, or never the same way twice.
@Suite struct PlayedEngineTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  /// A buildah whose store is two files: `tag` holds the image id that the tag stands for, `containers` the working
  /// containers.
  private func buildah(build: String, push: String = "echo archive > /proc/self/fd/0") throws
    -> Engine
  {
    try bench.engine(
      .buildah,
      """
      case "$1" in
      inspect) [ -f $BENCH/tag ] && cat $BENCH/tag || { echo 'x: image not known' >&2; exit 125; } ;;
      containers) cat $BENCH/containers 2>/dev/null || true ;;
      rm) shift; echo "$@" > $BENCH/removed; echo old > $BENCH/containers ;;
      rmi) rm $BENCH/tag ;;
      tag) echo "$2" > $BENCH/tag ;;
      push) \(push) ;;
      build) \(build) ;;
      esac
      """)
  }

  private func build(_ engine: Engine, log: @escaping @Sendable (String) -> Void = { _ in })
    async throws
  {
    try await engine.build(bench.request("FROM scratch"), log: log)
  }

  private func failure(_ engine: Engine) async throws -> EngineFailure {
    let error = try await engineError { try await build(engine) }
    guard case .failed(let failure) = error else { throw error }
    return failure
  }

  @Test func aBuildWritesTheArchive() async throws {
    let engine = try buildah(build: "echo STEP 1; echo warning >&2; echo sha > $BENCH/tag")
    let lines = Lines()
    try await build(engine) { lines.add($0) }
    #expect(lines.all == ["STEP 1", "warning"])
    #expect(bench.outputs == ["image.tar"])
    #expect(bench.text("out/image.tar") == "archive\n")
    #expect(bench.text("tag") == "sha\n")
  }

  @Test func aFailedStepLeavesEverythingAsItWas() async throws {
    try bench.write("out/image.tar", "the one before")
    let failure = try await failure(
      try buildah(
        build: "for i in $(seq 1 100); do echo line $i; done; printf '\\033[2Jbad\\n'; exit 7"))
    #expect(failure.status == "exit status 7")
    #expect(failure.cause == .step)
    #expect(failure.lastLines == (82...100).map { "line \($0)" } + ["\\x1b[2Jbad"])
    #expect(bench.outputs == ["image.tar"])
    #expect(bench.text("out/image.tar") == "the one before")
    #expect(!bench.exists("tag"))
  }

  @Test func aTagIsRestoredWhenTheExportFails() async throws {
    try bench.write("tag", "before\n")
    let engine = try buildah(
      build: "echo after > $BENCH/tag", push: "echo half > /proc/self/fd/0; echo broken >&2; exit 1"
    )
    let failure = try await failure(engine)
    #expect(failure.action == .export(reference: "localhost/forge-test:1"))
    #expect(failure.lastLines == ["broken"])
    #expect(bench.text("tag") == "before\n")
    #expect(bench.outputs == [])
  }

  @Test func aNewTagIsRemovedWhenTheExportFails() async throws {
    let engine = try buildah(build: "echo after > $BENCH/tag", push: "exit 1")
    _ = try await failure(engine)
    #expect(!bench.exists("tag"))
  }

  private static let lost =
    "echo 'Error: checking if cached image exists from a previous build: getting top layer info: layer not known' >&2"

  /// Another process of the same store removed an image whose layers the build had found in the cache.
  @Test func aBuildThatLosesItsCacheIsBuiltAgain() async throws {
    let engine = try buildah(
      build:
        "echo again >> $BENCH/runs; [ $(wc -l < $BENCH/runs) = 3 ] || { \(Self.lost); exit 125; }; echo id > $BENCH/tag"
    )
    try await build(engine)
    #expect(bench.text("runs") == "again\nagain\nagain\n")
    #expect(bench.outputs == ["image.tar"])
  }

  @Test func aBuildIsNotBuiltAgainForEver() async throws {
    let failure = try await failure(
      try buildah(build: "echo again >> $BENCH/runs; \(Self.lost); exit 125"))
    #expect(failure.status == "exit status 125")
    #expect(bench.text("runs").split(separator: "\n").count == 4)
  }

  /// docker's classic builder gets its variable, and is never asked for what it does not have.
  @Test(arguments: [nil, "--secret", "--cache-to"] as [String?]) func theClassicBuilder(
    lacking: String?
  ) async throws {
    let played = try bench.engine(
      .docker,
      """
      case "$1" in
      image) echo 'Error: No such image: x' >&2; exit 1 ;;
      network) echo bridge ;;
      build) echo "$DOCKER_BUILDKIT $@" > $BENCH/arguments ;;
      save) echo archive ;;
      esac
      """)
    let engine = Engine(
      kind: .docker, path: played.path, version: "20.10.24",
      environment: bench.environment.merging(["DOCKER_BUILDKIT": "0"]) { $1 })
    var request = try bench.request("FROM scratch")
    request.secrets = lacking == "--secret" ? ["id=token,src=/token"] : []
    request.cacheTo = lacking == "--cache-to" ? ["type=inline"] : []
    guard let lacking else {
      try await engine.build(request, log: { _ in })
      #expect(bench.text("arguments").hasPrefix("0 build --file="), "\(bench.text("arguments"))")
      return
    }
    let error = try await engineError { try await engine.build(request, log: { _ in }) }
    #expect(error.exitCode == .usage)
    #expect(error.description.contains("has no \(lacking): build with BuildKit"), "\(error)")
    #expect(!bench.exists("arguments") && bench.outputs == [])
  }

  /// Only the host's network is left to steps where the daemon has no bridge; a builder has networks of its own.
  @Test(arguments: [
    ("echo 'Error response from daemon: network bridge not found' >&2; exit 1", nil, true),
    ("echo 'Error: No such network: bridge' >&2; exit 1", nil, true),
    ("echo 'Error: No such network: bridge' >&2; exit 1", "cloud", false),
    ("echo 'permission denied' >&2; exit 1", nil, false),
    ("echo bridge", nil, false),
  ])
  func aDaemonWithoutABridge(network: String, builder: String?, isHost: Bool) async throws {
    let engine = try bench.engine(
      .docker,
      """
      case "$1" in
      image) echo 'Error: No such image: x' >&2; exit 1 ;;
      network) \(network) ;;
      build) echo "$@" > $BENCH/arguments ;;
      save) echo archive ;;
      esac
      """)
    var request = try bench.request("FROM scratch")
    request.builder = builder
    try await engine.build(request) { _ in }
    #expect(bench.text("arguments").contains("--network=host") == isHost)
  }

  @Test func aStoreThatDoesNotAnswerIsLeftAlone() async throws {
    let engine = try bench.engine(
      .buildah,
      """
      case "$1" in
      inspect) [ -f $BENCH/tag ] && echo id || { echo 'store is locked' >&2; exit 125; } ;;
      build) touch $BENCH/tag ;;
      push) exit 1 ;;
      *) echo "$@" >> $BENCH/changed ;;
      esac
      """)
    _ = try await failure(engine)
    #expect(bench.text("changed") == "containers --all --notruncate --quiet\n")
  }

  @Test func aFloodOfOutputTakesLittleMemory() async throws {
    let engine = try buildah(
      build: "yes 'a line of a chatty build step' | head -c 10000000; head -c 100000000 /dev/zero")
    let before = try residentBytes()
    let lines = Lines(limit: 10)
    try await build(engine) { lines.add($0) }
    #expect(lines.count > 300_000)
    #expect(try residentBytes() - before < 100_000_000)
  }

  @Test func aProcessThatKeepsTheOutputOpenIsNotWaitedFor() async throws {
    let engine = try buildah(build: "sleep 30 & echo done; exit 3")
    let start = ContinuousClock.now
    let failure = try await failure(engine)
    #expect(failure.lastLines == ["done"])
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func aProgramThatCannotBeStarted() async throws {
    let engine = Engine(
      kind: .podman, path: "\(bench.folder)/bin/podman", version: "1",
      environment: bench.environment)
    let failure = try await failure(engine)
    guard case .cannotRun = failure.cause else {
      Issue.record("\(failure.cause)")
      return
    }
    #expect(bench.outputs == [])
  }

  @Test func aKilledEngineSaysSo() async throws {
    let failure = try await failure(try buildah(build: "echo one; kill -9 $$"))
    #expect(failure.status == "killed by signal 9")
  }

  @Test func aFullDiskIsNamed() async throws {
    let failure = try await failure(
      try buildah(
        build: "true", push: "echo 'writing blob: write /x: no space left on device' >&2; exit 125")
    )
    #expect(failure.cause == .diskFull)
  }

  // MARK: Interruption

  @Test func aStubbornEngineIsKilledAndItsContainersRemoved() async throws {
    try bench.write("containers", "old\n")
    let engine = try buildah(
      build: """
        trap '' INT TERM
        echo new id > $BENCH/tag
        (trap '' INT TERM; exec setsid sleep \(bench.seconds)) &
        echo old new > $BENCH/containers; touch $BENCH/started
        while :; do sleep 0.1; done
        """)
    let work = Task { try await build(engine) }
    try await bench.until { bench.exists("started") }
    work.cancel()
    #expect(try await engineError { try await work.value } == .interrupted(.buildah, leftovers: []))
    #expect(bench.text("removed") == "new\n")
    #expect(!bench.exists("tag"))
    #expect(bench.outputs == [])
    #expect(!bench.isRunning(bench.seconds))
    #expect(!bench.isRunning("\(bench.folder)/bin/buildah"))
  }

  @Test func podmanThatExitsOnASignalLeavesNoContainer() async throws {
    let engine = try bench.engine(
      .podman,
      """
      case "$1" in
      image) echo 'x: image not known' >&2; exit 125 ;;
      ps) cat $BENCH/containers 2>/dev/null || true ;;
      rm) echo "$@" > $BENCH/removed; rm $BENCH/containers ;;
      build) trap 'exit 1' TERM; echo new > $BENCH/containers; touch $BENCH/started; while :; do :; done ;;
      esac
      """)
    let work = Task { try await build(engine) }
    try await bench.until { bench.exists("started") }
    work.cancel()
    #expect(try await engineError { try await work.value } == .interrupted(.podman, leftovers: []))
    #expect(bench.text("removed") == "rm --force new\n")
  }

  @Test func anEngineMayEndItsBuildInPeace() async throws {
    let engine = try buildah(
      build:
        "touch $BENCH/started; sleep \(bench.seconds); echo undoing; touch $BENCH/undone; exit 1")
    let work = Task { try await build(engine) }
    try await bench.until { bench.exists("started") }
    let start = ContinuousClock.now
    work.cancel()
    #expect(try await engineError { try await work.value } == .interrupted(.buildah, leftovers: []))
    #expect(bench.exists("undone"))
    #expect(ContinuousClock.now - start < .seconds(4))
    #expect(!bench.exists("removed"))
  }

  @Test func anExportIsInterruptedToo() async throws {
    let engine = try buildah(
      build: "echo id > $BENCH/tag",
      push: "echo half > /proc/self/fd/0; touch $BENCH/started; exec sleep \(bench.seconds)")
    let work = Task { try await build(engine) }
    try await bench.until { bench.exists("started") }
    work.cancel()
    #expect(try await engineError { try await work.value } == .interrupted(.buildah, leftovers: []))
    #expect(!bench.exists("tag"))
    #expect(bench.outputs == [])
  }

  /// podman that dies of a signal here leaves an image that spoils every list of images.
  @Test func aLoadIsNotCutShort() async throws {
    let engine = try bench.engine(
      .podman,
      "touch $BENCH/started; sleep 1; touch $BENCH/loaded; echo 'Loaded image: localhost/x:1'")
    let work = Task { try await engine.load("x.tar") }
    try await bench.until { bench.exists("started") }
    work.cancel()
    #expect(try await work.value == "localhost/x:1")
    #expect(bench.exists("loaded"))
    // Nor begun in vain.
    let late = Task {
      while !Task.isCancelled { await Task.yield() }
      return try await engine.load("x.tar")
    }
    late.cancel()
    #expect(
      try await engineError { _ = try await late.value } == .interrupted(.podman, leftovers: []))
  }

  @Test func cancelledBeforeTheStartNothingIsStarted() async throws {
    let engine = try buildah(build: "touch $BENCH/started")
    let work = Task {
      while !Task.isCancelled { await Task.yield() }
      try await build(engine)
    }
    work.cancel()
    #expect(try await engineError { try await work.value } == .interrupted(.buildah, leftovers: []))
    #expect(!bench.exists("started"))
    #expect(bench.outputs == [])
  }

  @Test func aWholeTreeIsKilledAtOnce() async throws {
    try bench.program(
      "tree", "setsid sleep \(bench.seconds) & sleep \(bench.seconds) & touch $BENCH/started; wait")
    let command = EngineCommand(
      program: "\(bench.folder)/bin/tree", arguments: [], environment: bench.environment)
    let work = Task { try await command.stream(plan: .interrupt) { _ in } }
    try await bench.until { bench.exists("started") }
    let leader = try #require(
      ProcessTable.processIDs().first {
        ProcessTable.read("cmdline", of: $0).map {
          String(decoding: $0, as: UTF8.self).contains(command.program)
        }
          ?? false
      })
    RunningChild.killTree(leader)
    #expect(try await work.value.ending.text == "killed by signal 9")
    try await bench.until { !bench.isRunning(bench.seconds) }
  }

  @Test func aSignalCancelsTheWork() async throws {
    await #expect(throws: CancellationError.self) {
      try await Interruption.run {
        try await Task.sleep(for: .milliseconds(300))
        kill(getpid(), SIGTERM)
        try await Task.sleep(for: .seconds(30))
      }
    }
    #expect(try await Interruption.run { 42 } == 42)
  }

  private func residentBytes() throws -> Int {
    let status = String(
      decoding: try #require(ProcessTable.read("statm", of: getpid())), as: UTF8.self)
    return try #require(Int(status.split(separator: " ")[1])) * Int(getpagesize())
  }
}

/// Collects what a log gets, from whatever thread.
final class Lines: Sendable {
  private let state: Mutex<(count: Int, lines: [String])>
  private let limit: Int

  init(limit: Int = 10_000) {
    state = Mutex((0, []))
    self.limit = limit
  }

  func add(_ line: String) {
    state.withLock {
      $0.count += 1
      if $0.lines.count < limit { $0.lines.append(line) }
    }
  }

  var count: Int { state.withLock { $0.count } }
  var all: [String] { state.withLock { $0.lines } }
}
