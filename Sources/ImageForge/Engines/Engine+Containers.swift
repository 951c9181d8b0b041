import ForgeBasics
import Foundation

/// How a container is started for a trial: as a cluster with its strictest settings would.
package struct ContainerRequest: Sendable {
  package var image: String
  /// `NAME=value`.
  package var environment: [String] = []
  /// Folders that get an empty file system of their own; all else is read-only.
  package var writable: [String] = []
  /// The image's own user, as it names it.
  package var user = ""
  /// The port that the image listens on; nil when it serves none.
  package var port: Int?

  package init(image: String) { self.image = image }
}

/// A container that was started, and how to reach it.
package struct RunningContainer: Sendable {
  package let name: String
  /// On 127.0.0.1.
  package let port: Int?
}

/// Running images, which docker and podman can and buildah cannot.
extension Engine {
  /// Starts an image: its own user and command, read-only, without capabilities, without new privileges.
  /// - Throws: `EngineError.failed` when the engine cannot start it. No container is left then.
  package func start(_ request: ContainerRequest) async throws(EngineError) -> RunningContainer {
    let name = "forge-test-" + UUID().uuidString.prefix(12).lowercased()
    var failure: EngineError?
    // A port of its own first; where the engine may not make networks, the host's.
    var networks = ["published", "host"]
    if request.port == nil { networks = ["none"] }
    for network in networks {
      do {
        try await checked(
          .run(image: request.image), runArguments(request, name: name, network: network))
        if network != "published" { return RunningContainer(name: name, port: request.port) }
        guard let port = request.port else { return RunningContainer(name: name, port: nil) }
        return RunningContainer(name: name, port: try await published(port, of: name))
      } catch {
        await remove(container: name)
        if case .interrupted = error { throw error }
        failure = error
      }
    }
    throw failure ?? .noSuchImage(kind, reference: request.image)
  }

  /// Runs a program inside; whether it exited with 0.
  package func execute(_ words: [String], in name: String, within limit: Duration) async -> Bool {
    let reply = try? await container(["exec", name] + words).reply(within: limit)
    return reply?.ending.isSuccess == true
  }

