import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// Routes, and which application or router includes or mounts which. An object is known by the call that makes it.
struct FastAPIRoutes: Sendable {
  struct Route: Sendable {
    let path: String
    let location: Place
    /// Whether it can be called without credentials, as far as its decorator tells.
    let isOpen: Bool
  }

  private struct Edge: Sendable {
    let prefix: String
    let child: String
    let isMount: Bool
  }

  /// Where an application mounts another ASGI application.
  struct Mount: Sendable {
    let path: String
    /// The constructors of the host application.
    let hosts: [PythonPlace]
    let mounted: PythonPlace
    let location: Place
  }

  private let index: PythonIndex
  /// GET routes by owner.
  private var routes: [String: [Route]] = [:]
  private var edges: [String: [Edge]] = [:]
  private var ownPrefix: [String: String] = [:]
  private(set) var mounts: [Mount] = []

  private static let owners = FastAPIObjects.application.union(FastAPIObjects.router)
    .union(MCPObjects.servers).union(["starlette.applications.Starlette"])

  init(_ index: PythonIndex) {
    self.index = index
    for path in index.paths {
      guard let file = index.files[path] else { continue }
      var scopes: [(PythonScope, [PythonStatement])] = []
      PythonIndex.forEachScope(file) { scopes.append(($0, $1)) }
      for (scope, statements) in scopes {
        for statement in statements.flattened { read(statement, scope) }
      }
    }
  }

  private mutating func read(_ statement: PythonStatement, _ scope: PythonScope) {
    if case .function(let function) = statement.kind {
      for decorator in function.decorators {
        if let (callee, arguments) = decorator.call {
          addRoute(callee, arguments, scope, decorator.offset)
        }
      }
      return
    }
    var calls: [PythonExpression] = []
    [statement].forEachOwnExpression { if $0.call != nil { calls.append($0) } }
    for expression in calls {
      guard let (callee, arguments) = expression.call else { continue }
      let place = PythonPlace(expression: expression, scope: scope)
      if index.isConstructor(place, Self.owners) {
        if let prefix = arguments["prefix"] {
          ownPrefix[place.identity] =
            index.text(of: PythonPlace(expression: prefix, scope: scope)) ?? unknown
        }
        addMounts(in: arguments["routes"], of: [place], scope)
      }
      // `app.get("/health")(check)`: a decorator called by hand.
      if let (decorator, own) = callee.call {
        addRoute(decorator, own, scope, callee.offset)
        continue
      }
      guard case .attribute(let base, let method) = callee.kind else { continue }
      switch method {
      case "include_router":
        guard let router = arguments.argument(0, "router") else { continue }
        addEdges(base, router, arguments["prefix"], scope, isMount: false)
      case "mount":
        guard let path = arguments.argument(0, "path"), let mounted = arguments.argument(1, "app")
        else { continue }
        addEdges(base, mounted, path, scope, isMount: true)
        addMount(
          path: path, hosts: owners(base, scope), PythonPlace(expression: mounted, scope: scope),
          scope.file.location(expression.offset))
      case "add_api_route", "add_route":
        addRoute(callee, arguments, scope, expression.offset)
      default: break
      }
    }
  }

  /// A prefix that cannot be read from the code: what is below is left out.
  private let unknown = "\0"

  private func owners(_ expression: PythonExpression, _ scope: PythonScope) -> [PythonPlace] {
    // `app.router` adds to the application itself.
    if case .attribute(let base, "router") = expression.kind {
      let hosts = owners(base, scope)
      if !hosts.isEmpty { return hosts }
    }
    // `app` may be wrapped, and `x: FastAPI` may be a parameter.
    let place = PythonPlace(expression: expression, scope: scope)
    let found = index.constructors(of: place, Self.owners)
    return found.isEmpty ? FastAPIObjects.constructors(of: place, in: index).places : found
  }

  private static let reading: Set<String> = [
    "get", "api_route", "route", "add_api_route", "add_route", "custom_route",
  ]

  private mutating func addRoute(
    _ callee: PythonExpression, _ arguments: [PythonArgument], _ scope: PythonScope, _ offset: Int
  ) {
    guard case .attribute(let base, let method) = callee.kind, Self.reading.contains(method)
    else { return }
    addRoute(arguments, to: owners(base, scope), scope, offset)
  }

  private mutating func addRoute(
    _ arguments: [PythonArgument], to owners: [PythonPlace], _ scope: PythonScope, _ offset: Int
  ) {
    guard let path = arguments.argument(0, "path"),
      let text = index.text(of: PythonPlace(expression: path, scope: scope))
    else { return }
    if let methods = arguments["methods"]?.elements,
      !methods.contains(where: { $0.string?.uppercased() == "GET" })
    {
      return
    }
    let route = Route(
      path: text, location: scope.file.location(offset), isOpen: arguments["dependencies"] == nil)
    for owner in owners { routes[owner.identity, default: []].append(route) }
  }

