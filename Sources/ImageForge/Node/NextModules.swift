import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// The modules that `next build` loads, found by following imports from the routes and from the configuration.
struct NextModules {
  /// What the routes are made of.
  let routed: Set<String>
  /// What the routes or the configuration are made of.
  let loaded: Set<String>

  /// A package whose modules are compiled with the application: its own, or a member of the workspace.
  private struct Package {
    let folder: String
    let name: String?
    let exports: JSON?
    let main: String?
    /// `compilerOptions.paths`, each with the folder that it is relative to.
    let aliases: [(pattern: String, targets: [String])]
  }

  private static let endings = [
    "", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", "/index.ts", "/index.tsx",
    "/index.js", "/index.jsx", "/index.mjs",
  ]
  private static let routeStems: Set<Substring> = [
    "page", "layout", "route", "template", "default", "loading", "error", "global-error",
    "not-found", "global-not-found", "forbidden", "unauthorized", "sitemap", "robots", "manifest",
    "icon", "apple-icon", "opengraph-image", "twitter-image",
  ]
  private static let extensions: Set<Substring> = ["js", "jsx", "ts", "tsx", "mjs", "mts", "cjs"]

  private let tree: ProjectTree
  private let packages: [Package]

  /// - Parameters:
  ///   - members: folders of the workspace's members that the application needs, its own left out.
  ///   - specifiers: what each file imports.
  init(
    _ folder: String, members: [String], configFiles: Set<String>,
    specifiers: [String: [String]], in tree: ProjectTree
  ) {
    let packages = ([folder] + members).map { Self.package($0, tree) }
    self.tree = tree
    self.packages = packages
    let finder = Finder(tree: tree, packages: packages, specifiers: specifiers)
    routed = finder.reachable(from: Self.routes(folder, tree))
    let config = configFiles.filter { Self.isCode($0) }
    loaded = routed.union(finder.reachable(from: config.sorted()))
  }

  // MARK: Routes

  private static func isCode(_ path: String) -> Bool {
    guard let dot = path.lastIndex(of: ".") else { return false }
    return extensions.contains(path[path.index(after: dot)...])
  }

  private static func routes(_ folder: String, _ tree: ProjectTree) -> [String] {
    ["app", "src/app", "pages", "src/pages"].flatMap { name in
      let isApp = name.hasSuffix("app")
      return tree.files(below: ProjectTree.join(folder, name)).filter { path in
        guard isCode(path) else { return false }
        return !isApp || routeStems.contains(ProjectTree.name(path).prefix { $0 != "." })
      }
    }
  }

  // MARK: Packages

  private static func package(_ folder: String, _ tree: ProjectTree) -> Package {
    let manifest = (try? NodeManifest.read(folder, in: tree)) ?? nil
    return Package(
      folder: folder, name: manifest?.name, exports: manifest?.root["exports"],
      main: manifest?.root["main"]?.string, aliases: aliases(folder, tree))
  }

  private static func aliases(
    _ folder: String, _ tree: ProjectTree
  ) -> [(pattern: String, targets: [String])] {
    let names = ["tsconfig.json", "jsconfig.json"]
    guard
      let path = names.map({ ProjectTree.join(folder, $0) }).first(where: tree.hasFile)
    else { return [] }
    return aliases(inFile: path, tree, depth: 0)
  }

  private static func aliases(
    inFile path: String, _ tree: ProjectTree, depth: Int
  ) -> [(pattern: String, targets: [String])] {
    guard depth < 4, let source = try? tree.read(path, limit: 1 << 20),
      let root = try? JSON.parse(source, .projectWithComments)
    else { return [] }
    let folder = ProjectTree.parent(path)
    let options = root["compilerOptions"]
    let base = ProjectPath.resolve(options?["baseUrl"]?.string ?? ".", from: folder) ?? folder
    let paths = (options?["paths"]?.members ?? []).prefix(500).map { member in
      let targets = member.value.elements.compactMap(\.string).compactMap {
        ProjectPath.resolve($0, from: base)
      }
      return (pattern: member.key, targets: targets)
    }
    if !paths.isEmpty { return paths }
    guard let parent = root["extends"]?.string, parent.hasPrefix("."),
      let next = ProjectPath.resolve(parent, from: folder)
    else { return [] }
    let file = [next, next + ".json"].first(where: tree.hasFile)
    return file.map { aliases(inFile: $0, tree, depth: depth + 1) } ?? []
  }

