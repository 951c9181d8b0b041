import ForgeBasics
import ForgeCodebase
import ForgeJavaScript
import ForgeSyntax

/// Files that the server reads by name when it runs, which output tracing does not see.
enum NextRuntimeFiles {
  private static let extensions = [".ts", ".js", ".mts", ".mjs", ".tsx", ".cjs", ".cts"]
  /// The most sources that are searched.
  private static let maximumCount = 20_000

  /// Relative to the service; sorted.
  static func find(_ manifests: [NodeManifest], folder: String, in tree: ProjectTree) -> [String] {
    var found: Set<String> = []
    if manifests.contains(where: { $0.has("drizzle-orm") }) {
      found.formUnion(migrationFolders(folder, tree))
    }
    if manifests.contains(where: { $0.has("next-i18next") }) {
      found.formUnion(translations(folder, tree))
    }
    // What is below `public` is there anyway.
    return found.filter { $0 != "." && ProjectPath.isPlain($0) && !isPublic($0) }.sorted()
  }

  private static func isPublic(_ path: String) -> Bool {
    ProjectPath.relative(path, to: "public") != nil
  }

  /// `migrate(db, { migrationsFolder: "./drizzle" })`, which looks from the server's folder.
  private static func migrationFolders(_ folder: String, _ tree: ProjectTree) -> [String] {
    let sources = tree.files(below: folder).filter { path in
      extensions.contains(where: path.hasSuffix)
    }
    let mark = Array("migrationsFolder".utf8)
    let found = Concurrently.map(Array(sources.prefix(maximumCount))) { path -> [String] in
      guard let bytes = try? tree.bytes(path, limit: ProjectTree.maximumSourceSize),
        bytes.holds(mark)
      else { return [] }
      return folders(in: String(decoding: bytes, as: UTF8.self))
    }
    return found.flatMap(\.self).compactMap { written in
      guard let path = ProjectPath.resolve(written, from: folder), tree.hasFolder(path) else {
        return nil
      }
      return ProjectPath.relative(path, to: folder)
    }
  }

  private static func folders(in text: String) -> [String] {
    let pattern =
      /migrationsFolder\s*:\s*(?:[A-Za-z.]*(?:join|resolve)\(\s*process\.cwd\(\)\s*,\s*)?["'`]([^"'`$]+)["'`]/
    return text.matches(of: pattern).map { String($0.1) }
  }

  /// next-i18next requires its configuration from the server's folder, and reads the translations from there.
  private static func translations(_ folder: String, _ tree: ProjectTree) -> [String] {
    let names = ["js", "mjs", "cjs", "ts"].map { "next-i18next.config.\($0)" }
    guard let name = names.first(where: { tree.hasFile(ProjectTree.join(folder, $0)) }) else {
      return []
    }
    let path = ProjectTree.join(folder, name)
    guard let source = try? tree.read(path, limit: 1 << 20) else { return [name] }
    let written = NodeConfigFile.value(of: source, folder: folder, in: tree)?["localePath"]?.string
    let own = JSModule.Surroundings.root + (folder == "." ? "" : "/" + folder) + "/"
    guard let written, let locales = ProjectPath.resolve(written.removing(prefix: own), from: "."),
      tree.hasFolder(ProjectTree.join(folder, locales))
    else { return [name] }
    return [name, locales]
  }
}
