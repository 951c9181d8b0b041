import Foundation
import TestSupport
import Testing

/// Builds that must fail: one clear message, exit 4, nothing left behind.
@Suite(.serialized) struct FailureTests {
  private func project(dockerfile: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    try folder.write(dockerfile, to: "app/Dockerfile")
    return folder
  }

  private func build(_ folder: TemporaryFolder) async throws -> CommandResult {
    let scratch = folder.file("tmp")
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    let result = try await Command.forge(
      [
        "build", folder.file("app"), "--engine", "buildah", "--tag",
        "localhost/forge-test/failing:1", "--output",
        folder.file("image.tar"),
      ], environment: ["TMPDIR": scratch])
    try #expect(
      FileManager.default.contentsOfDirectory(atPath: scratch).filter { $0.hasPrefix("forge-") }
        == [])
    try #expect(folder.names() == ["app", "tmp"])
    return result
  }

  /// A pipe holds no archive that could be read again: nothing is built for it, and it stays.
  @Test func aPipeIsNoOutput() async throws {
    let folder = try project(dockerfile: "FROM alpine:3.23\n")
    try #require(mkfifo(folder.file("pipe"), 0o600) == 0)
    let result = try await Command.forge(
      ["build", folder.file("app"), "--engine", "buildah", "--output", folder.file("pipe")])
    #expect(result.status == 2 && result.errors.contains("is not a file"), "\(result)")
    try #expect(folder.names() == ["app", "pipe"])
  }

  @Test func aFailingStepShowsTheLastLines() async throws {
    let folder = try project(
      dockerfile: """
        FROM alpine:3.23
        # buildah may lose what a step says in the moment in which it ends.
        RUN echo the-reason-why && sleep 1 && exit 7
        """)
    let result = try await build(folder)
    #expect(result.status == 4, "\(result)")
    #expect(result.errors.contains("the-reason-why"), "\(result)")
    let images = try await Command.require("buildah", ["images", "--format", "{{.Name}}"])
    #expect(!images.contains("forge-test/failing"))
  }

  @Test func aMissingBaseIsNamed() async throws {
    let folder = try project(dockerfile: "FROM localhost/no-such-base:9\n")
    let result = try await build(folder)
    #expect(result.status == 4, "\(result)")
    #expect(result.errors.contains("no-such-base:9"), "\(result)")
  }

  /// A generated Dockerfile beside an ignore file of the project's own: found before an engine is asked for anything.
  @Test func whatTheIgnoreFileKeepsBackIsNamed() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("todo-backend"), toPath: folder.file("app"))
    try folder.write("requirements.txt\n", to: "app/.dockerignore")
    let result = try await build(folder)
    #expect(result.status == 3, "\(result)")
    #expect(result.errors.contains("requirements.txt"), "\(result)")
    #expect(!result.errors.contains("STEP"), "\(result)")
  }

  @Test func aMissingEngineIsExit4() async throws {
    let empty = try TemporaryFolder()
    let result = try await Command.forge(
      ["build", Repository.fixture("offline-frontend")], environment: ["PATH": empty.path])
    #expect(result.status == 4, "\(result)")
    for engine in ["docker", "podman", "buildah"] {
      #expect(result.errors.contains(engine), "\(result)")
    }
  }

  @Test func anUnwritableOutputIsExit2() async throws {
    let result = try await Command.forge([
      "build", Repository.fixture("offline-frontend"), "--engine", "buildah", "--output",
      "/no/such/folder/image.tar",
    ])
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("/no/such/folder/image.tar"), "\(result)")
  }

  /// Ctrl-C while two services build side by side: both engines end, and neither image nor container is left.
  @Test func twoAtOnceAreInterrupted() async throws {
    let seconds = [Int.random(in: 100_000...499_999), Int.random(in: 500_000...999_999)]
    // A base of the test's own, by which its containers are known.
    let base = "localhost/forge-test/base-\(seconds[0]):1"
    try await Command.require("buildah", ["tag", "alpine:3.23", base])
    let folder = try TemporaryFolder()
    for (fixture, time) in zip(["todo-backend", "offline-frontend"], seconds) {
      try FileManager.default.createDirectory(
        atPath: folder.file("app"), withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: Repository.fixture(fixture), toPath: folder.file("app/\(fixture)"))
      try folder.write("FROM \(base)\nRUN sleep \(time)\n", to: "app/\(fixture)/Dockerfile")
    }
    let scratch = folder.file("tmp")
    for name in ["tmp", "images"] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
    }
    let script = """
      both() { pgrep -f "^sleep \(seconds[0])" >/dev/null && pgrep -f "^sleep \(seconds[1])" >/dev/null; }
      any() { pgrep -f "^sleep (\(seconds[0])|\(seconds[1]))" >/dev/null; }
      TMPDIR="$3" "$0" build "$1" --engine buildah --tag localhost/forge-test/pair:1 --output "$2" &
      child=$!
      for _ in $(seq 600); do both && break; sleep 0.1; done
      both || exit 99
      kill -INT $child
      wait $child
      status=$?
      sleep 0.5
      ! any || exit 98
      exit $status
      """
    let result = try await Command.run(
      "bash",
      ["-m", "-c", script, Command.forge, folder.file("app"), folder.file("images"), scratch])
    #expect(result.status == 4, "\(result)")
    #expect(result.errors.contains("interrupted"), "\(result)")
    try #expect(FileManager.default.contentsOfDirectory(atPath: folder.file("images")) == [])
    try #expect(
      FileManager.default.contentsOfDirectory(atPath: scratch).filter { $0.hasPrefix("forge-") }
        == [])
    let containers = try await Command.require(
      "buildah", ["containers", "--format", "{{.ImageName}}"])
    #expect(!containers.contains(base))
    _ = try await Command.run("buildah", ["rmi", base])
    let images = try await Command.require("buildah", ["images", "--format", "{{.Name}}"])
    #expect(!images.contains("forge-test/pair"))
  }

  /// Ctrl-C stops the engine too.
  @Test(arguments: ["INT", "TERM"]) func interrupted(signal: String) async throws {
    // No other process sleeps for just so long.
    let seconds = String(Int.random(in: 100_000...999_999))
    let folder = try project(dockerfile: "FROM alpine:3.23\nRUN sleep \(seconds)\n")
    let script = """
      "$0" build "$1" --engine buildah --tag localhost/forge-test/interrupted:1 --output "$2" &
      child=$!
      for _ in $(seq 300); do pgrep -f "^sleep \(seconds)" >/dev/null && break; sleep 0.1; done
      pgrep -f "^sleep \(seconds)" >/dev/null || exit 99
      kill -\(signal) $child
      wait $child
      status=$?
      sleep 0.5
      ! pgrep -f "^sleep \(seconds)" >/dev/null || exit 98
      exit $status
      """
    let result = try await Command.run(
      "bash", ["-m", "-c", script, Command.forge, folder.file("app"), folder.file("image.tar")])
    #expect(result.status == 4, "\(result)")
    #expect(result.errors.contains("interrupted"), "\(result)")
    try #expect(folder.names() == ["app"])
  }
}
