import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeJavaScript
import ForgeSyntax

/// The routes of a Next.js application, as its folders tell.
struct NextRoutes {
  /// A route that answers a health check.
  private struct HealthRoute {
    /// Without `basePath`.
    let path: String
    /// How well its name says what it is; the smaller the better.
    let rank: Int
    let file: String
  }

  /// A file that answers requests, and the path under which it does.
  struct Handler {
    let path: String
    let file: String
  }

  /// Route handlers of the app router and API routes of the pages router; a `[transport]` is `mcp`, as mcp-handler has it.
  let handlers: [Handler]
  /// The value is nil when there is no route.
  let router: Fact<NextFacts.Router?>
  private let health: HealthRoute?

  private static let codeExtensions: Set<Substring> = ["tsx", "ts", "jsx", "js", "mdx", "md"]
  private static let healthNames = [
    "health", "healthz", "livez", "healthcheck", "health-check", "_health", "ready", "readyz",
    "ping",
  ]

  init(_ folder: String, in tree: ProjectTree) {
    let app = Self.routeFolder("app", below: folder, in: tree) { name in
      ["page", "route", "layout", "default"].contains(name)
    }
    let pages = Self.routeFolder("pages", below: folder, in: tree) { _ in true }
    router = Self.router(app: app, pages: pages, in: tree)
    handlers = Self.handlers(app: app, pages: pages, in: tree)
    let found =
      (app.map { Self.appRoutes($0, tree) } ?? [])
      + (pages.map { Self.pagesRoutes($0, tree) } ?? [])
    health = found.min {
      ($0.rank, $0.path.utf8.count, $0.path) < ($1.rank, $1.path.utf8.count, $1.path)
    }
  }

  /// The path that answers a health check; nil where no route does.
  func healthPath(below basePath: String?) -> Fact<String?> {
    guard let health else {
      return Fact(nil, .unknown, why: "no route has the name of a health check")
    }
    return Fact(
      (basePath ?? "") + health.path, .likely, evidence: [.source(file: health.file, line: 1)],
      why: "a route of that name answers GET")
  }

  // MARK: The routers

  private static func router(app: String?, pages: String?, in tree: ProjectTree)
    -> Fact<NextFacts.Router?>
  {
    let router: NextFacts.Router
    switch (app, pages) {
    case (nil, nil): return Fact(nil, .unknown, why: "no folder holds a route")
    case (_?, nil): router = .app
    case (nil, _?): router = .pages
    case (_?, _?): router = .both
    }
    let evidence = [app, pages].compactMap(\.self).compactMap { folder in
      tree.files(below: folder).first(where: isCode).map { Place.source(file: $0, line: 1) }
    }
    return Fact(router, .certain, evidence: evidence, why: "the folders hold routes")
  }

  /// `app` beats `src/app`; a folder counts when it holds a file that makes a route.
  private static func routeFolder(
    _ name: String, below folder: String, in tree: ProjectTree,
    makesRoute: (Substring) -> Bool
  ) -> String? {
    [name, "src/" + name].map { ProjectTree.join(folder, $0) }.first { place in
      tree.files(below: place).contains { path in
        isCode(path) && nameParts(of: path).map { makesRoute($0.stem) } == true
      }
    }
  }

  private static func isCode(_ path: String) -> Bool {
    guard let parts = nameParts(of: path) else { return false }
    return codeExtensions.contains(parts.extension)
  }

  private static func nameParts(of path: String) -> (stem: Substring, extension: Substring)? {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let name = path[start...]
    guard let dot = name.lastIndex(of: ".") else { return nil }
    return (name[..<dot], name[name.index(after: dot)...])
  }

