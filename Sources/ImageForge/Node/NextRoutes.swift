import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// The routes of a Next.js application, as its folders tell.
struct NextRoutes {
  /// Nil when there is no route.
  private(set) var router: NextFacts.Router?
  /// The path of a route that answers a health check, without `basePath`.
  private(set) var healthPath: String?
  /// The file of that route.
  private(set) var healthFile: String?
  /// A file of each router.
  private(set) var evidence: [String] = []

  private static let codeExtensions: Set<Substring> = ["tsx", "ts", "jsx", "js", "mdx", "md"]
  private static let healthNames = [
    "health", "healthz", "livez", "healthcheck", "health-check", "_health", "ready", "readyz",
    "ping",
  ]

  init(_ folder: String, in tree: ProjectTree) {
    let app = Self.place("app", folder, tree) { name in
      ["page", "route", "layout", "default"].contains(name)
    }
    let pages = Self.place("pages", folder, tree) { _ in true }
    router =
      switch (app, pages) {
      case (nil, nil): nil
      case (_?, nil): .app
      case (nil, _?): .pages
      case (_?, _?): .both
      }
    evidence = [app, pages].compactMap { place in
      place.flatMap { place in
        tree.files(below: place).first {
          Self.split($0).map { Self.codeExtensions.contains($0.suffix) } ?? false
        }
      }
    }.map { $0 + ":1" }
    let all =
      (app.map { Self.appRoutes($0, tree) } ?? [])
      + (pages.map { Self.pagesRoutes($0, tree) } ?? [])
    let best = all.min {
      ($0.rank, $0.path.utf8.count, $0.path) < ($1.rank, $1.path.utf8.count, $1.path)
    }
    (healthPath, healthFile) = (best?.path, best?.file)
  }

  /// `app` beats `src/app`; a folder counts when it holds a file that makes a route.
  private static func place(
    _ name: String, _ folder: String, _ tree: ProjectTree, _ makesRoute: (Substring) -> Bool
  ) -> String? {
    [name, "src/" + name].map { ProjectTree.join(folder, $0) }.first { place in
      tree.files(below: place).contains { path in
        guard let (stem, suffix) = split(path), codeExtensions.contains(suffix) else {
          return false
        }
        return makesRoute(stem)
      }
    }
  }

  private static func split(_ path: String) -> (stem: Substring, suffix: Substring)? {
    let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
    guard let dot = name.lastIndex(of: ".") else { return nil }
    return (name[..<dot], name[name.index(after: dot)...])
  }

  private typealias Route = (path: String, rank: Int, file: String)

  /// `app/(ops)/api/health/route.ts` answers at `/api/health`.
  private static func appRoutes(_ place: String, _ tree: ProjectTree) -> [Route] {
    tree.files(below: place).compactMap { file in
      guard let (stem, suffix) = split(file), stem == "route", ["ts", "js"].contains(suffix),
        let folders = ProjectPath.relative(ProjectTree.parent(file), to: place)
      else { return nil }
      let segments = folders.split(separator: "/").filter {
        !($0.hasPrefix("(") && $0.hasSuffix(")"))
      }
      guard let route = route(segments, file), answersGet(file, tree) else { return nil }
      return route
    }
  }

  /// `pages/api/health.ts` and `pages/api/health/index.ts` answer at `/api/health`.
  private static func pagesRoutes(_ place: String, _ tree: ProjectTree) -> [Route] {
    tree.files(below: ProjectTree.join(place, "api")).compactMap { file in
      guard let (stem, suffix) = split(file), codeExtensions.contains(suffix),
        let folders = ProjectPath.relative(ProjectTree.parent(file), to: place)
      else { return nil }
      return route(folders.split(separator: "/") + (stem == "index" ? [] : [stem]), file)
    }
  }

  /// A health route by its last segment; dynamic, private and parallel ones are none.
  private static func route(_ segments: [Substring], _ file: String) -> Route? {
    guard let last = segments.last, let rank = healthNames.firstIndex(of: last.lowercased()) else {
      return nil
    }
    let isStatic = segments.allSatisfy {
      !$0.hasPrefix("[") && !$0.hasPrefix("@") && !$0.hasPrefix("(")
        && ProjectPath.isPlain(String($0))
    }
    return isStatic ? ("/" + segments.joined(separator: "/"), rank, file) : nil
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
      guard
        let source = try? tree.read(
          ProjectTree.join(folder, name), limit: ProjectTree.maximumSourceSize)
      else {
        return false
      }
      return JSTokenizer.tokenize(source, jsx: false).contains { token in
        token.kind == .string && JSString.value(source.bytes[token.range]) == "next"
      }
    }
  }
}
