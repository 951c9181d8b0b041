import Foundation
import TestSupport
import Testing

/// A Docker daemon of the tests' own: its socket, its store and its client, which end and go with the suite. The
/// machine's network is left alone, so that builds and containers have the host's.
final class DockerDaemon: Sendable {
  /// By the Debian that it comes from.
  enum Release: String {
    /// 20.10: BuildKit without `COPY --link`, and the classic builder.
    case old = "bookworm"
    /// 28 or newer, with the image store of containerd, which 29 has by itself.
    case new = "forky"

    var options: [String] { self == .new ? ["--feature", "containerd-snapshotter=true"] : [] }
  }

  /// The one of the suite that runs.
  @TaskLocal private static var running: DockerDaemon?

  static var current: DockerDaemon { get throws { try #require(running) } }

  /// What makes `docker` this daemon's.
  let environment: [String: String]
  private let folder: TemporaryFolder

  private static let script = Repository.root + "scripts/docker-engine"

  private init(_ release: Release) async throws {
    try await Command.require(Self.script, ["make", release.rawValue])
    folder = try TemporaryFolder()
    try await Command.require(Self.script, ["client", release.rawValue, folder.file("client")])
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    environment = [
      "PATH": folder.file("client/bin") + ":" + path, "DOCKER_CONFIG": folder.file("client/config"),
      "DOCKER_HOST": "unix://" + folder.file("daemon/sock"),
    ]
  }

  /// Runs `body` with a daemon, which ends whatever happens.
  static func with(_ release: Release, _ body: @Sendable () async throws -> Void) async throws {
    let daemon = try await DockerDaemon(release)
    let server = ["serve", release.rawValue, daemon.folder.file("daemon")] + release.options
    try await Command.during(script, server) {
      guard try await daemon.isAnswering() else {
        let log = try? String(contentsOfFile: daemon.folder.file("daemon/log"), encoding: .utf8)
        throw CommandFailure(
          description:
            "dockerd of Debian \(release.rawValue) does not start: \(log?.suffix(4000) ?? "no log")"
        )
      }
      try await $running.withValue(daemon, operation: body)
    }
    #expect(try daemon.folder.names() == ["client"], "nothing of the daemon stays")
  }

  /// Waits until it answers, for the first time or again.
  func isAnswering() async throws -> Bool {
    for _ in 0..<300 {
      if try await docker(["version"]).status == 0 { return true }
      try await Task.sleep(for: .milliseconds(100))
    }
    return false
  }

  // MARK: Using it

  @discardableResult
  func docker(_ arguments: [String]) async throws -> CommandResult {
    try await Command.run("docker", arguments, environment: environment)
  }

  /// The same; it must succeed.
  @discardableResult
  func output(_ arguments: [String]) async throws -> String {
    let result = try await docker(arguments)
    guard result.status == 0 else {
      throw CommandFailure(description: "docker \(arguments): \(result)")
    }
    return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Runs forge with this daemon as its docker.
  func forge(_ arguments: [String], environment more: [String: String] = [:]) async throws
    -> CommandResult
  {
    try await Command.forge(arguments, environment: environment.merging(more) { $1 })
  }

  /// Sees to it that the daemon has what the other engines' store has under that name.
  func load(_ names: String...) async throws {
    for name in names where try await docker(["image", "inspect", name]).status != 0 {
      let archive = folder.file("base.tar")
      try await Command.require(
        "skopeo",
        [
          "copy", "--quiet", "containers-storage:docker.io/library/\(name)",
          "docker-archive:\(archive):\(name)",
        ])
      try await output(["load", "--input", archive])
      try FileManager.default.removeItem(atPath: archive)
    }
  }

  func pid() throws -> Int32 {
    let text = try String(contentsOfFile: folder.file("daemon/pid"), encoding: .utf8)
    return try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
  }
}

/// A daemon for all the tests of a suite.
struct DockerTrait: SuiteTrait, TestScoping {
  let release: DockerDaemon.Release

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await DockerDaemon.with(release, function)
  }
}

extension Trait where Self == DockerTrait {
  static func docker(_ release: DockerDaemon.Release) -> Self { Self(release: release) }
}