  private static func handlers(app: String?, pages: String?, in tree: ProjectTree) -> [Handler] {
    let routes = (app.map { tree.files(below: $0) } ?? []).filter {
      nameParts(of: $0)?.stem == "route"
    }
    let api = (pages.map { tree.files(below: ProjectTree.join($0, "api")) } ?? []).filter(isCode)
    return (routes + api).compactMap { file in
      guard let name = nameParts(of: file), ["ts", "js", "tsx", "mjs"].contains(name.extension),
        let top = [app, pages].compactMap(\.self).first(where: {
          ProjectPath.relative(file, to: $0) != nil
        }), let folders = ProjectPath.relative(ProjectTree.parent(file), to: top)
      else { return nil }
      var segments = folders.split(separator: "/").filter { !$0.hasPrefix("(") && $0 != "." }
      if name.stem != "route", name.stem != "index" { segments.append(name.stem) }
      let path = segments.map { segment -> Substring in
        guard segment.hasPrefix("[") else { return segment }
        return segment.contains("transport") ? "mcp" : segment
      }
      return Handler(path: "/" + path.joined(separator: "/"), file: file)
    }
  }

  // MARK: Health

  /// `app/(ops)/api/health/route.ts` answers at `/api/health`.
  private static func appRoutes(_ folder: String, _ tree: ProjectTree) -> [HealthRoute] {
    tree.files(below: folder).compactMap { file in
      guard let name = nameParts(of: file), name.stem == "route",
        ["ts", "js"].contains(name.extension),
        let folders = ProjectPath.relative(ProjectTree.parent(file), to: folder)
      else { return nil }
      let segments = folders.split(separator: "/").filter {
        !($0.hasPrefix("(") && $0.hasSuffix(")"))
      }
      guard let route = healthRoute(segments, file), answersGet(file, tree) else { return nil }
      return route
    }
  }

  /// `pages/api/health.ts` and `pages/api/health/index.ts` answer at `/api/health`.
  private static func pagesRoutes(_ folder: String, _ tree: ProjectTree) -> [HealthRoute] {
    tree.files(below: ProjectTree.join(folder, "api")).compactMap { file in
      guard let name = nameParts(of: file), codeExtensions.contains(name.extension),
        let folders = ProjectPath.relative(ProjectTree.parent(file), to: folder)
      else { return nil }
      var segments = folders.split(separator: "/")
      if name.stem != "index" { segments.append(name.stem) }
      return healthRoute(segments, file)
    }
  }

  /// A health route by its last segment; dynamic, private and parallel ones are none.
  private static func healthRoute(_ segments: [Substring], _ file: String) -> HealthRoute? {
    guard let last = segments.last, let rank = healthNames.firstIndex(of: last.lowercased()) else {
      return nil
    }
    // What stands below these asks who calls.
    let guarded = ["auth", "authenticated", "protected", "private", "admin", "dashboard"]
    guard !segments.contains(where: { guarded.contains($0.lowercased()) }) else { return nil }
    let isStatic = segments.allSatisfy { segment in
      !["[", "@", "("].contains(where: segment.hasPrefix) && ProjectPath.isPlain(String(segment))
    }
    guard isStatic else { return nil }
    return HealthRoute(path: "/" + segments.joined(separator: "/"), rank: rank, file: file)
  }

  private static func answersGet(_ file: String, _ tree: ProjectTree) -> Bool {
    guard let source = try? tree.read(file, limit: ProjectTree.maximumSourceSize) else {
      return false
    }
    return JSTokenizer.tokenize(source, jsx: false).contains { token in
      token.kind == .identifier && source.bytes[token.range].elementsEqual("GET".utf8)
    }
  }
}

/// A server of the project's own in the place of `next start`.
enum NextCustomServer {
  private static let names = [
    "server.js", "server.mjs", "server.cjs", "server.ts", "server.mts", "server/index.js",
    "server/index.ts",
  ]

  /// The file, relative to the service, that imports `next` itself.
  static func find(_ folder: String, in tree: ProjectTree) -> String? {
    names.first { name in
      let path = ProjectTree.join(folder, name)
      guard let source = try? tree.read(path, limit: ProjectTree.maximumSourceSize) else {
        return false
      }
      return JSTokenizer.tokenize(source, jsx: false).contains { token in
        token.kind == .string && JSString.value(source.bytes[token.range]) == "next"
      }
    }
  }
}
