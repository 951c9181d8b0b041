import ForgeBasics
import ForgeCodebase
import Foundation

extension ApplicationContext {
  // MARK: Exposure

  /// Whether and under which paths clients outside of the cluster reach a server.
  func exposure(of made: ServiceComponents) -> Exposure? {
    let service = made.service
    if let next = service.next {
      let path = next.basePath ?? "/"
      let isOnlyOne = frontendPaths.count { $0 == path } == 1
      return Exposure(
        paths: [path], sharesHost: isOnlyOne, reason: "browsers open its pages",
        sources: made.evidence("next.router"))
    }
    guard let fastapi = service.fastapi, let (reason, sources) = callers(of: made) else {
      return nil
    }
    let paths = publicPaths(of: made)
    if paths.isEmpty || !Set(paths).isDisjoint(with: frontendPaths) || fastapi.rootPath != nil {
      let isAlone = services.count { $0.workload.server.port != nil } == 1
      return Exposure(paths: ["/"], sharesHost: isAlone, reason: reason, sources: sources)
    }
    let others = services.filter { $0.server != made.server }.flatMap(publicPaths)
    let isOnlyOne = Set(paths).isDisjoint(with: others)
    return Exposure(paths: paths, sharesHost: isOnlyOne, reason: reason, sources: sources)
  }

  /// The paths that the frontends stand below.
  private var frontendPaths: [String] {
    services.compactMap { made in made.service.next.map { $0.basePath ?? "/" } }
  }

  /// What shows that browsers call a service. Nil where nothing does, and a frontend stands before it.
  private func callers(of made: ServiceComponents) -> (reason: String, sources: [String])? {
    let baked = links.filter { $0.to == made.service.name && $0.internalAddress == nil }
    if let link = baked.first {
      return ("browsers call it: \(link.variable) of \(link.from)", link.evidence)
    }
    if let cors = made.service.fastapi?.cors {
      return ("it lets pages of other origins call it", [cors.source])
    }
    guard !services.contains(where: { $0.service.next != nil }) else { return nil }
    return ("there is no frontend before it", made.evidence("kind"))
  }

