import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// What the facts of a Python service rest on.
struct FastAPIConclusions {
  let manifest: PythonManifest?
  let start: PythonStartCommand
  let mcp: MCPAnalyzer

  func add(
    to service: inout Service, _ entrypoint: FastAPIEntrypoint?, others: [Conclusion.Alternative],
    health: FastAPIRoutes.Route?, databases: [(name: String, source: String)],
    python: [Conclusion.Alternative]
  ) {
    if let entrypoint, let facts = service.fastapi {
      addEntrypoint(to: &service, entrypoint, facts, others)
      addServer(to: &service, facts)
    }
    addPort(to: &service)
    if let health {
      service.conclude(
        Conclusion(
          "healthPath", health.path, .likely, evidence: [health.location],
          why: "a GET route of that name, which asks for no credentials"))
    }
    if !databases.isEmpty {
      service.conclude(
        Conclusion(
          "databases", service.databases.joined(separator: ", "), .likely,
          evidence: databases.map(\.source).reduce(into: []) {
            if !$0.contains($1) { $0.append($1) }
          },
          why: "drivers among the dependencies, and addresses in the code"))
    }
    if let version = service.packageManager.version, let source = manifest?.managerVersionSource {
      service.conclude(
        Conclusion(
          "packageManager.version", version, .certain, evidence: [source], why: "written there"))
    }
    addRuntime(to: &service, python)
    for server in service.mcp { service.conclude(conclusion(on: server)) }
  }

  private func addEntrypoint(
    to service: inout Service, _ entrypoint: FastAPIEntrypoint, _ facts: FastAPIFacts,
    _ others: [Conclusion.Alternative]
  ) {
    let evidence = [entrypoint.namedBy, entrypoint.source].compactMap(\.self)
    let why =
      entrypoint.namedBy != nil
      ? "what starts the service names it"
      : others.isEmpty
        ? "the only application in the code"
        : "by its place, its name and what hangs on it, in the fastapi command's order"
    service.conclude(
      Conclusion(
        "fastapi.entrypoint", entrypoint.text,
        entrypoint.namedBy != nil || others.isEmpty ? .certain : .likely,
        evidence: evidence.reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
        alternatives: others.filter { $0.value != entrypoint.text }, why: why))
    if facts.factory {
      service.conclude(
        Conclusion(
          "fastapi.factory", "true", .certain, evidence: [entrypoint.source],
          why: "it is a function that makes the application"))
    }
    if facts.appDir != "." {
      service.conclude(
        Conclusion(
          "fastapi.appDir", facts.appDir, .likely, evidence: [entrypoint.source],
          why:
            "the first folder above it that is no package, or from which its own imports are found")
      )
    }
  }

  private func addServer(to service: inout Service, _ facts: FastAPIFacts) {
    if start.server == facts.server {
      service.conclude(
        Conclusion(
          "fastapi.server", facts.server, .certain, evidence: [start.location],
          why: "the command that starts the service"))
      return
    }
    let package = facts.server == "fastapi" ? "fastapi-cli" : facts.server
    let source =
      manifest?.version(of: package)?.source ?? manifest?.dependency(package)?.location
      ?? manifest?.dependency("fastapi")?.location
    let isThere = !service.findings.contains { $0.id == "FORGE-F012" }
    service.conclude(
      Conclusion(
        "fastapi.server", facts.server, isThere ? .likely : .assumed,
        evidence: isThere ? [source].compactMap(\.self) : [],
        alternatives: start.server.map {
          [Conclusion.Alternative(value: $0, source: start.location)]
        } ?? [],
        why: isThere
          ? "the server among the dependencies" : "default: no server is among the dependencies"))
  }

  private func addPort(to service: inout Service) {
    let written = service.kind == .mcp ? mcp.port : start.port.map { ($0, start.location) }
    guard let (number, source) = written, number == service.port else { return }
    service.conclude(
      Conclusion(
        "port", "\(number)", .certain, evidence: [source],
        why: service.kind == .mcp
          ? "where the server is run" : "the command that starts the service"))
  }

  private func addRuntime(to service: inout Service, _ others: [Conclusion.Alternative]) {
    let runtime = service.runtime
    guard !runtime.source.hasPrefix("default:") else { return }
    // A range leaves a choice; a version file does not.
    let isPinned =
      runtime.source != service.packageManager.source
      && !(manifest?.pythonRanges ?? []).contains { $0.location == runtime.source }
    service.conclude(
      Conclusion(
        "runtime.version", runtime.version, isPinned ? .certain : .likely,
        evidence: [runtime.source],
        alternatives: others.filter { $0.source != runtime.source },
        why: isPinned
          ? "written there" : "the version that most packages are published for, within that range")
    )
  }

  private func conclusion(on server: MCPServer) -> Conclusion {
    let key = "mcp.\(server.entrypoint)"
    let isOfItsOwn = server.state == .stdio || server.state == .service
    let value =
      server.transport.rawValue + (isOfItsOwn ? "" : ", \(server.state.rawValue)")
      + (server.path.map { " at \($0)" } ?? "")
    let choices = mcp.choices[server.entrypoint] ?? []
    guard choices.isEmpty else {
      return Conclusion(
        key, value, .ambiguous, evidence: [server.source] + choices.map(\.source).uniqued,
        alternatives: choices.filter { $0.value != server.transport.rawValue },
        why: "the code chooses the transport when it starts")
    }
    let why =
      switch server.state {
      case .mounted: "the application mounts it"
      case .service: "the code runs it over HTTP"
      case .stdio: "the code runs it without a transport, or with stdio"
      case .child: "the application starts it"
      case .unserved: "nothing in the code mounts or runs it"
      }
    return Conclusion(
      key, value, server.state == .unserved ? .likely : .certain,
      evidence: ([server.source] + [mcp.places[server.entrypoint]].compactMap(\.self)).uniqued,
      why: why)
  }
}

extension [String] {
  /// Each once, in order.
  var uniqued: [String] { reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}
