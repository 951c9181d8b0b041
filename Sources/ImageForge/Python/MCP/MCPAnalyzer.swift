import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgePythonPackages
import ForgeSyntax

/// Finds the MCP servers in the code of a service, and what keeps them from working in a container.
struct MCPAnalyzer {
  let index: PythonIndex
  let folder: String
  private let manifest: PythonManifest?
  private let tree: ProjectTree
  /// What the application puts on the import path, relative to the service.
  private let appDir: String?
  var servers: [MCPServer] = []
  var findings: [Finding] = []
  /// By entry point: the transports that the code chooses between when it starts.
  private(set) var choices: [String: [Written<MCPServer.Transport>]] = [:]
  /// By entry point: where it is mounted or run.
  private(set) var places: [String: Place] = [:]
  /// Where a server of its own listens.
  private(set) var port: Written<Int>?

  /// The way from a mounted ASGI application back to its server.
  private struct Endpoint {
    let server: PythonPlace
    let transport: MCPServer.Transport
    /// Of the endpoint inside the mounted application.
    let path: String
    /// The call that makes the ASGI application, and its scope.
    let maker: PythonPlace?
  }

  /// - Parameter application: the constructors of the application that is served.
  static func analyze(
    _ index: PythonIndex, folder: String, in tree: ProjectTree, _ manifest: PythonManifest?,
    routes: FastAPIRoutes, application: FastAPIEntrypoint?
  ) -> MCPAnalyzer {
    var analyzer = MCPAnalyzer(
      index: index, folder: folder, manifest: manifest, tree: tree, appDir: application?.appDir)
    analyzer.analyze(routes, Set((application?.constructors ?? []).map(\.identity)))
    return analyzer
  }

  private init(
    index: PythonIndex, folder: String, manifest: PythonManifest?, tree: ProjectTree,
    appDir: String?
  ) {
    self.tree = tree
    self.appDir = appDir
    self.index = index
    self.folder = folder
    self.manifest = manifest
  }

  private mutating func analyze(_ routes: FastAPIRoutes, _ application: Set<String>) {
    var mounted: Set<String> = []
    for mount in routes.mounts {
      let host = mount.hosts.first
      guard
        host == nil || application.isEmpty
          || mount.hosts.contains(where: { application.contains($0.identity) })
      else { continue }
      for endpoint in endpoints(of: mount.mounted) {
        mounted.insert(endpoint.server.identity)
        add(endpoint.server, endpoint.transport, path: Self.join(mount.path, endpoint.path))
        places[entrypoint(of: endpoint.server)] = mount.location
        if endpoint.transport == .streamableHTTP, let host {
          checkLifespan(endpoint, host, at: mount.location)
        }
        checkHosts(endpoint.server, endpoint.maker, at: mount.location)
      }
    }
    let calls = methodCalls()
    let served = servedApplications()
    let launches = MCPLaunch.all(folder, in: tree)
    for (server, call) in serverObjects() {
      checkVersion(server)
      var found = runs(of: server, calls)
      if let app = served[server.identity] {
        found.runs.append((app.transport, app.source))
        found.host = found.host ?? app.host
        found.port = found.port ?? app.port.map { Written($0, at: app.source) }
        found.application = app.name
        found.applicationMaker = app.maker
      }
      for (transport, path) in found.mountsItself {
        add(server, transport, path: path)
        mounted.insert(server.identity)
      }
      if isLowLevel(server) { found.takeStreams(of: server.scope.file, index) }
      addRuns(found, of: server, call)
      if found.runs.isEmpty, mounted.isEmpty, !found.isPart, !isLowLevel(server) {
        addIdle(server, launches)
      }
    }
    findChildren(application: application)
    findNames()
    servers = servers.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    servers.sort {
      ($0.entrypoint, $0.mounted ? 0 : 1, $0.transport.rawValue) < (
        $1.entrypoint, $1.mounted ? 0 : 1, $1.transport.rawValue
      )
    }
  }

