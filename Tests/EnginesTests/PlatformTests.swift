import Foundation
import Testing

@testable import ForgeEngines

/// What is known before a build for another platform, and how docker's builders are asked.
@Suite struct PlatformTests {
  private let bench: Workbench
  private static let steps = "FROM alpine\nRUN true\n"
  private static let foreign = ProcessInfo.processInfo.machineIsARM ? "amd64" : "arm64"

  init() throws { bench = try Workbench() }

  @Test func stepsOfAnotherProcessorNeedAnEmulator() async throws {
    let engine = try bench.engine(.buildah, "exit 1")
    let foreign = "linux/" + Self.foreign
    func obstacle(_ dockerfile: String) async -> String? {
      await engine.obstacle(
        to: foreign, dockerfile: dockerfile, emulators: "\(bench.folder)/binfmt")
    }
    #expect(try #require(await obstacle(Self.steps)).contains(Self.foreign))
    // Copying needs none.
    #expect(await obstacle("FROM alpine\nCOPY . .\n") == nil)
    try FileManager.default.createDirectory(
      atPath: "\(bench.folder)/binfmt", withIntermediateDirectories: true)
    try bench.write("binfmt/qemu-\(Self.foreign == "arm64" ? "aarch64" : "x86_64")", "enabled\n")
    #expect(await obstacle(Self.steps) == nil)
  }

