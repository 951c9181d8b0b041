import ForgeBasics
import ForgeCodebase
import ForgeSyntax

extension NextConfig {
  /// Reads the keys of `NextSettings`, with the older names that some of them had below `experimental`.
  mutating func readSettings(_ folder: String, _ version: SemanticVersion?) {
    settings.assetPrefix = text("assetPrefix")
    settings.trailingSlash = flag(["trailingSlash"])
    settings.imagesUnoptimized = flag(["images", "unoptimized"])
    settings.imageLoader = text("images", "loader").flatMap { $0 == "default" ? nil : $0 }
    settings.externalPackages =
      texts("serverExternalPackages") ?? texts("experimental", "serverComponentsExternalPackages")
      ?? []
    settings.transpilePackages = texts("transpilePackages") ?? []
    settings.locales = texts("i18n", "locales") ?? []
    settings.hasRewrites = location(of: ["rewrites"]) != nil && isSet("rewrites")
    settings.hasWebpack = location(of: ["webpack"]) != nil && isSet("webpack")
    readCacheHandler(folder)
    readTracingRoot(folder)
    settings.unknown = doubts.keys.sorted(by: ProjectTree.precedes)
    judge(version)
  }

  private mutating func readCacheHandler(_ folder: String) {
    let written =
      text("cacheHandler") ?? text("experimental", "incrementalCacheHandlerPath")
      // `require.resolve("./handler")` is not followed.
      ?? (location(of: ["cacheHandler"]) != nil && isSet("cacheHandler") ? "" : nil)
    guard let written else { return }
    settings.cacheHandler = Self.projectPath(written, from: folder).flatMap {
      ProjectPath.relative($0, to: folder)
    }
    if settings.cacheHandler == nil {
      doubts["cacheHandler"] = doubts["cacheHandler"] ?? "it is computed"
    }
  }

  private mutating func readTracingRoot(_ folder: String) {
    let written = text("outputFileTracingRoot") ?? text("experimental", "outputFileTracingRoot")
    guard let written else { return }
    places["outputFileTracingRoot"] =
      location(of: ["outputFileTracingRoot"])
      ?? location(of: ["experimental", "outputFileTracingRoot"])
    guard let path = Self.projectPath(written, from: folder) else {
      doubts["outputFileTracingRoot"] = "it leads out of the analysed folder"
      return
    }
    settings.tracingRoot = path
  }

  /// A path of the configuration below the analysed root; nil when it lies outside.
  private static func projectPath(_ written: String, from folder: String) -> String? {
    let root = JSModule.Surroundings.root
    if written == root { return "." }
    if written.hasPrefix(root + "/") {
      return ProjectPath.resolve(String(written.dropFirst(root.count + 1)), from: ".")
    }
    return ProjectPath.resolve(written, from: folder)
  }

  private mutating func judge(_ version: SemanticVersion?) {
    if settings.hasWebpack, let version, version.major >= 16, let place = location(of: ["webpack"])
    {
      hasWebpackUnderTurbopack = place
    }
    let exportOnly = [("rewrites", settings.hasRewrites), ("i18n", !settings.locales.isEmpty)]
      .filter(\.1)
    if output == .export, let (key, _) = exportOnly.first {
      add(
        "FORGE-N050", key == "i18n" ? .error : .warning,
        "\(key) does not work with output: 'export'",
        location(of: [key]) ?? (file ?? "") + ":1",
        "take it out, or serve the application with a server")
    }
  }

  // MARK: Keys

  private func found(_ path: [String]) -> JSValue? {
    path.reduce(Optional(root)) { value, key in value?[key] }.flatMap {
      $0.settled.isAbsent ? nil : $0
    }
  }

  private func isSet(_ path: String...) -> Bool {
    found(path).map { value in value.possibilities.contains { !$0.isAbsent && $0.bool != false } }
      ?? false
  }

  private mutating func text(_ path: String...) -> String? {
    guard let value = found(path) else { return nil }
    if value.string == nil { doubt(path, value) }
    return value.string.flatMap { $0.utf8.count <= 2_048 ? $0 : nil }
  }

  private mutating func flag(_ path: [String]) -> Bool? {
    guard let value = found(path) else { return nil }
    if value.bool == nil { doubt(path, value) }
    return value.bool
  }

  private mutating func texts(_ path: String...) -> [String]? {
    guard let value = found(path) else { return nil }
    let lists = value.possibilities.map { possibility -> [String]? in
      guard case .array(let elements) = possibility else { return nil }
      let texts = elements.prefix(1_000).map(\.string)
      return texts.contains(nil) ? nil : texts.compactMap(\.self)
    }
    guard let list = lists.first, let list, lists.allSatisfy({ $0 == list }) else {
      doubt(path, value)
      return nil
    }
    return list
  }

  /// Only of keys that are written: what a function of another package may add, nobody can list.
  private mutating func doubt(_ path: [String], _ value: JSValue) {
    guard let key = path.last, location(of: path) != nil else { return }
    doubts[key] = value.reason ?? "it is computed"
  }
}
