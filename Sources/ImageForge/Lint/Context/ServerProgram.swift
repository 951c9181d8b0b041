import ForgeSyntax

/// A server that a command starts, as far as its words tell where it listens.
struct ServerProgram {
  enum Kind: String {
    case uvicorn, gunicorn, hypercorn, granian, fastapi
    case next
    /// `node server.js` of Next.js' standalone output.
    case nextStandalone
  }

  enum Host: Equatable {
    case known(String)
    /// What the program takes where nothing is said.
    case usual(String)
    case unknown
  }

  let kind: Kind
  /// Without what runs it.
  let command: ShellCommand

  /// - Parameter isStandalone: whether the image holds Next.js' standalone output.
  init?(_ command: ShellCommand, isStandalone: Bool) {
    let server = command.serverCommand
    self.command = server
    switch server.program {
    case "next" where server.has("start"): kind = .next
    case "node" where isStandalone && server.operands.first.map(Self.isServer) == true:
      kind = .nextStandalone
    case "fastapi" where !server.has("run") && !server.has("dev"): return nil
    case let name:
      guard let kind = Kind(rawValue: name), kind != .next else { return nil }
      self.kind = kind
    }
  }

  private static func isServer(_ file: String) -> Bool {
    file == "server.js" || file.hasSuffix("/server.js")
  }

  /// `module:name` of a Python server.
  var application: String? {
    guard [.uvicorn, .gunicorn, .hypercorn, .granian].contains(kind) else { return nil }
    return command.operands.first { $0.wholeMatch(of: Self.entry) != nil }
  }

  // Compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  private nonisolated(unsafe) static let entry =
    /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_.]*(?:\(.*\))?/

  /// Where it listens: `host:port` of `--bind`.
  private var bind: String? { command.value(of: "--bind", "-b") }

  /// The address that it listens on.
  /// - Parameter environment: what the image sets.
  func host(_ environment: [String: String]) -> Host {
    if command.value(of: "--uds", "--fd") != nil { return .unknown }
    let isOpenEnded = command.words.contains { $0.contains("$") }
    let usual = isOpenEnded ? Host.unknown : .usual("127.0.0.1")
    switch kind {
    case .uvicorn, .granian:
      let prefix = kind == .uvicorn ? "UVICORN" : "GRANIAN"
      let given = command.value(of: "--host") ?? environment["\(prefix)_HOST"]
      return given.map(Self.host) ?? usual
    case .fastapi:
      if let given = command.value(of: "--host") { return Self.host(given) }
      return command.has("dev") ? usual : .usual("0.0.0.0")
    case .gunicorn, .hypercorn:
      guard let bind else {
        let isConfigured =
          command.value(of: "-c", "--config") != nil || environment["GUNICORN_CMD_ARGS"] != nil
          || environment["PORT"] != nil
        return isConfigured ? .unknown : usual
      }
      guard !bind.hasPrefix("unix:"), !bind.hasPrefix("fd:") else { return .unknown }
      let end = bind.lastIndex(of: ":") ?? bind.endIndex
      return end == bind.startIndex ? .known("") : Self.host(String(bind[..<end]))
    case .next:
      return command.value(of: "-H", "--hostname").map(Self.host) ?? .usual("0.0.0.0")
    case .nextStandalone:
      return environment["HOSTNAME"].map(Self.host) ?? .usual("0.0.0.0")
    }
  }

  private static func host(_ text: String) -> Host { text.contains("$") ? .unknown : .known(text) }

  /// The port that it listens on; nil where only its start tells.
  func port(_ environment: [String: String]) -> Int? {
    let text: String?
    let usual: Int
    switch kind {
    case .uvicorn, .granian:
      let name = kind == .uvicorn ? "UVICORN_PORT" : "GRANIAN_PORT"
      (text, usual) = (command.value(of: "--port") ?? environment[name], 8000)
    case .fastapi: (text, usual) = (command.value(of: "--port"), 8000)
    case .gunicorn, .hypercorn:
      guard let bind else { return nil }
      let end = bind.lastIndex(of: ":").map { String(bind[bind.index(after: $0)...]) }
      (text, usual) = (end, 8000)
    case .next:
      (text, usual) = (command.value(of: "-p", "--port") ?? environment["PORT"], 3000)
    case .nextStandalone: (text, usual) = (environment["PORT"], 3000)
    }
    guard let text else {
      return command.words.contains { $0.contains("$") } ? nil : usual
    }
    guard !text.hasPrefix("$") else {
      let name = text.filter { !"${}".contains($0) }
      let parts = name.split(separator: ":", maxSplits: 1)
      let value =
        environment[String(parts.first ?? "")]
        ?? parts.dropFirst().first.map {
          $0.filter { $0 != "-" }
        }
      return value.flatMap { Int($0) }
    }
    return Int(text)
  }
}