  @Test(arguments: [Engine.Kind.docker, .podman, .buildah]) func platformOfAnImage(
    _ kind: Engine.Kind
  ) async throws {
    let engine = try bench.engine(kind, "echo \"$@\" >> $BENCH/asked\necho linux/s390x")
    #expect(await engine.platform(of: "alpine:3") == "linux/s390x")
    #expect(
      bench.text("asked").contains(
        kind == .buildah ? "{{.OCIv1.Architecture}}" : "{{.Architecture}}"))
    let mute = try bench.engine(kind, "exit 1")
    #expect(await mute.platform(of: "alpine:3") == nil)
    let odd = try bench.engine(kind, "printf '\\033[31m/x'")
    #expect(await odd.platform(of: "alpine:3") == nil)
  }

  @Test func dockersBuilderSaysWhatItBuilds() async throws {
    let docker = try bench.engine(
      .docker,
      """
      echo "$@" >> $BENCH/asked
      [ "$2" = inspect ] && echo 'Name: remote' && echo 'Platforms: linux/amd64*, linux/arm64, linux/arm/v7'
      """)
    for platform in ["linux/amd64", "linux/arm64", "linux/arm"] {
      #expect(await docker.obstacle(to: platform, dockerfile: Self.steps, builder: "remote") == nil)
    }
    let reason = await docker.obstacle(
      to: "linux/riscv64", dockerfile: Self.steps, builder: "remote")
    #expect(reason?.contains("linux/amd64, linux/arm64, linux/arm/v7") == true)
    #expect(bench.text("asked").hasPrefix("buildx inspect remote\n"))
    // One that says nothing is asked to build, and tells then.
    let mute = try bench.engine(.docker, "exit 1")
    #expect(await mute.obstacle(to: "linux/riscv64", dockerfile: Self.steps) == nil)
  }

  /// A builder far away: the context goes there, the image comes back, and the cache is kept where all find it.
  @Test func aRemoteBuilderGetsWholeOrders() async throws {
    let docker = try bench.engine(
      .docker,
      """
      echo "$DOCKER_HOST|$DOCKER_CONTEXT|$DOCKER_BUILDKIT|$*" >> $BENCH/asked
      case "$1" in
      image) echo 'No such image' >&2; exit 1 ;;
      save) echo archive ;;
      esac
      """)
    let remote = Engine(
      kind: .docker, path: docker.path, version: "28.5.2",
      environment: docker.environment.merging([
        "DOCKER_HOST": "ssh://build@far", "DOCKER_CONTEXT": "cluster",
      ]) { $1 })
    var request = try bench.request(Self.steps)
    request.builder = "kube"
    request.platform = "linux/arm64"
    request.target = "migrate"
    request.cacheFrom = ["type=registry,ref=r.example/cache"]
    request.cacheTo = ["type=registry,ref=r.example/cache,mode=max"]
    request.secrets = ["id=token,src=/dev/null"]
    request.sourceDate = 7
    try await remote.build(request) { _ in }
    let orders = bench.text("asked").split(separator: "\n").map(String.init)
    let build = try #require(orders.first { $0.contains("|build ") })
    #expect(build.hasPrefix("ssh://build@far|cluster|1|"))
    for word in [
      "--builder=kube", "--load", "--platform=linux/arm64", "--target=migrate",
      "--provenance=false",
      "--cache-from=type=registry,ref=r.example/cache",
      "--cache-to=type=registry,ref=r.example/cache,mode=max",
      "--secret=id=token,src=/dev/null", "--build-arg=SOURCE_DATE_EPOCH=7", "--progress=plain",
    ] {
      #expect(build.contains(" \(word)"), "\(word): \(build)")
    }
    #expect(bench.text("out/image.tar") == "archive\n")

    try await remote.pushIndex(
      "r.example/todo:1", of: ["r.example/todo:1-a", "r.example/todo:1-b"]
    ) { _ in }
    #expect(
      bench.text("asked").hasSuffix(
        "|buildx imagetools create --tag=r.example/todo:1 r.example/todo:1-a r.example/todo:1-b\n"))
  }

  /// Only loopback registries may go without encryption, as docker has it.
  @Test(arguments: [
    ("127.0.0.1:5000/a", true), ("localhost:5000/a:1", true), ("registry.example/a", false),
    ("localhost", false),
    ("10.0.0.1:5000/a", false), ("127.evil.example/a", false),
  ])
  func encryption(_ tag: String, isPlain: Bool) throws {
    let engine = Engine(kind: .podman, path: "/x", version: "1", environment: [:])
    #expect(engine.encryption(of: tag) == (isPlain ? ["--tls-verify=false"] : []))
    let docker = Engine(kind: .docker, path: "/x", version: "1", environment: [:])
    #expect(docker.encryption(of: tag) == [])
  }

  @Test(arguments: [
    ("STEP 3/9: RUN npm ci", "3/9 RUN npm ci"), ("[2/3] STEP 1/4: FROM a AS b", "1/4 FROM a AS b"),
    ("Step 2/7 : COPY . .", "2/7 COPY . ."),
    ("#12 [build 4/9] RUN pip install x", "4/9 RUN pip install x"),
    ("#5 [2/3] WORKDIR /app", "2/3 WORKDIR /app"),
  ])
  func stepsAreRead(_ line: String, _ step: String) { #expect(OutputText.step(in: line) == step) }

  @Test(arguments: [
    "STEP", "#2 [internal] load metadata for x", "Error: building at STEP \"RUN x\"",
    "#7 0.31 [1/2] x",
  ])
  func otherLinesAreNoSteps(_ line: String) { #expect(OutputText.step(in: line) == nil) }

  /// A failing step is shown whole, from its own line on.
  @Test func theLastStepIsKeptWhole() {
    var tail = OutputTail()
    for number in 1...50 { tail.add("earlier \(number)") }
    tail.add("STEP 2/3: RUN npm run build")
    for number in 1...80 { tail.add("line \(number)") }
    #expect(tail.lines.count == 81 && tail.lines.first == "STEP 2/3: RUN npm run build")
    for number in 1...1000 { tail.add("flood \(number)") }
    #expect(tail.lines.count == OutputTail.stepCapacity && tail.lines.last == "flood 1000")
  }
}

extension ProcessInfo {
  fileprivate var machineIsARM: Bool {
    #if arch(arm64)
      true
    #else
      false
    #endif
  }
}
