import Foundation
import TestSupport
import Testing

/// What forge does with a Docker whose BuildKit knows all: a daemon of the test's own, real builds, real containers.
@Suite(.serialized, .docker(.new)) struct DockerTests {
  private let daemon: DockerDaemon
  private static let bases = ["alpine:3.23", "node:24-alpine3.23", "python:3.13-slim-trixie"]

  init() async throws {
    daemon = try DockerDaemon.current
    for base in Self.bases { try await daemon.load(base) }
  }

  private func frontend() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    return folder
  }

  /// What every test leaves as it was.
  private func left() async throws -> [String] {
    try await daemon.output(["ps", "--all", "--quiet"]).split(separator: "\n").map(String.init)
      + daemon.output(["images", "--format", "{{.Repository}}:{{.Tag}}"]).split(separator: "\n")
      .map(String.init)
      .filter { !Self.bases.contains($0) && $0 != "<none>:<none>" }
  }

  // MARK: Builds

  /// In BuildKit's dialect, which nobody asked for; then started as in a cluster.
  @Test(arguments: ["pip", "uv", "poetry", "pdm", "pipenv"])
  func everyPythonManager(_ manager: String) async throws {
    let folder = try await PythonProject.locked(by: manager)
    let built = try await daemon.forge([
      "build", folder.path, "--engine", "docker", "--tag", "managers:\(manager)", "--check-size",
      "--format", "json",
    ])
    try #require(built.status == 0, "\(built)")
    #expect(built.errors.contains("COPY --link --from=build"), "\(built)")
    let report = try JSONDecoder().decode(BuildJSON.self, from: Data(built.output.utf8))
    #expect(report.engine.hasPrefix("docker"))
    #expect(try #require(report.services.first).sizes.stored < 130_000_000)
    let started = try await daemon.forge(["test", "docker:managers:\(manager)", "--timeout", "60"])
    #expect(started.status == 0, "\(started)")
    try await daemon.output(["rmi", "managers:\(manager)"])
    #expect(try await left() == [])
  }

  /// Arguments in the bundle; a secret that a step sees as a variable, and no layer keeps; origin in the labels.
  @Test func theFrontendWithArgumentsAndASecret() async throws {
    let folder = try frontend()
    let app = folder.file("app")
    let secret = "token-\(UUID().uuidString)"
    try folder.write(secret, to: "token")
    try folder.write("//npm.example.org/:_authToken=${NPM_TOKEN}\n", to: "app/.npmrc")
    let manifest = try String(contentsOfFile: app + "/package.json", encoding: .utf8)
    // Fails the installation unless the token is there.
    try folder.write(
      manifest.replacingOccurrences(
        of: #""scripts": {"#,
        with: #""scripts": {"#
          + "\n    \"postinstall\": \"test ${#NPM_TOKEN} -eq \(secret.count)\","),
      to: "app/package.json")
    let git = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-C", app]
    for arguments in [["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]] {
      try await Command.require("git", git + arguments)
    }
    let commit = try await Command.require("git", git + ["rev-parse", "HEAD"])

    let archive = folder.file("image.tar")
    let built = try await daemon.forge([
      "build", app, "--engine", "docker", "--tag", "web:secret", "--output", archive, "--secret",
      "id=NPM_TOKEN,src=\(folder.file("token"))", "--build-arg",
      "NEXT_PUBLIC_API_URL=https://todo.example.org/v7",
      "--check-size",
    ])
    try #require(built.status == 0, "\(built)")
    #expect(built.errors.contains("--mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN"), "\(built)")
    let layers = folder.file("layers")
    try await Command.require(
      "skopeo",
      ["copy", "--quiet", "--dest-decompress", "docker-archive:\(archive)", "dir:\(layers)"])
    #expect(try await Command.run("grep", ["-rq", secret, layers]).status == 1)
    #expect(try await Command.run("grep", ["-rq", "todo.example.org/v7", layers]).status == 0)
    let text = try await daemon.output([
      "image", "inspect", "--format", "{{json .Config.Labels}}", "web:secret",
    ])
    let labels = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    #expect(labels["org.opencontainers.image.revision"] == commit.trimmingCharacters(in: .newlines))
    #expect(labels["org.opencontainers.image.base.name"] == "alpine:3.23")

    let started = try await daemon.forge(["test", "docker:web:secret", "--env", "API_KEY=x"])
    #expect(started.status == 0, "\(started)")
    try await daemon.output(["rmi", "web:secret"])
    #expect(try await left() == [])
  }

  /// What a builder has forgotten it finds again in the folder that it once filled.
  @Test func theCacheGoesOutAndComesBack() async throws {
    let folder = try frontend()
    try folder.write(
      "FROM alpine:3.23\nRUN head -c 8 /dev/urandom > /random\nUSER 10001:10001\n",
      to: "app/Dockerfile")
    func random() async throws -> String {
      try await daemon.output([
        "run", "--rm", "--network", "none", "--entrypoint", "od", "cached:1", "-An", "-tx1",
        "/random",
      ])
    }
    let build = ["build", folder.file("app"), "--engine", "docker", "--tag", "cached:1"]
    let first = try await daemon.forge(
      build + ["--cache-to", "type=local,dest=\(folder.file("cache"))"])
    try #require(first.status == 0, "\(first)")
    let before = try await random()
    try await daemon.output(["builder", "prune", "--all", "--force"])
    let second = try await daemon.forge(
      build + ["--cache-from", "type=local,src=\(folder.file("cache"))"])
    try #require(second.status == 0, "\(second)")
    #expect(second.errors.contains("CACHED"), "\(second)")
    #expect(try await random() == before)
    try await daemon.output(["rmi", "cached:1"])
    #expect(try await left() == [])
  }

  /// Two builds of one commit, by builders that know nothing of each other, are one image.
  @Test func aReproducibleBuildIsTheSameToTheByte() async throws {
    let folder = try frontend()
    var ids: [String] = []
    for number in 1...2 {
      try await daemon.output(["builder", "prune", "--all", "--force"])
      let archive = folder.file("\(number).tar")
      let built = try await daemon.forge(
        [
          "build", folder.file("app"), "--engine", "docker", "--tag", "same:1", "--reproducible",
          "--output", archive,
        ],
        environment: ["SOURCE_DATE_EPOCH": "1772597167", "TMPDIR": folder.path])
      try #require(built.status == 0, "\(built)")
      #expect(
        built.errors.contains("two builds give the same image, with the same digest"), "\(built)")
      ids.append(
        try await daemon.output(["image", "inspect", "--format", "{{.Id}} {{.Created}}", "same:1"]))
      try await daemon.output(["rmi", "same:1"])
    }
    #expect(ids[0] == ids[1] && ids[0].hasSuffix("2026-03-04T04:06:07Z"), "\(ids)")
    #expect(try await Command.run("cmp", [folder.file("1.tar"), folder.file("2.tar")]).status == 0)
    try #expect(folder.names() == ["1.tar", "2.tar", "app"])
  }

  @Test func buildersAndPlatforms() async throws {
    let folder = try frontend()
    try folder.write(
      "FROM alpine:3.23\nRUN echo hello > /hello\nUSER 10001:10001\n", to: "app/Dockerfile")
    let build = ["build", folder.file("app"), "--engine", "docker", "--tag", "built:1"]
    let built = try await daemon.forge(build + ["--builder", "default"])
    #expect(built.status == 0, "\(built)")
    let unknown = try await daemon.forge(build + ["--builder", "no-such-builder"])
    #expect(unknown.status == 4, "\(unknown)")
    #expect(unknown.errors.contains("no builder \"no-such-builder\" found"), "\(unknown)")
    try await daemon.output(["rmi", "built:1"])
    // A machine with an emulator builds it; this one says what lacks, before it builds.
    let foreign = try await daemon.forge(build + ["--platform", "linux/s390x"])
    if foreign.status != 0 {
      #expect(foreign.status == 4, "\(foreign)")
      #expect(foreign.errors.contains("docker's builder builds for linux/amd64"), "\(foreign)")
      #expect(!foreign.errors.contains("#1 "), "\(foreign)")
    }
    _ = try await daemon.docker(["rmi", "built:1"])
    #expect(try await left() == [])
  }

  // MARK: Failures

  @Test(arguments: ["INT", "TERM"]) func interrupted(signal: String) async throws {
    let seconds = String(Int.random(in: 100_000...999_999))
    let result = try await disturbed(seconds, "kill -\(signal) $child")
    #expect(result.status == 4, "\(result)")
    #expect(result.errors.contains("interrupted"), "\(result)")
    #expect(try await left() == [])
  }

  /// The daemon is killed in the middle of a step: one message, which names it. The step is the daemon's, which leaves
  /// it running.
  @Test func theDaemonDies() async throws {
    let seconds = String(Int.random(in: 100_000...999_999))
    let result = try await disturbed(
      seconds,
      "kill -KILL \(try daemon.pid()); wait $child; status=$?; pkill -KILL -f '^sleep \(seconds)'")
    #expect(result.status == 4, "\(result)")
    let message = result.errors.components(separatedBy: "forge: ").last ?? ""
    #expect(
      message.contains("docker could not build disturbed:1: its daemon cannot be reached"),
      "\(result)")
    #expect(try await daemon.isAnswering(), "whatever looks after it starts it again")
    #expect(try await left() == [])
  }

  /// Builds what never ends, does something to it, and says what forge says; nothing is left by it.
  private func disturbed(_ seconds: String, _ action: String) async throws -> CommandResult {
    let folder = try frontend()
    try folder.write("FROM alpine:3.23\nRUN sleep \(seconds)\n", to: "app/Dockerfile")
    try FileManager.default.createDirectory(
      atPath: folder.file("tmp"), withIntermediateDirectories: true)
    let script = """
      runs() { pgrep -f "^sleep \(seconds)" >/dev/null; }
      "$0" build "$1" --engine docker --tag disturbed:1 --output "$2" &
      child=$!
      for _ in $(seq 300); do runs && break; sleep 0.1; done
      runs || exit 99
      status=none
      \(action)
      [ $status != none ] || { wait $child; status=$?; }
      for _ in $(seq 100); do runs || exit $status; sleep 0.1; done
      pkill -KILL -f "^sleep \(seconds)"
      exit 98
      """
    let result = try await Command.run(
      "bash", ["-m", "-c", script, Command.forge, folder.file("app"), folder.file("image.tar")],
      environment: daemon.environment.merging(["TMPDIR": folder.file("tmp")]) { $1 })
    try #expect(folder.names() == ["app", "tmp"])
    try #expect(FileManager.default.contentsOfDirectory(atPath: folder.file("tmp")) == [])
    return result
  }

  // MARK: Optimized images

  @Test(arguments: [("docker-archive", "none"), ("oci-archive", "gzip"), ("oci-archive", "zstd")])
  func anOptimizedImageIsLoadedAndAnswers(form: String, compression: String) async throws {
    try await OptimizedImages.check(daemon, form, compression)
    #expect(try await left() == [])
  }
}