  /// A server that the code runs: as what it says, or as what it takes when nobody chooses.
  private mutating func addRuns(_ found: Runs, of server: PythonPlace, _ call: [PythonArgument]) {
    guard let first = found.runs.first else { return }
    let entrypoint = entrypoint(of: server)
    places[entrypoint] = first.source
    var possible: [(transport: MCPServer.Transport, source: Place)] = []
    for run in found.runs + found.choices
    where !possible.contains(where: { $0.transport == run.transport }) {
      possible.append(run)
    }
    let isChosen = possible.count > 1
    // A container serves over HTTP, and SSE is the older way.
    let overHTTP = [MCPServer.Transport.streamableHTTP, .sse].first { wanted in
      possible.contains { $0.transport == wanted }
    }
    let fallback = found.fallback ?? (isChosen ? overHTTP : nil)
    let transport = fallback ?? first.transport
    var own = made(server, transport, mounted: false, path: Self.defaultPath(transport))
    let listens = found.port ?? port(of: server, call)
    own.port = listens?.value
    let host =
      found.host
      ?? call["host"].flatMap { index.text(of: PythonPlace(expression: $0, scope: server.scope)) }
      ?? setting("host", of: server)?.string
    if isOf(server, MCPObjects.sdk2) { own.host = host }
    own.application = found.application
    let isUnnamed = name(of: server) == nil && found.application == nil
    own.startsItself = isUnnamed || isSecuredInMain(server)
    servers.append(own)
    if isChosen {
      addChoice(possible, transport, entrypoint, at: found.choiceSource ?? first.source)
    }
    if port == nil, transport != .stdio || overHTTP != nil { port = listens }
    guard transport != .stdio else { return }
    // Whoever serves streams of a low-level server says where, and is asked for that.
    guard !isLowLevel(server) else { return }
    if own.startsItself { checkLoopback(host, at: first.source) }
    checkHosts(server, found.applicationMaker, host: own.host, at: first.source)
  }

  /// Whether the names that a server answers to are settled only where its file is run.
  private func isSecuredInMain(_ server: PythonPlace) -> Bool {
    let file = server.scope.file
    return setting("transport_security", of: server).map { file.isInMain($0.offset) } ?? false
  }

  /// Where the code says that a server listens: its constructor, or `mcp.settings.port = …`.
  private func port(of server: PythonPlace, _ call: [PythonArgument]) -> Written<Int>? {
    if let value = setting("port", of: server) {
      let place = PythonPlace(expression: value, scope: server.scope)
      if let port = PythonPort.read(place, index) { return Written(port, at: place.location) }
    }
    guard let value = call["port"] else { return nil }
    let place = PythonPlace(expression: value, scope: server.scope)
    return PythonPort.read(place, index).map { Written($0, at: server.location) }
  }

  /// What a file says that starts a server.
  mutating func note(_ launch: MCPLaunch, of server: PythonPlace) {
    places[entrypoint(of: server)] = launch.location
    if let number = launch.port, port == nil { port = Written(number, at: launch.location) }
  }

  private static func defaultPath(_ transport: MCPServer.Transport) -> String? {
    transport == .stdio ? nil : transport == .sse ? "/sse" : "/mcp"
  }

  private mutating func addChoice(
    _ possible: [(transport: MCPServer.Transport, source: Place)], _ taken: MCPServer.Transport,
    _ entrypoint: String,
    at location: Place
  ) {
    choices[entrypoint] = possible.map { Written($0.transport, at: $0.source) }
    let others = possible.map(\.transport).filter { $0 != taken }.map(\.rawValue).joined(
      separator: " or ")
    findings.append(
      Finding(
        id: "FORGE-M009", severity: .warning,
        message:
          "the MCP server's transport is chosen when it starts; \(taken.rawValue) is taken, not \(others)",
        at: location,
        fix:
          "run the transport that the container is to serve outright, in an entry point of its own")
    )
  }

  private mutating func add(_ server: PythonPlace, _ transport: MCPServer.Transport, path: String) {
    servers.append(made(server, transport, mounted: true, path: path))
  }