  private mutating func addEdges(
    _ parent: PythonExpression, _ child: PythonExpression, _ prefix: PythonExpression?,
    _ scope: PythonScope,
    isMount: Bool
  ) {
    let text =
      prefix.map { index.text(of: PythonPlace(expression: $0, scope: scope)) ?? unknown } ?? ""
    // `include_router(users)` with a module is a mistake of the project; with `users.router` it resolves.
    let children = owners(child, scope)
    for owner in owners(parent, scope) {
      for child in children where child.identity != owner.identity {
        edges[owner.identity, default: []].append(
          Edge(prefix: text, child: child.identity, isMount: isMount))
      }
    }
  }

  // MARK: Mounts

  private mutating func addMount(
    path: PythonExpression, hosts: [PythonPlace], _ mounted: PythonPlace, _ location: Place
  ) {
    guard let text = index.text(of: PythonPlace(expression: path, scope: mounted.scope)) else {
      return
    }
    mounts.append(Mount(path: text, hosts: hosts, mounted: mounted, location: location))
  }

  /// `FastAPI(routes=[Mount("/mcp", app=…), Route("/health", check)])`.
  private mutating func addMounts(
    in list: PythonExpression?, of hosts: [PythonPlace], _ scope: PythonScope
  ) {
    for route in list?.elements ?? [] {
      guard let (callee, arguments) = route.call, let kind = callee.dotted?.last else { continue }
      if ["Route", "APIRoute"].contains(kind) {
        addRoute(arguments, to: hosts, scope, route.offset)
        continue
      }
      guard kind == "Mount",
        let path = arguments.argument(0, "path"), let mounted = arguments.argument(1, "app")
      else { continue }
      addMount(
        path: path, hosts: hosts, PythonPlace(expression: mounted, scope: scope),
        scope.file.location(route.offset))
    }
  }

  // MARK: Questions

  /// Whether another application mounts this one.
  func isMounted(_ application: FastAPIObjects.Application) -> Bool {
    let own = Set(application.constructors.map(\.identity))
    return edges.contains { parent, edges in
      !own.contains(parent) && edges.contains { $0.isMount && own.contains($0.child) }
    }
  }

  /// How much hangs on an application: routes, routers and mounts of its own.
  func weight(of application: FastAPIObjects.Application) -> Int {
    application.constructors.reduce(0) { sum, place in
      sum + (routes[place.identity]?.count ?? 0) + 5 * (edges[place.identity]?.count ?? 0)
    }
  }

  /// All GET routes of an application, with their whole path.
  /// - Parameter onUnknown: called where a part of the application has a prefix that cannot be read.
  func all(of constructors: [PythonPlace], onUnknown: () -> Void = {}) -> [Route] {
    var found: [Route] = []
    var seen: Set<String> = []
    var waiting = constructors.map { (id: $0.identity, prefix: "", depth: 0) }
    while let (id, prefix, depth) = waiting.popLast() {
      guard depth < 16, found.count < 5000, seen.count < 5000,
        seen.insert("\(id) \(prefix)").inserted
      else { continue }
      guard ownPrefix[id] != unknown else {
        onUnknown()
        continue
      }
      let base = prefix + (ownPrefix[id] ?? "")
      for route in routes[id] ?? [] {
        found.append(Route(path: base + route.path, location: route.location, isOpen: route.isOpen))
      }
      for edge in edges[id] ?? [] {
        guard edge.prefix != unknown else {
          onUnknown()
          continue
        }
        let step =
          edge.isMount && edge.prefix.hasSuffix("/") ? String(edge.prefix.dropLast()) : edge.prefix
        waiting.append((edge.child, base + step, depth + 1))
      }
    }
    return found
  }

  /// Last parts of paths under which services answer whether they are alive; the better first.
  private static let healthNames = [
    "livez", "healthz", "health", "live", "liveness", "alive", "health-check", "healthcheck",
    "health_check", "ping",
    "heartbeat",
    "readyz", "status",
  ]

  /// The route to ask whether the service is alive.
  func health(of constructors: [PythonPlace]) -> Route? {
    let candidates = all(of: constructors).compactMap { route -> (route: Route, rank: [Int])? in
      guard route.isOpen, Self.isPlainPath(route.path) else { return nil }
      let parts = route.path.split(separator: "/")
      guard let last = parts.last,
        last != "status" || parts.dropLast().allSatisfy(Self.isGeneralPart),
        let place = Self.healthNames.firstIndex(of: String(last))
      else { return nil }
      return (route, [place, parts.count])
    }
    // `/health/live` says more than `/health`, but only the shallow one is sure to ask nothing else.
    return candidates.min {
      $0.rank.lexicographicallyPrecedes($1.rank)
        || ($0.rank == $1.rank && $0.route.path < $1.route.path)
    }?.route
  }

  /// Parts that say nothing of what a status is of: `/api/v1/status`, but not `/payments/status`.
  private static func isGeneralPart(_ part: Substring) -> Bool {
    ["api", "utils", "system", "internal", "ops", "health"].contains(part)
      || (part.first == "v" && part.dropFirst().allSatisfy(\.isNumber))
  }

  /// A path that can be asked for as it stands, and can stand in a Dockerfile.
  private static func isPlainPath(_ path: String) -> Bool {
    path.hasPrefix("/") && path.utf8.count <= 256
      && path.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "._-/~".utf8.contains(byte)
        }
      }
  }
}