  /// The answer to a question of `inspect`; nil when the engine gives none.
  package func inspect(_ name: String, _ format: String) async -> String? {
    guard let reply = try? await container(["inspect", "--format=\(format)", name]).reply(),
      reply.ending.isSuccess
    else { return nil }
    return reply.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// The last lines that the container wrote, safe to print.
  package func logs(of name: String, lines: Int) async -> [String] {
    guard let reply = try? await container(["logs", "--tail=\(lines)", name]).reply() else {
      return []
    }
    return (reply.output + reply.errorOutput).split(whereSeparator: \.isNewline).suffix(lines)
      .map { OutputText.clean(String($0.prefix(400))) }
  }

  /// Sends SIGTERM, and SIGKILL after `grace` seconds.
  package func stop(_ name: String, grace: Int) async {
    _ = try? await container(["stop", "--time=\(grace)", name]).reply(within: .seconds(grace + 20))
  }

  /// Removes a container that runs or not; never cut short.
  package func remove(container name: String) async {
    await Task { _ = try? await container(["rm", "--force", name]).reply(within: .seconds(40)) }
      .value
  }

  /// Loads an archive into the store and returns the image's name or id. Once begun it is not cut short: podman would
  /// leave an image without a manifest, which spoils every list of images.
  package func load(_ archive: String) async throws(EngineError) -> String {
    // Without progress, which a podman that outlives forge could not write.
    var arguments = ["load", "--input=\(archive)"]
    if kind == .podman { arguments.append("--quiet") }
    let output = try await checked(
      .run(image: archive), arguments, limit: .seconds(1800), plan: .finish)
    for line in output.split(whereSeparator: \.isNewline).reversed() {
      if let range = line.firstRange(of: "Loaded image: ") ?? line.firstRange(
        of: "Loaded image ID: ")
        ?? line.firstRange(of: "Loaded image(s): ")
      {
        return String(line[range.upperBound...].prefix { $0 != "," })
      }
    }
    throw .noSuchImage(kind, reference: archive)
  }

  /// Fetches an image unless the store has it, and returns the digest by which a registry knows it.
  public func digest(of image: String) async throws(EngineError) -> String {
    if !(await hasImage(image)) {
      try await checked(.run(image: image), ["pull", image], limit: .seconds(1800))
    }
    let arguments =
      switch kind {
      case .buildah: ["inspect", "--type=image", "--format={{.FromImageDigest}}", image]
      case .docker, .podman: ["image", "inspect", "--format={{index .RepoDigests 0}}", image]
      }
    let output = try await checked(.run(image: image), arguments)
    guard let range = output.firstRange(of: "sha256:") else {
      throw .noSuchImage(kind, reference: image)
    }
    return String(output[range.lowerBound...].prefix(71))
  }

  // MARK: Command lines

  func runArguments(_ request: ContainerRequest, name: String, network: String) -> [String] {
    var arguments = [
      "run", "--detach", "--name=\(name)", "--read-only", "--cap-drop=ALL",
      "--security-opt=no-new-privileges",
    ]
    if kind == .podman {
      // podman mounts writable folders of its own into a read-only container, which a cluster does not; and it asks
      // for limits that a machine may not grant.
      arguments += [
        "--read-only-tmpfs=false", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096",
        "--pull=never",
      ]
    }
    let options = writableOptions(request)
    arguments += request.writable.map { "--tmpfs=\($0):\(options)" }
    arguments += request.environment.map { "--env=\($0)" }
    switch network {
    case "published": arguments += request.port.map { ["--publish=127.0.0.1::\($0)"] } ?? []
    default: arguments.append("--network=\(network)")
    }
    return arguments + [request.image]
  }

  /// Runtimes give a file system over a folder of the image that folder's mode, whatever mode is asked for: so it must
  /// be the user's own, as a volume of a cluster is by `fsGroup`.
  private func writableOptions(_ request: ContainerRequest) -> String {
    if kind == .podman { return "rw,mode=1777,notmpcopyup,U" }
    let numbers = request.user.split(separator: ":").map { Int($0) }
    guard let user = numbers.first ?? nil else { return "rw,mode=1777" }
    let group = numbers.dropFirst().first ?? nil
    return "rw,mode=1777,uid=\(user),gid=\(group ?? user)"
  }

  private func published(_ port: Int, of name: String) async throws(EngineError) -> Int {
    let output = try await checked(.run(image: name), ["port", name, "\(port)"])
    guard let line = output.split(whereSeparator: \.isNewline).first,
      let colon = line.lastIndex(of: ":"),
      let number = Int(line[line.index(after: colon)...])
    else { throw .noSuchImage(kind, reference: name) }
    return number
  }

  /// podman with a runtime that works on this machine.
  func container(_ arguments: [String]) -> EngineCommand {
    let host = Isolation.host(environment: environment)
    let needsRunc =
      kind == .podman && host.hasHybridControlGroups && host.runtimeIsCrun
      && Programs.find("runc", environment: environment) != nil
    var words = arguments
    if needsRunc { words.insert("--runtime=runc", at: 0) }
    return EngineCommand(program: path, arguments: words, environment: environment)
  }

  @discardableResult
  private func checked(
    _ action: EngineFailure.Action, _ arguments: [String], limit: Duration = .seconds(120),
    plan: RunningChild.StopPlan = .interrupt
  ) async throws(EngineError) -> String {
    let reply: EngineCommand.Reply
    do { reply = try await container(arguments).reply(within: limit, plan: plan) } catch {
      if error is CancellationError { throw .interrupted(kind, leftovers: []) }
      throw .failed(
        EngineFailure(
          engine: kind, action: action, cause: .cannotRun(DisplayText.escape("\(error)")),
          status: "\(error)",
          lastLines: []))
    }
    if reply.ending.stop == .cancelled { throw .interrupted(kind, leftovers: []) }
    guard reply.ending.isSuccess else {
      var tail = OutputTail()
      for line in reply.errorOutput.split(whereSeparator: \.isNewline).suffix(OutputTail.capacity) {
        tail.add(OutputText.clean(String(line.prefix(1000))))
      }
      throw .failed(
        EngineFailure(
          engine: kind, action: action, cause: FailureDiagnosis.cause(tail),
          status: reply.ending.text,
          lastLines: tail.lines))
    }
    return reply.output
  }
}

extension Engine {
  /// Removes an image's name from the store, or all of the image by its ID; never cut short.
  /// - Returns: whether the store has none of that name or ID now.
  @discardableResult
  package func removeImage(_ image: String) async -> Bool {
    await Task {
      _ = try? await container(["rmi", image]).reply(within: .seconds(60))
      if case .id = await storedImage(image) { return false }
      return true
    }.value
  }

  /// The name by which the store knows what a build tagged.
  package func storeNameForRun(_ tag: String) -> String { storeName(tag) }
}
