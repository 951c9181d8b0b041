import ForgeBasics
import Testing

@testable import ForgeEngines

@Suite struct FailureDiagnosisTests {
  private func cause(_ lines: String...) -> EngineFailure.Cause {
    var tail = OutputTail()
    for line in lines { tail.add(line) }
    return FailureDiagnosis.cause(tail)
  }

  @Test func aBaseThatCannotBeFetched() {
    #expect(
      cause(
        "[1/2] STEP 1/3: FROM python:3.99-slim AS build",
        #"Error: creating build container: initializing source docker://python:3.99-slim: pinging container registry registry-1.docker.io: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host"#
      ) == .baseImage(name: "python:3.99-slim", why: .registryUnreachable))
    #expect(
      cause(
        "#2 [internal] load metadata for docker.io/library/node:99",
        "ERROR: failed to solve: node:99: failed to resolve source metadata for docker.io/library/node:99: docker.io/library/node:99: not found"
      ) == .baseImage(name: "docker.io/library/node:99", why: .notFound))
    #expect(
      cause(
        "#3 [internal] load metadata for docker.io/library/python:3.99",
        #"failed to solve with frontend dockerfile.v0: failed to create LLB definition: failed to do request: Head "https://registry-1.docker.io/v2/library/python/manifests/3.99": dial tcp: lookup registry-1.docker.io: no such host"#
      ) == .baseImage(name: "docker.io/library/python:3.99", why: .registryUnreachable))
  }

  @Test func theClassicBuilderSaysLess() {
    #expect(
      cause(
        "Step 1/3 : FROM nope:1",
        #"Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io on 10.0.0.1:53: no such host"#
      ) == .baseImage(name: "nope:1", why: .registryUnreachable))
    #expect(
      cause(
        "Step 1/3 : FROM nope:1",
        "manifest for nope:1 not found: manifest unknown: manifest unknown")
        == .baseImage(name: "nope:1", why: .notFound))
    #expect(
      cause(
        "the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build "
          + "images with BuildKit enabled") == .needsBuildKit)
  }

  @Test func aBaseThatDoesNotExistOrIsRefused() {
    #expect(
      cause(
        "STEP 1/1: FROM --platform=linux/amd64 nosuch/thing:1",
        #"Error: creating build container: short-name "nosuch/thing:1" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf""#
      ) == .baseImage(name: "nosuch/thing:1", why: .notFound))
    #expect(
      cause(
        "STEP 1/1: FROM a/b",
        "Error: creating build container: initializing source docker://a/b:latest: reading manifest latest in docker.io/a/b: errors: denied: requested access to the resource is denied unauthorized: authentication required"
      ) == .baseImage(name: "a/b", why: .denied))
    #expect(
      cause("Error: creating build container: x: image not known")
        == .baseImage(name: nil, why: .notFound))
  }

  @Test func otherCauses() {
    #expect(
      cause(
        "cp: write error: No space left on device",
        "Error: building at STEP \"RUN cp\": exit status 1")
        == .diskFull)
    #expect(
      cause("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.")
        == .daemonUnreachable)
    #expect(
      cause(
        "#5 [2/2] RUN make",
        "ERROR: failed to build: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF"
      ) == .daemonUnreachable)
    #expect(
      cause(
        "#4 [2/2] RUN make",
        "ERROR: failed to build: failed to solve: Unavailable: error reading from server: EOF")
        == .daemonUnreachable)
    #expect(
      cause(
        "/usr/bin/crun: cgroups in hybrid mode not supported, drop all controllers from cgroupv2")
        == .runtime)
  }

  @Test func aStepThatSpeaksOfTheNetworkIsAStep() {
    #expect(
      cause(
        "STEP 1/2: FROM python:3.12-slim", "npm error code ENOTFOUND",
        "npm error: module 'x' not found",
        "curl: (6) Could not resolve host: registry",
        "Error: building at STEP \"RUN npm ci\": exit status 1") == .step)
    #expect(cause() == .step)
  }

  @Test func everyMessageSaysWhatAndWhatToDo() {
    let causes: [(EngineFailure.Cause, String, String)] = [
      (.step, "exit status 1", "build again"),
      (.baseImage(name: "python:3.99", why: .registryUnreachable), "python:3.99", "load -i"),
      (.baseImage(name: "python:3.99", why: .notFound), "python:3.99", "FROM line"),
      (.baseImage(name: nil, why: .denied), "refuses the base image", "podman login"),
      (.diskFull, "no space left", "podman system prune"),
      (.daemonUnreachable, "daemon", "systemctl start"),
      (.needsBuildKit, "RUN --mount", "without DOCKER_BUILDKIT=0"),
      (.runtime, "OCI runtime", "BUILDAH_ISOLATION=chroot"),
      (.cannotRun("x cannot be run"), "x cannot be run", "podman version"),
    ]
    for (cause, what, remedy) in causes {
      let error = EngineError.failed(
        EngineFailure(
          engine: .podman, action: .build(tag: "todo:1"), cause: cause, status: "exit status 1",
          lastLines: ["the last line"]))
      #expect(error.exitCode == .engineFailed)
      for part in ["podman could not build todo:1", what, remedy, "\n  the last line"] {
        #expect(error.description.contains(part), "\(error)")
      }
    }
  }

  @Test func exitCodesFollowTheContract() {
    #expect(EngineError.invalidRequest("x").exitCode == .usage)
    #expect(EngineError.unwritable(OutputError(path: "/x", reason: "y")).exitCode == .usage)
    #expect(EngineError.noSuchImage(.docker, reference: "x").exitCode == .unreadableInput)
    #expect(EngineError.noUsableEngine([]).exitCode == .engineFailed)
    let left = EngineError.interrupted(.buildah, leftovers: ["0a"])
    #expect(left.exitCode == .engineFailed)
    #expect(
      left.description.contains("nothing was written") && left.description.contains("buildah rm 0a")
    )
    let loaded = EngineError.interrupted(.podman, leftovers: [], images: ["0b"]).description
    #expect(!loaded.contains("nothing was written") && loaded.contains("podman rmi 0b"))
  }
}
