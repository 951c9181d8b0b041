import Foundation

/// A container that a test runs, as Kubernetes would: the image's own user, no capabilities, a read-only root
/// filesystem. Host networking, so that neither bridge nor firewall is touched.
package struct Container: Sendable {
  package let name: String

  /// Limits that podman otherwise raises, which a container without CAP_SYS_RESOURCE may not.
  private static let flags = [
    "--network", "host", "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096",
    "--cap-drop", "ALL",
    "--read-only", "--security-opt", "no-new-privileges",
  ]

  /// Starts the image's own command.
  package static func start(_ image: String, environment: [String: String], options: [String] = [])
    async throws
    -> Container
  {
    let name = "forge-test-" + UUID().uuidString.prefix(8).lowercased()
    let variables = environment.sorted { $0.key < $1.key }.flatMap {
      ["--env", "\($0.key)=\($0.value)"]
    }
    try await Command.require(
      "podman",
      ["--runtime", "runc", "run", "--detach", "--pull", "never", "--name", name] + flags + options
        + variables + [
          image
        ])
    return Container(name: name)
  }

  /// Runs another command in the image, to its end.
  package static func run(_ image: String, entrypoint: String, _ arguments: [String]) async throws
    -> CommandResult
  {
    try await Command.run(
      "podman",
      ["--runtime", "runc", "run", "--rm", "--pull", "never", "--entrypoint", entrypoint] + flags
        + [image] + arguments)
  }

  /// Waits until the URL answers with success.
  package func waitUntilReady(_ url: String) async throws {
    for _ in 0..<60 {
      if try await Command.run("curl", ["-fsS", "--max-time", "2", url]).status == 0 { return }
      try await Task.sleep(for: .milliseconds(500))
    }
    let logs = try await Command.run("podman", ["logs", name])
    throw CommandFailure(description: "\(url) does not answer; the container's log: \(logs)")
  }

  package func exec(_ arguments: [String]) async throws -> CommandResult {
    try await Command.run("podman", ["--runtime", "runc", "exec", name] + arguments)
  }

  package func inspect(_ template: String) async throws -> String {
    try await Command.require("podman", ["inspect", "--format", template, name])
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Sends SIGTERM and waits: the exit status, and how long it took. SIGKILL follows after `grace` seconds.
  package func stop(grace: Int) async throws -> (status: Int32, duration: Duration) {
    let start = ContinuousClock.now
    try await Command.require("podman", ["stop", "--time", String(grace), name])
    let duration = ContinuousClock.now - start
    return (Int32(try await inspect("{{.State.ExitCode}}")) ?? -1, duration)
  }

  package func remove() async {
    _ = try? await Command.run("podman", ["rm", "--force", "--time", "0", name])
  }
}

/// A TCP port that was free a moment ago.
package func freePort() throws -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isBound = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
    }
  }
  guard isBound else { throw CommandFailure(description: "no free port") }
  return Int(UInt16(bigEndian: address.sin_port))
}