  /// The fixed beginnings of its routes, without those that only probes ask; the longest first. Empty where they are not
  /// known, or are its root.
  private func publicPaths(of made: ServiceComponents) -> [String] {
    guard let routes = made.service.fastapi?.routes else { return [] }
    let health = made.service.healthPath
    let paths = Set(routes).filter { route in
      guard let health, health != "/" else { return true }
      return route != health && !route.hasPrefix(health + "/")
    }
    guard !paths.contains("/"), !paths.contains(""), paths.allSatisfy(PlainText.isURLPath) else {
      return []
    }
    return paths.sorted { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
  }

  // MARK: Connections

  func connections(of components: [Component]) -> [Connection] {
    var connections = components.compactMap(incoming)
    for made in services {
      let own = components.filter { $0.service == made.service.name }
      for component in own {
        connections += linked(made, component) + databases(made, component)
        if component.isLasting { connections += hosts(made, component) }
      }
      connections += protocolClients(made, own)
    }
    connections += components.map { component in
      Connection(
        from: .component(component.name), to: .dns, purpose: .dns,
        ports: [.tcp(53), Connection.Port(number: 53, transport: .udp)],
        reason: "names to addresses", sources: [])
    }
    return connections
  }

  private func incoming(_ component: Component) -> Connection? {
    guard let exposure = component.exposure, let port = component.ports.first else { return nil }
    return Connection(
      from: .ingress, to: .component(component.name), purpose: .ingress, ports: [.tcp(port.number)],
      path: exposure.paths.joined(separator: " "), reason: exposure.reason,
      sources: exposure.sources)
  }

  private func linked(_ made: ServiceComponents, _ component: Component) -> [Connection] {
    guard component.isLasting else { return [] }
    let own = links.filter { $0.from == made.service.name && $0.internalAddress != nil }
    return own.compactMap { link in
      guard let target = services.first(where: { $0.service.name == link.to }),
        let port = target.workload.server.port
      else { return nil }
      return Connection(
        from: .component(component.name), to: .component(target.server), purpose: .service,
        ports: [.tcp(port)], variable: link.variable,
        reason: "\(link.variable) holds its address", sources: link.evidence.unique)
    }
  }

  private static let ports = ["postgresql": 5432, "mysql": 3306, "mongodb": 27017, "redis": 6379]

  private func databases(_ made: ServiceComponents, _ component: Component) -> [Connection] {
    made.remoteDatabases.compactMap { database in
      guard let port = Self.ports[database] else { return nil }
      // What brings a schema up to date asks no cache.
      if component.kind == .migration, database == "redis" { return nil }
      let variable = made.variable(of: database)
      return Connection(
        from: .component(component.name),
        to: Connection.Party(kind: .database, name: database), purpose: .database,
        ports: [.tcp(port)], variable: variable?.name,
        reason: "its driver is a dependency; \(port) is the usual port",
        sources: (made.evidence("databases") + (variable?.sources ?? [])).unique)
    }
  }

  /// Hosts on the internet that defaults of variables name.
  private func hosts(_ made: ServiceComponents, _ component: Component) -> [Connection] {
    var seen: Set<String> = []
    return made.service.environment.compactMap { variable in
      guard variable.delivery == .runtime, let text = variable.default,
        text.hasPrefix("https://"), let url = URL(string: text), let host = url.host(),
        host.contains("."), seen.insert(host).inserted
      else { return nil }
      return Connection(
        from: .component(component.name), to: Connection.Party(kind: .host, name: host),
        purpose: .external, ports: [.tcp(url.port ?? 443)], variable: variable.name,
        reason: "the default of \(variable.name)", sources: variable.sources)
    }
  }

  private func protocolClients(
    _ made: ServiceComponents, _ components: [Component]
  ) -> [Connection] {
    made.servedMCP.compactMap { server in
      let separate = components.first { $0.kind == .mcp }
      let kept = components.first { $0.kind == .server }
      let component = if server.mounted { kept } else { separate ?? kept }
      guard let component, let port = component.ports.first else { return nil }
      return Connection(
        from: .mcpClients, to: .component(component.name), purpose: .mcp,
        ports: [.tcp(port.number)], path: server.path,
        reason: "it serves the Model Context Protocol", sources: [server.source])
    }
  }

  // MARK: What the code does not tell

  func unknowns(_ made: ServiceComponents) -> [Application.Unknown] {
    let service = made.service
    var unknowns: [Application.Unknown] = []
    func add(_ what: String, _ instead: String, _ sources: [String] = []) {
      unknowns.append(
        Application.Unknown(
          service: service.name, what: what, instead: instead, sources: sources))
    }
    if service.healthPath == nil, made.workload.server.tool != "nginx" {
      add("which route tells its health", "The probes ask only whether its port takes connections")
    }
    let files = Set(service.writes.map(\.folder))
    if made.keepsFile, files.isEmpty {
      add(
        "in which folder the file of SQLite lies",
        "A volume is mounted at \(Self.dataFolder): let the database's URL name a file there",
        made.evidence("databases"))
    }
    if service.databases.contains("sqlite"), !made.keepsFile {
      add(
        "whether SQLite is used beside another database",
        "It is taken for the database of tests", made.evidence("databases"))
    }
    for database in made.remoteDatabases where made.variable(of: database) == nil {
      add(
        "which variable says where \(database) is",
        "Set it by hand, and look that the network policy has its port", made.evidence("databases"))
    }
    for variable in made.workload.variables(.refused) {
      add(
        "why \(variable.name) is to be public",
        "It is not passed: Next.js would show the value to every browser", variable.sources)
    }
    if let fastapi = service.fastapi, fastapi.rootPath != nil {
      add(
        "whether a proxy cuts off what root_path names",
        "The application has a host of its own, and its paths stay as they are", [fastapi.source])
    }
    if let server = made.servedMCP.first {
      add(
        "under which host names its MCP server answers",
        "Its library may answer 421 to names other than localhost: allow the Service's name",
        [server.source])
    }
    for tool in made.workload.leftOut {
      add(
        "what a worker of \(tool) runs without a shell",
        "It is left out of the chart; write its command as plain words")
    }
    return unknowns
  }
}
