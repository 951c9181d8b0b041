import Testing

@testable import ForgeEngines
@testable import ForgeTrials

/// How containers are started and asked.
@Suite struct ContainerTests {
  private func engine(_ kind: Engine.Kind) -> Engine {
    Engine(kind: kind, path: "/usr/bin/\(kind.rawValue)", version: "1", environment: [:])
  }

  @Test(arguments: [Engine.Kind.docker, .podman])
  func startsAsAClusterDoes(_ kind: Engine.Kind) {
    var request = ContainerRequest(image: "todo:1")
    request.environment = ["A=b"]
    request.writable = ["/tmp"]
    request.port = 8000
    let arguments = engine(kind).runArguments(request, name: "x", network: "published")
    for word in [
      "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges",
      "--publish=127.0.0.1::8000", "--env=A=b",
    ] {
      #expect(arguments.contains(word), "\(word)")
    }
    #expect(arguments.contains { $0.hasPrefix("--tmpfs=/tmp:rw,mode=1777") })
    #expect(arguments.last == "todo:1")
    // podman's own writable folders would hide what fails in a cluster.
    #expect(arguments.contains("--read-only-tmpfs=false") == (kind == .podman))
  }

  /// A runtime takes the mode of the folder below for the mount's, so that only its owner may write.
  @Test(arguments: [
    (Engine.Kind.podman, "10001:10001", "rw,mode=1777,notmpcopyup,U"),
    (.podman, "app", "rw,mode=1777,notmpcopyup,U"),
    (.docker, "10001:10002", "rw,mode=1777,uid=10001,gid=10002"),
    (.docker, "10001", "rw,mode=1777,uid=10001,gid=10001"),
    (.docker, "app:app", "rw,mode=1777"), (.docker, "", "rw,mode=1777"),
  ])
  func writableFoldersAreTheUsers(_ kind: Engine.Kind, _ user: String, _ options: String) {
    var request = ContainerRequest(image: "x")
    request.writable = ["/app/logs", "/tmp"]
    request.user = user
    let arguments = engine(kind).runArguments(request, name: "x", network: "none")
    #expect(
      arguments.filter { $0.hasPrefix("--tmpfs") }
        == ["--tmpfs=/app/logs:\(options)", "--tmpfs=/tmp:\(options)"])
  }

  @Test func withoutAPortThereIsNoNetwork() {
    let arguments = engine(.docker).runArguments(
      ContainerRequest(image: "x"), name: "x", network: "none")
    #expect(arguments.contains("--network=none"))
    #expect(!arguments.contains { $0.hasPrefix("--publish") })
  }

  @Test func readsAnswers() {
    #expect(LoopbackHTTP.answer("HTTP/1.1 204 No Content\r\nA: b\r\n\r\nbody")?.status == 204)
    #expect(LoopbackHTTP.answer("HTTP/1.0 200 OK\r\n\r\nbody")?.body == "body")
    for text in ["", "SSH-2.0-x", "HTTP/1.1", "HTTP/1.1 abc"] {
      #expect(LoopbackHTTP.answer(text) == nil)
    }
    #expect(LoopbackHTTP.request(port: 1, path: "/") == nil)
  }

  @Test func aReproducibleBuildFixesEveryTime() {
    var request = BuildRequest(context: "/c", dockerfile: "/d", tag: "t", archive: "/a")
    request.sourceDate = 7
    request.platform = "linux/arm64"
    request.labels = ["a=b"]
    request.cacheFrom = ["r/x"]
    let podman = engine(.podman).buildArguments(request, ignoreFile: nil, isolation: nil)
    #expect(
      podman.contains("--timestamp=7") && podman.contains("--label=a=b")
        && podman.contains("--cache-from=r/x"))
    request.builder = "remote"
    let docker = engine(.docker).buildArguments(request, ignoreFile: nil, isolation: nil)
    #expect(
      docker.contains("--build-arg=SOURCE_DATE_EPOCH=7")
        && docker.contains("--platform=linux/arm64"))
    #expect(docker.contains("--builder=remote") && docker.contains("--load"))
  }
}
