import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeJavaScript
import ForgeSyntax

extension NextConfig {
  /// Reads the keys of `NextSettings`, with the older names that some of them had below `experimental`.
  mutating func readSettings(_ folder: String, _ version: SemanticVersion?) {
    settings.assetPrefix = text("assetPrefix")
    settings.trailingSlash = flag(["trailingSlash"])
    settings.imagesUnoptimized = flag(["images", "unoptimized"])
    let loader = text("images", "loader")
    settings.imageLoader = loader == "default" ? nil : loader
    settings.externalPackages =
      texts("serverExternalPackages") ?? texts("experimental", "serverComponentsExternalPackages")
      ?? []
    settings.transpilePackages = texts("transpilePackages") ?? []
    settings.locales = texts("i18n", "locales") ?? []
    settings.hasRewrites = isSetHere("rewrites")
    settings.hasWebpack = isSetHere("webpack")
    readCacheHandler(folder)
    readTracingRoot(folder)
    settings.unknown = doubts.keys.sorted(by: ProjectTree.precedes)
    checkSettings(version)
  }

  private mutating func readCacheHandler(_ folder: String) {
    var written = text("cacheHandler") ?? text("experimental", "incrementalCacheHandlerPath")
    // `require.resolve("./handler")` is not followed.
    if written == nil, isSetHere("cacheHandler") { written = "" }
    guard let written else { return }
    settings.cacheHandler = Self.projectPath(written, from: folder).flatMap {
      ProjectPath.relative($0, to: folder)
    }
    if settings.cacheHandler == nil {
      doubts["cacheHandler"] = doubts["cacheHandler"] ?? "it is computed"
    }
  }

  private mutating func readTracingRoot(_ folder: String) {
    let key = "outputFileTracingRoot"
    guard let written = text(key) ?? text("experimental", key) else { return }
    places[key] = place(of: [key]) ?? place(of: ["experimental", key])
    guard let path = Self.projectPath(written, from: folder) else {
      doubts[key] = "it leads out of the analysed folder"
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

  private mutating func checkSettings(_ version: SemanticVersion?) {
    let hasTurbopack = root["turbopack"].map { !$0.settled.isAbsent } ?? false
    if settings.hasWebpack, !hasTurbopack, let version, version.major >= 16 {
      webpackUnderTurbopack = place(of: ["webpack"])
    }
    guard output == .export else { return }
    if settings.hasRewrites {
      noteServerOnly("rewrites", .warning)
    } else if !settings.locales.isEmpty {
      noteServerOnly("i18n", .error)
    }
  }

  private mutating func noteServerOnly(_ key: String, _ severity: Severity) {
    findings.note(
      "FORGE-N050", severity, "\(key) does not work with output: 'export'",
      at: place(of: [key]) ?? .source(file: file ?? "", line: 1),
      fix: "take it out, or serve the application with a server")
  }

  // MARK: Keys

  private func value(of path: [String]) -> JSValue? {
    let found = path.reduce(Optional(root)) { value, key in value?[key] }
    guard let found, !found.settled.isAbsent else { return nil }
    return found
  }

  /// Whether a key is set, in the configuration itself and not in what it imports.
  private func isSetHere(_ key: String) -> Bool {
    guard place(of: [key]) != nil, let value = value(of: [key]) else { return false }
    return value.possibilities.contains { !$0.isAbsent && $0.bool != false }
  }

  private mutating func text(_ path: String...) -> String? {
    guard let value = value(of: path) else { return nil }
    guard let text = value.string else {
      doubt(path, value)
      return nil
    }
    return text.utf8.count <= 2_048 ? text : nil
  }

  private mutating func flag(_ path: [String]) -> Bool? {
    guard let value = value(of: path) else { return nil }
    if value.bool == nil { doubt(path, value) }
    return value.bool
  }

  private mutating func texts(_ path: String...) -> [String]? {
    guard let value = value(of: path) else { return nil }
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
    guard let key = path.last, place(of: path) != nil else { return }
    doubts[key] = value.reason ?? "it is computed"
  }
}