/// The Docker of Debian 12: no here-documents, no `COPY --link`.
@Suite(.serialized, .docker(.old)) struct OldDockerTests {
  private let daemon: DockerDaemon

  init() async throws {
    daemon = try DockerDaemon.current
    for base in ["alpine:3.23", "node:24-alpine3.23", "python:3.13-slim-trixie"] {
      try await daemon.load(base)
    }
  }

  @Test(arguments: ["pip", "frontend"]) func thePortableDialect(_ project: String) async throws {
    let folder = project == "pip" ? try await PythonProject.locked(by: "pip") : nil
    let tag = "old:\(project)"
    let built = try await daemon.forge([
      "build", folder?.path ?? Repository.fixture("offline-frontend"), "--engine", "docker",
      "--tag", tag,
      "--check-size",
    ])
    try #require(built.status == 0, "\(built)")
    #expect(built.errors.contains("COPY --from=build"), "\(built)")
    let started = try await daemon.forge([
      "test", "docker:" + tag, "--env", "API_KEY=x", "--timeout", "60",
    ])
    #expect(started.status == 0, "\(started)")
    try await daemon.output(["rmi", tag])
  }

  @Test func whatItCannotKeepItSays() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    try folder.write("FROM alpine:3.23\nRUN echo > /made\nUSER 10001:10001\n", to: "app/Dockerfile")
    let build = ["build", folder.file("app"), "--engine", "docker", "--tag", "old:kept"]
    let built = try await daemon.forge(build + ["--reproducible"])
    #expect(built.status == 0, "\(built)")
    #expect(built.errors.contains("two builds may differ"), "\(built)")
    let cached = try await daemon.forge(
      build + ["--cache-to", "type=local,dest=\(folder.file("cache"))"])
    #expect(cached.status == 4, "\(cached)")
    #expect(cached.errors.contains("unknown flag: --cache-to"), "\(cached)")
    try await daemon.output(["rmi", "old:kept"])
  }

  // MARK: The classic builder

  private func classic(_ arguments: [String], scratch: TemporaryFolder) async throws
    -> CommandResult
  {
    let result = try await daemon.forge(
      ["build"] + arguments + ["--engine", "docker"],
      environment: ["DOCKER_BUILDKIT": "0", "TMPDIR": scratch.path])
    try #expect(scratch.names() == [], "nothing stays of the copy")
    return result
  }

  /// What forge generates, with the ignore file that it generates: a file of secrets stays out, a link stays a link.
  @Test(arguments: ["pip", "frontend"]) func theClassicBuilderBuildsIt(_ project: String)
    async throws
  {
    let (folder, scratch) = (try TemporaryFolder(), try TemporaryFolder())
    let source = project == "pip" ? try await PythonProject.locked(by: "pip") : nil
    try FileManager.default.copyItem(
      atPath: source?.path ?? Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    try folder.write("API_KEY=secret\n", to: "app/.env")
    let tag = "classic:\(project)"
    let built = try await classic(
      [folder.file("app"), "--tag", tag, "--check-size"], scratch: scratch)
    try #require(built.status == 0, "\(built)")
    #expect(
      built.errors.contains("by its classic builder") && built.errors.contains("Step 1/"),
      "\(built)")
    #expect(!built.errors.contains("--mount"), "\(built)")
    let listed = try await daemon.output([
      "run", "--rm", "--network", "none", "--entrypoint", "find", tag, "/app", "-name", ".env*",
      "-o", "-name",
      "*ocker*",
    ])
    #expect(listed == "", "\(listed)")
    let started = try await daemon.forge([
      "test", "docker:" + tag, "--env", "API_KEY=x", "--timeout", "60",
    ])
    #expect(started.status == 0, "\(started)")
    try await daemon.output(["rmi", tag])
    #expect(try await daemon.output(["ps", "--all", "--quiet"]) == "")
  }

  /// The Dockerfile's own ignore file, which the builder would not read, and the folder's, which it does.
  @Test(arguments: ["Dockerfile.dockerignore", ".dockerignore"])
  func theClassicBuilderHeedsAnIgnoreFile(_ name: String) async throws {
    let (folder, scratch) = (try TemporaryFolder(), try TemporaryFolder())
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    try folder.write("FROM alpine:3.23\nCOPY . /all\nUSER 10001:10001\n", to: "app/Dockerfile")
    try folder.write("*\n!kept\nkept/*.key\n", to: "app/" + name)
    for file in ["kept/run.sh", "kept/a.key", "sealed.key"] {
      try folder.write("text\n", to: "app/" + file)
    }
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o751], ofItemAtPath: folder.file("app/kept/run.sh"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("app/kept/outside"), withDestinationPath: "/etc/hostname")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o555], ofItemAtPath: folder.file("app/kept"))
    let built = try await classic([folder.file("app"), "--tag", "classic:kept"], scratch: scratch)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.file("app/kept"))
    try #require(built.status == 0, "\(built)")
    let listed = try await daemon.output([
      "run", "--rm", "--network", "none", "classic:kept", "find", "/all", "-mindepth", "1", "-exec",
      "stat", "-c",
      "%A %N", "{}", "+",
    ])
    #expect(
      listed.split(separator: "\n").sorted() == [
        "-rwxr-x--x /all/kept/run.sh", "dr-xr-xr-x /all/kept",
        "lrwxrwxrwx '/all/kept/outside' -> '/etc/hostname'",
      ], "\(listed)")
    try await daemon.output(["rmi", "classic:kept"])
  }

  @Test func whatTheClassicBuilderLacksIsSaid() async throws {
    let (folder, scratch) = (try TemporaryFolder(), try TemporaryFolder())
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    let build = [folder.file("app"), "--tag", "classic:lacks"]
    try folder.write("s", to: "secret")
    let secret = try await classic(
      build + ["--secret", "id=a,src=" + folder.file("secret")], scratch: scratch)
    #expect(
      secret.status == 2 && secret.errors.contains("has no --secret: build with BuildKit"),
      "\(secret)")
    let platform = try await classic(build + ["--platform", "linux/s390x"], scratch: scratch)
    #expect(platform.status == 4, "\(platform)")
    #expect(
      platform.errors.contains("docker's classic builder (DOCKER_BUILDKIT=0) builds for"),
      "\(platform)")
    let own = try await classic(build + ["--platform", "linux/amd64"], scratch: scratch)
    #expect(own.status == 0, "\(own)")
    try await daemon.output(["rmi", "classic:lacks"])
    let mounted = try await classic(build + ["--dialect", "portable"], scratch: scratch)
    #expect(mounted.status == 4, "\(mounted)")
    #expect(mounted.errors.contains("Build with BuildKit, without DOCKER_BUILDKIT=0"), "\(mounted)")
    #expect(try await daemon.output(["ps", "--all", "--quiet"]) == "")
  }

  /// Stopped in the middle of a step: no copy, no container, no image.
  @Test func theClassicBuilderIsInterrupted() async throws {
    let (folder, scratch) = (try TemporaryFolder(), try TemporaryFolder())
    let seconds = String(Int.random(in: 100_000...999_999))
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    try folder.write(
      "FROM alpine:3.23\nCOPY package.json /\nRUN sleep \(seconds)\n", to: "app/Dockerfile")
    let script = """
      "$0" build "$1" --engine docker --tag classic:stopped &
      for _ in $(seq 300); do pgrep -f "^sleep \(seconds)" >/dev/null && break; sleep 0.1; done
      ls "$TMPDIR"/forge-*/context/package.json || exit 99
      kill -INT $!; wait $!; status=$?
      for _ in $(seq 100); do pgrep -f "^sleep \(seconds)" >/dev/null || exit $status; sleep 0.1; done
      exit 98
      """
    let result = try await Command.run(
      "bash", ["-m", "-c", script, Command.forge, folder.file("app")],
      environment: daemon.environment.merging(["TMPDIR": scratch.path, "DOCKER_BUILDKIT": "0"]) {
        $1
      })
    #expect(result.status == 4 && result.errors.contains("interrupted"), "\(result)")
    try #expect(scratch.names() == [])
    #expect(try await daemon.output(["ps", "--all", "--quiet"]) == "")
    #expect(try await daemon.output(["images", "--quiet", "classic"]) == "")
  }

  /// It reads no OCI archive.
  @Test func anOptimizedImageIsLoadedAndAnswers() async throws {
    try await OptimizedImages.check(daemon, "docker-archive", "none")
  }
}

/// What `forge optimize` writes, in the hands of a daemon.
enum OptimizedImages {
  static func check(_ daemon: DockerDaemon, _ form: String, _ compression: String) async throws {
    let image = try await BuiltImage.frontend.image
    let folder = try TemporaryFolder()
    let archive = folder.file("small.tar")
    let optimized = try await Command.forge([
      "optimize", image.archive, "--output", archive, "--squash", "--to", form, "--compress",
      compression,
    ])
    try #require(optimized.status == 0, "\(optimized)")
    // The name that it has in the store of podman and buildah.
    let loaded = try await daemon.output(["load", "--input", archive])
    #expect(loaded.contains("Loaded image: \(image.tag)"), "\(loaded)")
    let started = try await daemon.forge(["test", "docker:" + image.tag, "--env", "API_KEY=x"])
    #expect(started.status == 0, "\(started)")
    try await daemon.output(["rmi", image.tag])
  }
}