  func made(
    _ server: PythonPlace, _ transport: MCPServer.Transport, mounted: Bool, path: String?,
    state: MCPServer.State? = nil
  ) -> MCPServer {
    MCPServer(
      transport: transport, mounted: mounted, path: path, entrypoint: entrypoint(of: server),
      at: server.location, state: state)
  }

  // MARK: Servers

  private static let maximumServers = 50
  private static let all = MCPObjects.servers.union(MCPObjects.fastapiMCP)

  /// The calls that make a server, in code that is not for tests; with the call's own arguments.
  private func serverObjects() -> [(PythonPlace, [PythonArgument])] {
    var found: [(PythonPlace, [PythonArgument])] = []
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      PythonIndex.forEachScope(file) { scope, statements in
        statements.flattened.forEachOwnExpression { expression in
          let place = PythonPlace(expression: expression, scope: scope)
          if found.count < Self.maximumServers, isServer(place),
            let arguments = expression.call?.arguments
          {
            found.append((place, arguments))
          }
        }
      }
    }
    return found
  }

  /// `FastMCP(…)`, `FastMCP.from_fastapi(…)`.
  private func isServer(_ place: PythonPlace) -> Bool {
    guard let callee = place.expression.call?.function else { return false }
    if index.isClass(callee, in: place.scope.file, oneOf: Self.all) { return true }
    if case .attribute(let base, let method) = callee.kind, method.hasPrefix("from_") {
      return index.isClass(base, in: place.scope.file, oneOf: MCPObjects.fastmcp)
    }
    return false
  }

  private func isLowLevel(_ place: PythonPlace) -> Bool { isOf(place, MCPObjects.lowLevel) }

  func isOf(_ place: PythonPlace, _ names: Set<String>) -> Bool {
    guard var callee = place.expression.call?.function else { return false }
    if case .attribute(let base, let method) = callee.kind, method.hasPrefix("from_") {
      callee = base
    }
    return index.isClass(callee, in: place.scope.file, oneOf: names)
  }

  /// `pkg.mod:name` of the variable that holds the server.
  private func entrypoint(of server: PythonPlace) -> String {
    let module = module(of: server.scope.file)
    let holder = name(of: server) ?? server.scope.function?.declaration.name ?? "mcp"
    return DisplayText.escape("\(module):\(holder)")
  }

  /// The name under which a module holds a server.
  private func name(of server: PythonPlace) -> String? {
    server.scope.file.bindings.first {
      $0.value.contains { !$0.isInMain && $0.value.offset == server.expression.offset }
    }?.key
  }

  /// The name by which a file is imported: from what the application puts on the path, where the file lies below that;
  /// else from the folder that its own imports need.
  private func module(of file: PythonFile) -> String {
    let base = appDir.flatMap { ProjectPath.resolve($0, from: folder) }
    var root = ProjectTree.parent(file.path)
    if let base, ProjectPath.relative(file.path, to: base) != nil {
      root = base
    } else {
      while root != folder, root != ".",
        index.allPaths.contains(ProjectTree.join(root, "__init__.py"))
      {
        root = ProjectTree.parent(root)
      }
      root = index.importRoot(
        of: file, atLeast: root, isInstalled: InstalledModules(manifest).contains)
    }
    let path = ProjectPath.relative(file.path, to: root) ?? file.path
    let parts = path.dropLast(3).split(separator: "/").filter { $0 != "__init__" }
    return parts.joined(separator: ".")
  }

  private static let makers: [String: MCPServer.Transport] = [
    "streamable_http_app": .streamableHTTP, "http_app": .streamableHTTP, "sse_app": .sse,
  ]

  /// The MCP endpoints that an ASGI application serves.
  private func endpoints(of place: PythonPlace) -> [Endpoint] {
    index.makers(of: place).flatMap { maker -> [Endpoint] in
      guard let (callee, arguments) = maker.expression.call,
        case .attribute(let base, let method) = callee.kind,
        let made = Self.makers[method]
      else { return [] }
      return index.makers(of: PythonPlace(expression: base, scope: maker.scope)).filter(isServer)
        .map { server in
          let transport = arguments["transport"]?.string == "sse" ? .sse : made
          let options = server.expression.call?.arguments ?? []
          let key = transport == .sse ? "sse_path" : "streamable_http_path"
          let path =
            arguments["path"] ?? arguments[key] ?? options[key]
            ?? (isOf(server, MCPObjects.fastmcp) ? arguments.positional.first : nil)
          let text = path.flatMap {
            index.text(of: PythonPlace(expression: $0, scope: maker.scope))
          }
          return Endpoint(
            server: server, transport: transport,
            path: text ?? setting(key, of: server)?.string ?? (transport == .sse ? "/sse" : "/mcp"),
            maker: maker)
        }
    }
  }

  /// `mcp.settings.streamable_http_path = "/"`, wherever the file of the server says so.
  private func setting(_ key: String, of server: PythonPlace) -> PythonExpression? {
    var found: PythonExpression?
    server.scope.file.module.statements.forEachDeep { statement in
      guard found == nil, case .assignment(let targets, let value) = statement.kind else { return }
      if targets.contains(where: { $0.dotted?.suffix(2) == ["settings", key] }) { found = value }
    }
    return found
  }

  private static func join(_ mount: String, _ path: String) -> String {
    let parts = (mount.split(separator: "/") + path.split(separator: "/"))
    return DisplayText.escape("/" + parts.joined(separator: "/"))
  }

  // MARK: Running

  private struct Served {
    let transport: MCPServer.Transport
    let source: Place
    let port: Int?
    let host: String?
    /// `pkg.mod:name`, where a module holds it.
    let name: String?
    /// The call that makes it.
    let maker: PythonPlace?
  }

  /// ASGI applications of servers that uvicorn is given in the code, or that a module holds for it, by server:
  /// `uvicorn.run(mcp.streamable_http_app, …)`, `app = mcp.http_app()`.
  private func servedApplications() -> [String: Served] {
    var found: [String: Served] = [:]
    func add(
      _ application: PythonExpression, _ scope: PythonScope, at location: Place, _ port: Int?,
      _ host: String?, _ name: String?
    ) {
      func note(_ server: PythonPlace, _ transport: MCPServer.Transport, _ maker: PythonPlace?) {
        guard found.count < 50, found[server.identity] == nil else { return }
        found[server.identity] = Served(
          transport: transport, source: location, port: port, host: host, name: name, maker: maker)
      }
      for endpoint in endpoints(of: PythonPlace(expression: application, scope: scope)) {
        note(endpoint.server, endpoint.transport, endpoint.maker)
      }
      // Uvicorn calls a factory itself.
      if case .attribute(let base, let method) = application.kind,
        let transport = Self.makers[method]
      {
        for server in index.makers(of: PythonPlace(expression: base, scope: scope))
        where isServer(server) {
          note(server, transport, nil)
        }
      }
    }
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      PythonIndex.forEachScope(file) { scope, statements in
        statements.flattened.forEachOwnExpression { expression in
          guard let (callee, arguments) = expression.call,
            case .external(let name)? = index.origin(of: callee, in: file),
            ["uvicorn.run", "uvicorn.Config", "uvicorn.main.run"].contains(name),
            let application = arguments.argument(0, "app")
          else { return }
          let port = arguments["port"].flatMap {
            PythonPort.read(PythonPlace(expression: $0, scope: scope), index)
          }
          let host = arguments["host"].flatMap {
            index.text(of: PythonPlace(expression: $0, scope: scope))
          }
          // A name of the module can be given to a server as it is.
          var holder: String?
          if let text = application.name, file.holds(text), scope.function?.locals[text] == nil {
            holder = "\(module(of: file)):\(text)"
          }
          add(
            application, scope, at: file.location(expression.offset), port, host ?? "127.0.0.1",
            holder)
        }
      }
    }
    // `uvicorn server:app` in a Dockerfile, a compose file or a Procfile.
    for command in PythonStartCommand.all(folder, in: tree, index) {
      guard let (file, name) = object(of: command) else { continue }
      for binding in file.bindings[name] ?? [] {
        guard let place = command.location else { continue }
        add(
          binding.value, PythonScope(file: file, function: nil), at: place, command.port,
          "0.0.0.0", "\(module(of: file)):\(name)")
      }
    }
    return found
  }

  /// The file and the name that a command gives to its server.
  private func object(of command: PythonStartCommand) -> (PythonFile, String)? {
    switch command.target {
    case .name(let text):
      let parts = text.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, let base = ProjectPath.resolve(command.appDir, from: folder) else {
        return nil
      }
      for root in [base, ProjectTree.join(folder, "src")] {
        let stem = ProjectTree.join(root, String(parts[0].replacing(".", with: "/")))
        if let file = index.files[stem + ".py"] ?? index.files[stem + "/__init__.py"] {
          return (file, String(parts[1]))
        }
      }
      return nil
    case .object(let path, let name): return index.files[path].map { ($0, name ?? "app") }
    case nil: return nil
    }
  }

  private struct Runs {
    var runs: [(transport: MCPServer.Transport, source: Place)] = []
    /// What a run may be besides, where it is chosen at run time.
    var choices: [(transport: MCPServer.Transport, source: Place)] = []
    var choiceSource: Place?
    var fallback: MCPServer.Transport?
    var port: Written<Int>?
    var mountsItself: [(MCPServer.Transport, String)] = []
    /// Another server takes in its tools.
    var isPart = false
    /// The host that is given to `run`.
    var host: String?
    /// `pkg.mod:name` of the ASGI application, where a module holds it.
    var application: String?
    var applicationMaker: PythonPlace?

    private static let streams: [String: MCPServer.Transport] = [
      "mcp.server.streamable_http_manager.StreamableHTTPSessionManager": .streamableHTTP,
      "mcp.server.streamable_http.StreamableHTTPServerTransport": .streamableHTTP,
      "mcp.server.sse.SseServerTransport": .sse, "mcp.server.stdio.stdio_server": .stdio,
    ]

    /// A low-level server is given its streams: what makes them in its file says what they are.
    mutating func takeStreams(of file: PythonFile, _ index: PythonIndex) {
      var made: [(transport: MCPServer.Transport, source: Place)] = []
      file.module.statements.forEachExpression { expression in
        guard let callee = expression.call?.function, made.count < 20,
          case .external(let name)? = index.origin(of: callee, in: file),
          let transport = Self.streams[name]
        else { return }
        made.append((transport, file.location(expression.offset)))
      }
      guard !made.isEmpty else { return }
      runs = made
    }

    mutating func addRun(
      _ method: String, _ written: PythonExpression?, _ place: PythonPlace, _ index: PythonIndex
    ) {
      let implied: MCPServer.Transport =
        method.contains("http") ? .streamableHTTP : method.contains("sse") ? .sse : .stdio
      guard let written else {
        runs.append((implied, place.location))
        return
      }
      if let text = index.text(of: PythonPlace(expression: written, scope: place.scope)),
        let named = transports[text]
      {
        runs.append((named, place.location))
        return
      }
      let choice = MCPTransportChoice(written, place.scope, index)
      fallback = fallback ?? choice.fallback
      choiceSource = place.location
      runs.append((choice.fallback ?? choice.possible.first?.transport ?? .stdio, place.location))
      choices += choice.possible
      // Where the code names one at most, any other may be meant too.
      if choice.possible.count < 2 {
        choices += [(.stdio, place.location), (.streamableHTTP, place.location)]
      }
    }
  }

  static let transports: [String: MCPServer.Transport] = [
    "stdio": .stdio, "sse": .sse, "http": .streamableHTTP, "streamable-http": .streamableHTTP,
  ]

  private static let methods: Set<String> = [
    "run", "run_async", "run_stdio_async", "run_sse_async", "run_streamable_http_async",
    "run_http_async", "mount",
    "mount_http", "mount_sse", "import_server",
  ]

  /// All calls of such methods; whose they are is asked later.
  private func methodCalls() -> [PythonPlace] {
    var found: [PythonPlace] = []
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      PythonIndex.forEachScope(file) { scope, statements in
        statements.flattened.forEachOwnExpression { expression in
          guard case .attribute(_, let method)? = expression.call?.function.kind,
            Self.methods.contains(method),
            found.count < 1000
          else { return }
          found.append(PythonPlace(expression: expression, scope: scope))
        }
      }
    }
    return found
  }

  /// How the code starts a server, or mounts it into an application by fastapi_mcp's own methods.
  private func runs(of server: PythonPlace, _ calls: [PythonPlace]) -> Runs {
    func isServer(_ expression: PythonExpression, _ scope: PythonScope) -> Bool {
      index.makers(of: PythonPlace(expression: expression, scope: scope)).contains {
        $0.identity == server.identity
      }
    }
    var found = Runs()
    for place in calls {
      guard let (callee, arguments) = place.expression.call,
        case .attribute(let base, let method) = callee.kind
      else {
        continue
      }
      if method == "mount" || method == "import_server" {
        found.isPart = found.isPart || arguments.contains { isServer($0.value, place.scope) }
      }
      guard isServer(base, place.scope), method != "import_server" else { continue }
      if method.hasPrefix("mount") {
        guard isOf(server, MCPObjects.fastapiMCP) else { continue }
        let path = arguments["mount_path"]?.string ?? (method == "mount_sse" ? "/sse" : "/mcp")
        found.mountsItself.append(
          (method == "mount_http" ? .streamableHTTP : .sse, DisplayText.escape(path)))
        continue
      }
      if let host = arguments["host"] {
        // What is computed may be anything, and a server in a container is given the open address.
        let text = index.text(of: PythonPlace(expression: host, scope: place.scope))
        found.host = found.host ?? text ?? "0.0.0.0"
      }
      if let port = arguments["port"].flatMap({
        PythonPort.read(PythonPlace(expression: $0, scope: place.scope), index)
      }) {
        found.port = found.port ?? Written(port, at: place.location)
      }
      // A low-level server's first argument is a stream.
      let written = isLowLevel(server) ? nil : arguments.argument(0, "transport")
      found.addRun(method, written, place, index)
    }
    return found
  }

  // MARK: What goes wrong in a container

  /// The session manager of a mounted application runs only in the lifespan of its host.
  private mutating func checkLifespan(
    _ endpoint: Endpoint, _ host: PythonPlace, at location: Place
  ) {
    let fix =
      isOf(endpoint.server, MCPObjects.fastmcp)
      ? "give the application the lifespan of the mounted one: `FastAPI(lifespan=mcp_app.lifespan)`"
      : "enter `mcp.session_manager.run()` in the lifespan of the application"
    func finding(_ message: String) -> Finding {
      Finding(id: "FORGE-M001", severity: .error, message: message, at: location, fix: fix)
    }
    let arguments = host.expression.call?.arguments ?? []
    guard let lifespan = arguments["lifespan"] else {
      if arguments.contains(where: { $0.stars == 2 }) { return }
      findings.append(
        finding(
          "the mounted MCP application is never started: the application has no lifespan, so that every request fails"
        ))
      return
    }
    // `mcp_app.lifespan`, `combine_lifespans(…)`: taken as right. A function of the project is looked into.
    guard case .member(let path, let name)? = index.origin(of: lifespan, in: host.scope.file),
      let function = index.files[path]?.functions[name]?.declaration
    else { return }
    var enters = false
    function.body.forEachExpression { expression in
      if case .attribute(_, let name) = expression.kind,
        ["session_manager", "lifespan", "lifespan_context"].contains(name)
      {
        enters = true
      }
      if let name = expression.call?.function.dotted?.last,
        name.lowercased().contains("mcp") || name.contains("lifespan")
      {
        enters = true
      }
    }
    if !enters {
      findings.append(
        finding(
          "the mounted MCP application is never started: `\(name)` does not enter it, so that every request fails"
        ))
    }
  }

  /// The SDK answers 421 to every host but localhost, until it is told the names of its own.
  /// - Parameters:
  ///   - maker: the call that makes the ASGI application.
  ///   - host: the address that the code gives to a run of the server's own. Version 1 has made its choice before, when
  ///     the server was made.
  private mutating func checkHosts(
    _ server: PythonPlace, _ maker: PythonPlace?, host: String? = nil, at location: Place
  ) {
    guard isOf(server, MCPObjects.sdk1.union(MCPObjects.sdk2)) else { return }
    // The guard came with 1.23.
    if let version = manifest?.version(of: "mcp")?.value,
      let numbers = VersionSpecifier.numbers(version),
      numbers.lexicographicallyPrecedes([1, 23])
    {
      return
    }
    let places = [server, maker].compactMap(\.self)
    let calls = places.compactMap { $0.expression.call?.arguments }
    guard
      !calls.contains(where: { $0["transport_security"] != nil || $0.contains { $0.stars == 2 } }),
      setting("transport_security", of: server) == nil
    else { return }
    var hosts = places.compactMap { place in
      place.expression.call?.arguments["host"].map {
        index.text(of: PythonPlace(expression: $0, scope: place.scope)) ?? "0.0.0.0"
      }
    }
    if isOf(server, MCPObjects.sdk2), maker == nil { hosts += [host].compactMap(\.self) }
    if let host = hosts.first, !Self.loopback.contains(host) { return }
    findings.append(
      Finding(
        id: "FORGE-M002", severity: .warning,
        message:
          "the MCP endpoint answers 421 to every host name but localhost: DNS rebinding protection knows no other",
        at: location,
        fix:
          "pass `transport_security=TransportSecuritySettings(allowed_hosts=[…])` with the service's public names"
      ))
  }

  private static let loopback = ["127.0.0.1", "localhost", "::1"]

  /// Forge serves a server that it can name on all addresses; one that only its own module can start listens where that
  /// says.
  private mutating func checkLoopback(_ host: String?, at location: Place) {
    if let host, !Self.loopback.contains(host) { return }
    findings.append(
      Finding(
        id: "FORGE-M003", severity: .warning,
        message:
          "the MCP server listens on 127.0.0.1, which cannot be reached from outside its container",
        at: location,
        fix: "pass `host=\"0.0.0.0\"`, or serve its ASGI application with uvicorn"))
  }

  /// Version 2 of the SDK renamed FastMCP, and has no module `mcp.server.fastmcp`.
  private mutating func checkVersion(_ server: PythonPlace) {
    let isFirst = isOf(server, MCPObjects.sdk1)
    guard isFirst || isOf(server, MCPObjects.sdk2), let manifest else { return }
    let locked = manifest.version(of: "mcp")
    let declared = manifest.dependency("mcp")
    let major: Int
    if let locked, let numbers = VersionSpecifier.numbers(locked.value) {
      major = numbers[0]
    } else if let declared {
      // An open range installs the newest.
      guard let set = VersionSpecifier(declared.requirement.specifier) else { return }
      major = set.allows([2, 99]) || set.allows([2]) ? 2 : 1
    } else {
      return
    }
    guard (major >= 2) == isFirst else { return }
    findings.append(
      Finding(
        id: "FORGE-M004", severity: .error,
        message: isFirst
          ? "`mcp.server.fastmcp` is of version 1 of mcp, but version 2 will be installed: the import fails"
          : "`MCPServer` is of version 2 of mcp, but version 1 will be installed: the import fails",
        at: server.location,
        fix: isFirst
          ? "require `mcp>=1.23,<2`, or move to `from mcp.server import MCPServer`"
          : "require `mcp>=2,<3` (\((locked?.place ?? declared?.location)?.description ?? "the requirements"))"
      ))
  }
}