  // MARK: Following

  private struct Finder {
    let tree: ProjectTree
    let packages: [Package]
    let specifiers: [String: [String]]

    /// Files that are imported from these, and these themselves.
    func reachable(from files: [String]) -> Set<String> {
      var found = Set(files)
      var waiting = files
      while let next = waiting.popLast() {
        for specifier in specifiers[next] ?? [] {
          guard let path = resolve(specifier, from: next), found.insert(path).inserted else {
            continue
          }
          waiting.append(path)
        }
      }
      return found
    }

    private func resolve(_ specifier: String, from file: String) -> String? {
      if specifier.hasPrefix(".") {
        return ProjectPath.resolve(specifier, from: ProjectTree.parent(file)).flatMap(module)
      }
      let owner = packages.filter { file.hasPrefix($0.folder + "/") || $0.folder == "." }
        .max { $0.folder.utf8.count < $1.folder.utf8.count }
      for (pattern, targets) in owner?.aliases ?? [] {
        guard let rest = rest(of: specifier, pattern) else { continue }
        let candidates = targets.map { target in
          guard let star = target.firstIndex(of: "*") else { return target }
          return target[..<star] + rest + target[target.index(after: star)...]
        }
        if let path = candidates.lazy.compactMap({ module($0) }).first { return path }
      }
      return member(specifier)
    }

    /// What the star of a pattern stands for.
    private func rest(of specifier: String, _ pattern: String) -> String? {
      guard let star = pattern.firstIndex(of: "*") else {
        return specifier == pattern ? "" : nil
      }
      let (head, tail) = (pattern[..<star], pattern[pattern.index(after: star)...])
      guard specifier.hasPrefix(head), specifier.hasSuffix(tail),
        specifier.utf8.count >= head.utf8.count + tail.utf8.count
      else { return nil }
      return String(specifier.dropFirst(head.count).dropLast(tail.count))
    }

    private func member(_ specifier: String) -> String? {
      for package in packages {
        guard let name = package.name, specifier == name || specifier.hasPrefix(name + "/")
        else { continue }
        let inner = "." + specifier.dropFirst(name.count)
        if let target = target(package.exports, inner) ?? (inner == "." ? package.main : nil),
          let path = ProjectPath.resolve(target, from: package.folder).flatMap(module)
        {
          return path
        }
        let places = [package.folder, ProjectTree.join(package.folder, "src")]
        for place in places {
          let stem = inner == "." ? "index" : String(inner.dropFirst(2))
          if let path = module(ProjectTree.join(place, stem)) { return path }
        }
      }
      return nil
    }

    /// What `exports` gives for a subpath: a text, or the first of its conditions that is one.
    private func target(_ exports: JSON?, _ inner: String) -> String? {
      guard let exports else { return nil }
      if inner == ".", let text = exports.string { return text }
      if let value = exports[inner] { return first(value, depth: 0) }
      for member in exports.members {
        guard let rest = rest(of: inner, member.key), member.key.contains("*"),
          let text = first(member.value, depth: 0)
        else { continue }
        return text.replacing("*", with: rest)
      }
      return nil
    }

    private func first(_ value: JSON, depth: Int) -> String? {
      if let text = value.string { return text }
      guard depth < 4 else { return nil }
      for member in value.members where member.key != "types" {
        if let text = first(member.value, depth: depth + 1) { return text }
      }
      return nil
    }

    /// The file of a module, by its path without ending; TypeScript is imported under the name that it is compiled to.
    private func module(_ stem: String) -> String? {
      if let path = NextModules.endings.lazy.map({ stem + $0 }).first(where: tree.hasFile) {
        return path
      }
      guard stem.hasSuffix(".js") else { return nil }
      let bare = stem.dropLast(3)
      return [bare + ".ts", bare + ".tsx"].map(String.init).first(where: tree.hasFile)
    }
  }
}
