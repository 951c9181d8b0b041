import ForgeBasics
import Foundation

/// Looks for the container engines of this machine.
public struct EngineFinder: Sendable {
  /// Finds the engine to use: of docker, podman and buildah the first that works, or the one that is wanted.
  ///
  /// docker works when its daemon answers and it can build with BuildKit, which the recipes need.
  /// - Parameter environment: where `PATH` and the engines' own variables (`DOCKER_HOST`, …) are read.
  /// - Throws: `EngineError.noUsableEngine` with the reason for each engine; `interrupted` when cancelled.
  public static func find(
    _ choice: EngineChoice = .auto,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) async throws(EngineError) -> Engine {
    try await find(choice, environment: environment, limit: .seconds(10))
  }

  /// - Parameter limit: how long an engine may take to answer.
  static func find(
    _ choice: EngineChoice, environment: [String: String], limit: Duration
  ) async throws(EngineError) -> Engine {
    var rejections: [EngineError.Rejection] = []
    for kind in choice.candidates {
      guard let path = Programs.find(kind.rawValue, environment: environment) else {
        rejections.append(.init(kind: kind, reason: "not on PATH"))
        continue
      }
      let probe = EngineProbe(kind: kind, path: path, environment: environment, limit: limit)
      switch await probe.run() {
      case .usable(let version):
        return Engine(kind: kind, path: path, version: version, environment: environment)
      case .unusable(let reason):
        if Task.isCancelled { throw .interrupted(kind, leftovers: []) }
        rejections.append(.init(kind: kind, reason: reason))
      }
    }
    throw .noUsableEngine(rejections)
  }
}

/// Asks one engine whether it works.
struct EngineProbe: Sendable {
  enum Answer: Equatable, Sendable {
    case usable(version: String)
    case unusable(String)
  }

  let kind: Engine.Kind
  let path: String
  let environment: [String: String]
  let limit: Duration

  func run() async -> Answer {
    switch kind {
    case .docker: await docker()
    case .podman: await podman()
    case .buildah: await buildah()
    }
  }

  private func docker() async -> Answer {
    let reply: EngineCommand.Reply
    switch await ask(["version", "--format", "{{json .}}"]) {
    case .failure(let failure): return .unusable(failure.reason)
    case .success(let value): reply = value
    }
    let versions = Versions(reply.output)
    guard let client = versions.client else {
      return .unusable("`docker version` gave no version" + said(reply))
    }
    guard let server = versions.server else {
      // The package podman-docker installs podman under docker's name; podman itself is looked for next.
      if reply.ending.isSuccess {
        return .unusable("it is podman under docker's name; use --engine podman")
      }
      return .unusable(
        "its daemon does not answer" + said(reply) + "; start it: sudo systemctl start docker")
    }
    // From 23 on the client holds no BuildKit of its own: `docker build` needs the plugin buildx.
    if major(client) >= 23 {
      switch await ask(["buildx", "version"]) {
      case .success(let reply) where reply.ending.isSuccess: break
      default:
        return .unusable(
          "docker \(shown(client)) cannot build with BuildKit: its plugin buildx is missing or broken; "
            + "install docker-buildx (docker-buildx-plugin in Docker's own packages)")
      }
    }
    return .usable(version: shown(server))
  }

  private func podman() async -> Answer {
    // `version`, not `--version`: it asks the virtual machine where podman is a client of one.
    switch await ask(["version", "--format", "{{json .}}"]) {
    case .failure(let failure): return .unusable(failure.reason)
    case .success(let reply):
      let versions = Versions(reply.output)
      guard reply.ending.isSuccess, let version = versions.server ?? versions.client else {
        return .unusable("`podman version` failed (\(reply.ending.text))" + said(reply))
      }
      return .usable(version: shown(version))
    }
  }

  private func buildah() async -> Answer {
    switch await ask(["--version"]) {
    case .failure(let failure): return .unusable(failure.reason)
    case .success(let reply):
      // `buildah version 1.28.2 (image-spec …)`
      let words = reply.output.split { $0 == " " || $0 == "\n" }
      guard reply.ending.isSuccess, words.count >= 3, words[1] == "version" else {
        return .unusable("`buildah --version` failed (\(reply.ending.text))" + said(reply))
      }
      return .usable(version: shown(String(words[2])))
    }
  }

  // MARK: Asking

  private struct Failure: Error { let reason: String }

  private func ask(_ arguments: [String]) async -> Result<EngineCommand.Reply, Failure> {
    let command = EngineCommand(program: path, arguments: arguments, environment: environment)
    do {
      let reply = try await command.reply(within: limit)
      if reply.ending.stop == .timedOut {
        let what = if kind == .docker { "its daemon" } else { "it" }
        return .failure(
          Failure(reason: "\(what) did not answer within \(limit.components.seconds) s"))
      }
      return .success(reply)
    } catch {
      return .failure(Failure(reason: "\(shown(path)) cannot be run: \(shown("\(error)"))"))
    }
  }

  /// The last line of what it wrote to standard error.
  private func said(_ reply: EngineCommand.Reply) -> String {
    let line = reply.errorOutput.split(whereSeparator: \.isNewline).last {
      !$0.allSatisfy(\.isWhitespace)
    }
    return line.map { " (\(OutputText.clean(String($0.prefix(300)))))" } ?? ""
  }

  private func shown(_ text: String) -> String { DisplayText.escape(text) }

  private func major(_ version: String) -> Int { Int(version.prefix { $0.isNumber }) ?? 0 }

  /// What `docker version` and `podman version` print as JSON.
  private struct Versions: Decodable {
    private struct Part: Decodable {
      let version: String
      enum CodingKeys: String, CodingKey { case version = "Version" }
    }

    private var clientPart: Part?
    private var serverPart: Part?
    enum CodingKeys: String, CodingKey {
      case clientPart = "Client"
      case serverPart = "Server"
    }

    var client: String? { clientPart?.version }
    var server: String? { serverPart?.version }

    init(_ text: String) {
      if let read = try? JSONDecoder().decode(Versions.self, from: Data(text.utf8)) { self = read }
    }
  }
}
