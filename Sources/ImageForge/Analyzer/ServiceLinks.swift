import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax
import Foundation

/// Which service reaches which: by the addresses that a frontend's variables hold in its code, its example files and
/// the compose files, and by what the variables are called.
struct ServiceLinks {
  private(set) var links: [ServiceLink] = []
  private(set) var findings: [Finding] = []

  static func find(_ services: [Service], in tree: ProjectTree) -> ServiceLinks {
    var found = ServiceLinks()
    let backends = services.filter { $0.kind != .nextjs }
    guard !backends.isEmpty else { return found }
    let compose = ComposeFile.read(".", in: tree)
    for frontend in services where frontend.kind == .nextjs {
      found.judgeRewrites(frontend, backends, compose, tree)
      let examples = exampleValues(of: frontend, compose, in: tree)
      for variable in frontend.environment where variable.scope != .platform {
        found.link(frontend, variable, examples[variable.name] ?? [], backends, compose)
      }
    }
    return found
  }

  private mutating func link(
    _ frontend: Service, _ variable: EnvironmentVariable, _ examples: [Address],
    _ backends: [Service],
    _ compose: [ComposeFile.Service]
  ) {
    var addresses = examples
    if let value = variable.default, let url = Address(value, source: variable.sources.first ?? "")
    {
      addresses.insert(url, at: 0)
    }
    let named = Self.isAddressName(variable.name)
    let matches = addresses.compactMap { address in
      Self.backend(at: address, backends, compose).map { ($0, address) }
    }
    var target = matches.first?.0
    var evidence = matches.filter { $0.0.path == target?.path }.map(\.1.source)
    if target == nil, backends.count == 1, let backend = backends.first,
      Self.isAddress(variable.name, of: backend)
    {
      target = backend
      evidence = Array(variable.sources.prefix(1))
      judge(addresses, backend, variable)
    }
    guard let target, named || !matches.isEmpty else { return }
    judgePath(addresses, target, variable)
    judgeOrigins(target, variable, frontend)
    let isPublic = variable.scope == .buildPublic && variable.name.hasPrefix("NEXT_PUBLIC_")
    links.append(
      ServiceLink(
        from: frontend.name, to: target.name, variable: variable.name,
        baked: variable.scope == .buildPublic || variable.scope == .buildSecret,
        internalAddress: isPublic ? nil : "http://\(target.name):\(target.port)\(path(addresses))",
        evidence: evidence.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }))
  }

  /// `destination: "http://localhost:8000/:path*"`: right on a developer's machine, and the container itself in one.
  private mutating func judgeRewrites(
    _ frontend: Service, _ backends: [Service], _ compose: [ComposeFile.Service],
    _ tree: ProjectTree
  ) {
    guard let file = frontend.next?.configFile, frontend.next?.settings.hasRewrites == true,
      let path = ProjectPath.resolve(file, from: frontend.path), let source = tree.source(path)
    else { return }
    for (text, offset) in JSRewrites.destinations(in: source) {
      let place = source.location(at: offset)
      guard let address = Address(text, source: place), address.isLocal,
        let backend = Self.backend(at: address, backends, compose)
      else { continue }
      findings.append(
        Finding(
          id: "FORGE-K003", severity: .warning,
          message:
            "requests to \(backend.name) are rewritten to \(DisplayText.escape(address.host)), which in a "
            + "container is the container itself", location: place,
          fix: "read the address from a variable; it is fixed when the image is built, to "
            + "http://\(backend.name):\(backend.port) for instance"))
    }
  }

  /// The prefix that the sample addresses agree on: `/api/v1`.
  private func path(_ addresses: [Address]) -> String {
    let paths = Set(addresses.map(\.path))
    return paths.count == 1 ? paths.first ?? "" : ""
  }

  /// An address on this machine with a port that no service listens on is a mistake, or an old one.
  private mutating func judge(
    _ addresses: [Address], _ backend: Service, _ variable: EnvironmentVariable
  ) {
    let isElsewhere = { (address: Address) in
      address.isLocal && address.port != nil && address.port != backend.port
    }
    guard let wrong = addresses.first(where: isElsewhere) else { return }
    findings.append(
      Finding(
        id: "FORGE-K001", severity: .warning,
        message:
          "\(variable.name) names port \(wrong.port ?? 0), but \(backend.name) listens on \(backend.port)",
        location: wrong.source, fix: "bring the two into line, or publish the service on that port")
    )
  }

  /// An address that goes on in a path under which the backend answers nothing.
  private mutating func judgePath(
    _ addresses: [Address], _ backend: Service, _ variable: EnvironmentVariable
  ) {
    guard let facts = backend.fastapi, let routes = facts.routes, !routes.isEmpty else { return }
    func answers(_ path: String) -> Bool {
      routes.contains { $0 == path || $0.hasPrefix(path + "/") || path.hasPrefix($0 + "/") }
    }
    let wrong = addresses.first { address in
      guard !address.path.isEmpty else { return false }
      let root = facts.rootPath ?? ""
      let inner =
        address.path.hasPrefix(root) ? String(address.path.dropFirst(root.count)) : address.path
      return !inner.isEmpty && !answers(address.path) && !answers(inner)
    }
    guard let wrong else { return }
    // A single route like `/health` says nothing of where the others are.
    let known = routes.prefix(4).joined(separator: ", ") + (routes.count > 4 ? ", …" : "")
    findings.append(
      Finding(
        id: "FORGE-K002", severity: .warning,
        message:
          "\(variable.name) goes on in \(wrong.path), but \(backend.name) answers nothing there (\(known))",
        location: wrong.source, fix: "bring the path and the prefixes of the routers into line"))
  }

  /// Browsers call a backend at another address only where its `CORSMiddleware` names theirs.
  private mutating func judgeOrigins(
    _ backend: Service, _ variable: EnvironmentVariable, _ frontend: Service
  ) {
    let config = frontend.next?.configFile
    let isInBrowsers =
      variable.name.hasPrefix("NEXT_PUBLIC_")
      && !variable.sources.allSatisfy { source in config.map { source.hasPrefix($0 + ":") } ?? false
      }
    guard isInBrowsers, let facts = backend.fastapi,
      !findings.contains(where: {
        $0.id.rawValue.hasPrefix("FORGE-K01") && $0.message.contains(backend.name)
      })
    else { return }
    func note(
      _ id: String, _ severity: Severity, _ message: String, _ location: String, _ fix: String
    ) {
      findings.append(
        Finding(id: id, severity: severity, message: message, location: location, fix: fix))
    }
    guard let cors = facts.cors else {
      // An application whose making is not in the code that was read may have one there.
      guard facts.routes != nil else { return }
      return note(
        "FORGE-K010", .warning,
        "\(frontend.name) calls \(backend.name) from browsers, which refuse the answer: it has no CORSMiddleware",
        facts.source,
        "add CORSMiddleware with the frontend's address, or call it through a rewrite of Next.js")
    }
    guard !cors.isOpenEnded, !cors.origins.contains("*") else { return }
    let addresses = cors.origins.compactMap { Address($0, source: cors.source) }
    guard addresses.allSatisfy(\.isLocal) else { return }
    if !addresses.contains(where: { $0.port == frontend.port }) {
      note(
        "FORGE-K011", .warning,
        "\(backend.name) lets browsers in from \(cors.origins.joined(separator: ", ")), but \(frontend.name) listens on "
          + "\(frontend.port)", cors.source, "bring the two into line")
    }
    note(
      "FORGE-K012", .info,
      "\(backend.name) lets browsers in from this machine only (\(cors.origins.joined(separator: ", ")))",
      cors.source,
      "read the allowed origins from a variable, so that a deployment can name its own")
  }

  // MARK: Addresses

  struct Address {
    let host: String
    let port: Int?
    let path: String
    let source: String

    var isLocal: Bool {
      ["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "host.docker.internal"].contains(host)
    }

    /// Nil for what is no address of a web server.
    init?(_ text: String, source: String) {
      let bare = text.trimmingCharacters(in: CharacterSet(charactersIn: " \t\"'"))
      guard let scheme = ["http://", "https://", "ws://", "wss://"].first(where: bare.hasPrefix)
      else { return nil }
      let rest = bare.dropFirst(scheme.count)
      let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      guard !authority.isEmpty, !authority.contains("@") else { return nil }
      let parts = authority.split(separator: ":", maxSplits: 1)
      host = parts.first.map { $0.lowercased() } ?? ""
      port = parts.count > 1 ? Int(parts[1]) : nil
      var tail = String(rest.dropFirst(authority.count).prefix { $0 != "?" && $0 != "#" })
      while tail.hasSuffix("/") { tail.removeLast() }
      path = ProjectPath.isPlain(tail) ? tail : ""
      self.source = source
    }
  }

  /// By its name in the compose file or in the analysis, or by its port on this machine.
  private static func backend(
    at address: Address, _ backends: [Service], _ compose: [ComposeFile.Service]
  ) -> Service? {
    if address.isLocal {
      let fitting = backends.filter { $0.port == address.port }
      if fitting.count == 1 { return fitting.first }
      // The port that compose publishes for it.
      let published = compose.filter { $0.published.contains(address.port ?? 0) }.compactMap {
        service in
        backends.first { $0.path == service.context }
      }
      return published.count == 1 ? published.first : nil
    }
    if let named = backends.first(where: { $0.name == address.host }) { return named }
    return compose.first { $0.name == address.host }.flatMap { service in
      backends.first { $0.path == service.context }
    }
  }

  /// The values that example and compose files give to the variables of a frontend.
  private static func exampleValues(
    of frontend: Service, _ compose: [ComposeFile.Service], in tree: ProjectTree
  ) -> [String: [Address]] {
    var found: [String: [Address]] = [:]
    for service in compose where service.context == frontend.path {
      for variable in service.variables {
        guard let value = variable.value,
          let url = Address(value, source: "\(variable.path):\(variable.line)")
        else {
          continue
        }
        found[variable.name, default: []].append(url)
      }
    }
    let names = [
      ".env.example", ".env.sample", ".env.template", ".env.development", ".env.local.example",
      ".env",
    ]
    for path in names.map({ ProjectTree.join(frontend.path, $0) }) {
      guard let source = try? tree.read(path, limit: 1 << 20) else { continue }
      let rows = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      for (index, row) in rows.enumerated().prefix(5_000) {
        let parts = row.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, let url = Address(String(parts[1]), source: "\(path):\(index + 1)")
        else { continue }
        found[parts[0].trimmingCharacters(in: .whitespaces), default: []].append(url)
      }
    }
    return found
  }

  // MARK: Names

  private static let endings: Set<Substring> = [
    "URL", "URI", "HOST", "ORIGIN", "ENDPOINT", "BASE", "ADDRESS", "SERVER",
  ]
  private static let targets: Set<Substring> = ["API", "BACKEND", "SERVER", "FASTAPI"]
  private static let fillers: Set<Substring> = [
    "NEXT", "PUBLIC", "INTERNAL", "BASE", "HTTP", "REST", "APP", "SERVER",
  ]

  private static func isAddressName(_ name: String) -> Bool {
    name.uppercased().split(separator: "_").contains {
      endings.contains($0) || targets.contains($0)
    }
  }

  /// `NEXT_PUBLIC_API_URL`, `BACKEND_URL`, `TODO_API_BASE_URL` for a backend `todo-…`; but not `OPENAI_API_URL`.
  static func isAddress(_ name: String, of backend: Service) -> Bool {
    let own = Set(backend.name.uppercased().split { !$0.isLetter && !$0.isNumber })
    let words = name.uppercased().split(separator: "_")
    guard let last = words.last, endings.contains(last) else { return false }
    return words.contains { targets.contains($0) || own.contains($0) }
      && words.allSatisfy {
        endings.contains($0) || targets.contains($0) || fillers.contains($0) || own.contains($0)
      }
  }
}
