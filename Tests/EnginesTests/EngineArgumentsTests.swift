import Testing

@testable import ForgeEngines

@Suite struct EngineArgumentsTests {
  private let request = BuildRequest(
    context: "/app", dockerfile: "/out/Dockerfile", tag: "todo:1", buildArguments: ["A=b c"],
    secrets: ["id=npmrc,src=/home/u/.npmrc"], archive: "/out/i.tar")

  private func engine(_ kind: Engine.Kind, _ environment: [String: String] = [:]) -> Engine {
    Engine(kind: kind, path: "/usr/bin/\(kind.rawValue)", version: "1", environment: environment)
  }

  @Test func buildahAndPodmanBuildInDockersFormat() {
    for kind in [Engine.Kind.buildah, .podman] {
      #expect(
        engine(kind).buildArguments(
          request, ignoreFile: "/out/Dockerfile.dockerignore", isolation: "chroot") == [
            "build", "--file=/out/Dockerfile", "--tag=localhost/todo:1", "--format=docker",
            "--layers", "--rm",
            "--force-rm", "--isolation=chroot", "--ignorefile=/out/Dockerfile.dockerignore",
            "--build-arg=A=b c",
            "--secret=id=npmrc,src=/home/u/.npmrc", "/app",
          ])
    }
  }

  @Test func dockerBuildsWithBuildKit() {
    let docker = engine(.docker, ["DOCKER_HOST": "unix:///s"])
    #expect(
      docker.buildArguments(request, ignoreFile: "/out/Dockerfile.dockerignore", isolation: nil)
        == [
          "build", "--file=/out/Dockerfile", "--tag=todo:1", "--progress=plain",
          "--build-arg=A=b c",
          "--secret=id=npmrc,src=/home/u/.npmrc", "/app",
        ])
    #expect(
      docker.buildEnvironment(builder: nil) == ["DOCKER_HOST": "unix:///s", "DOCKER_BUILDKIT": "1"])
    let own = engine(.docker, ["BUILDX_BUILDER": "remote"])
    #expect(own.buildArguments(request, ignoreFile: nil, isolation: nil).contains("--load"))
  }

  /// The user's own choice; a builder of buildx is always BuildKit.
  @Test(arguments: ["0", "false", "F"]) func dockerBuildsWithItsClassicBuilder(value: String) {
    let docker = engine(.docker, ["DOCKER_HOST": "unix:///s", "DOCKER_BUILDKIT": value])
    var plain = request
    plain.secrets = []
    plain.cacheFrom = ["team/todo:cache"]
    plain.sourceDate = 1
    #expect(
      docker.buildArguments(plain, ignoreFile: "/out/Dockerfile.dockerignore", isolation: nil) == [
        "build", "--file=/out/Dockerfile", "--tag=todo:1", "--rm", "--force-rm",
        "--cache-from=team/todo:cache",
        "--build-arg=A=b c", "/app",
      ])
    #expect(
      docker.buildEnvironment(builder: nil) == ["DOCKER_HOST": "unix:///s", "DOCKER_BUILDKIT": "0"])
    #expect(docker.isClassic(builder: nil) && !docker.isClassic(builder: "cloud"))
    #expect(docker.buildEnvironment(builder: "cloud")["DOCKER_BUILDKIT"] == "1")
    plain.builder = "cloud"
    let arguments = docker.buildArguments(plain, ignoreFile: nil, isolation: nil)
    #expect(arguments.contains("--progress=plain") && !arguments.contains("--rm"))
    #expect(
      !engine(.docker, ["DOCKER_BUILDKIT": value, "BUILDX_BUILDER": "cloud"]).isClassic(
        builder: nil))
    #expect(!engine(.docker, ["DOCKER_BUILDKIT": "1"]).isClassic(builder: nil))
    #expect(!engine(.podman, ["DOCKER_BUILDKIT": value]).isClassic(builder: nil))
  }

  @Test(arguments: [
    ("todo", "localhost/todo"), ("team/todo:1", "localhost/team/todo:1"),
    ("dir:x", "localhost/dir:x"),
    ("localhost/todo", "localhost/todo"), ("ghcr.io/team/todo", "ghcr.io/team/todo"),
    ("registry:5000/todo", "registry:5000/todo"),
  ])
  func aNameWithoutRegistryIsLocal(tag: String, name: String) {
    #expect(engine(.buildah).storeName(tag) == name)
    #expect(engine(.docker).storeName(tag) == tag)
  }

  @Test(arguments: [
    ("todo", true), ("team/todo-backend:1.2", true), ("ghcr.io/a/b__c:T_1", true),
    ("localhost:5000/a", true),
    ("", false), ("Todo", false), ("-todo", false), ("a//b", false), ("a:", false),
    ("a:b:c", false),
    ("dir:/etc/x", false), ("docker-archive:/tmp/x.tar", false), ("a b", false), ("a\nb", false),
    ("a\n", false),
  ])
  func namesFollowTheGrammar(name: String, isValid: Bool) {
    #expect(ImageName.isValid(name) == isValid)
  }

  @Test func longNamesAreRefusedAtOnce() {
    #expect(!ImageName.isValid("a:" + String(repeating: "x", count: 129)))
    #expect(!ImageName.isValid(String(repeating: "a/", count: 100_000) + "a"))
    #expect(!ImageName.isPlausible(String(repeating: "a", count: 100_000)))
  }

  @Test func aReferenceIsNoOption() {
    #expect(ImageName.isPlausible("docker.io/library/python:3.12@sha256:00ff"))
    #expect(ImageName.isPlausible("bf81fded295e"))
    for text in ["", "--all", "-f", "a b", "a\n", "é"] { #expect(!ImageName.isPlausible(text)) }
  }
}

@Suite struct IsolationTests {
  private let whole = Isolation.Host(
    isLinux: true, isContainer: false, hasRuntime: true, hasHybridControlGroups: false,
    runtimeIsCrun: true)

  @Test func theDefaultIsKeptWhereItWorks() {
    #expect(Isolation.choose(environment: [:], host: whole) == nil)
    var runc = whole
    runc.hasHybridControlGroups = true
    runc.runtimeIsCrun = false
    #expect(Isolation.choose(environment: [:], host: runc) == nil)
  }

  @Test func chrootIsTakenWhereTheDefaultBreaks() {
    let changes: [(inout Isolation.Host) -> Void] = [
      { $0.isContainer = true }, { $0.hasRuntime = false }, { $0.hasHybridControlGroups = true },
    ]
    for change in changes {
      var host = whole
      change(&host)
      #expect(Isolation.choose(environment: ["BUILDAH_ISOLATION": ""], host: host) == "chroot")
      host.isLinux = false
      #expect(Isolation.choose(environment: [:], host: host) == nil)
    }
  }

  @Test func theUsersChoiceWins() {
    var host = whole
    host.isContainer = true
    #expect(Isolation.choose(environment: ["BUILDAH_ISOLATION": "oci"], host: host) == "oci")
  }

  @Test func aContainerIsSeenByItsVariables() {
    #if os(Linux)
      #expect(Isolation.host(environment: ["KUBERNETES_SERVICE_HOST": "10.0.0.1"]).isContainer)
    #endif
  }
}
