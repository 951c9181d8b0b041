import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeJavaScript
import ForgeSyntax

/// The schema of Prisma that a package means: one file, or a folder of files.
struct PrismaSchema {
  /// The package's folder.
  let package: String
  /// The schema's files; sorted.
  let files: [String]
  /// The file or folder that is the schema.
  let path: String
  /// Where the migrations lie.
  let migrations: String
  /// What its data sources name.
  let providers: [String]
  /// `prisma.config.*`, where there is one.
  let config: String?
  /// Variables without which the configuration stops every command of Prisma.
  let insistsOn: [String]
  /// Whether the configuration imports files of the project.
  let importsSources: Bool
  /// Whether Prisma's own hook, which runs when its client is installed, finds the schema: in its usual place, or where
  /// `package.json` says.
  let isFoundByHook: Bool
  /// The schema as an option, where the commands of Prisma need it.
  let option: String?

  private static let usual = ["prisma/schema.prisma", "schema.prisma", "prisma/schema", "prisma"]
  private static let configs = [
    "prisma.config.ts", "prisma.config.mts", "prisma.config.js", "prisma.config.mjs",
    "prisma.config.cjs", "prisma.config.cts", ".config/prisma.ts", ".config/prisma.js",
    ".config/prisma.mjs",
  ]

  /// Nil where there is no schema.
  init?(of manifest: NodeManifest, in tree: ProjectTree) {
    let folder = manifest.folder
    let config = PrismaConfig(in: folder, tree)
    let inManifest = manifest.text("prisma", "schema")?.value
    let inScript = Self.option(in: manifest)
    let written = config?.schema ?? inManifest ?? inScript
    let candidates = (written.map { [$0] } ?? []) + Self.usual
    let found = candidates.lazy.compactMap { candidate -> (path: String, files: [String])? in
      guard let path = ProjectPath.resolve(candidate, from: folder) else { return nil }
      let files = Self.files(at: path, tree)
      return files.isEmpty ? nil : (path, files)
    }.first
    guard let (path, files) = found else { return nil }
    package = folder
    self.files = files
    self.path = path
    self.config = config?.path
    insistsOn = config?.variables ?? []
    importsSources = config?.importsSources ?? false
    let isUsual = Self.usual.prefix(2).contains { ProjectTree.join(folder, $0) == path }
    isFoundByHook = isUsual || (inManifest != nil && written == inManifest)
    let needsOption = written != nil && written == inScript && config?.schema == nil
    option = needsOption && !isUsual ? inScript : nil
    let beside = tree.hasFile(path) ? ProjectTree.parent(path) : path
    let usual = ProjectTree.join(beside, "migrations")
    migrations = config?.migrations ?? usual
    providers = files.compactMap { file in
      guard let source = try? tree.read(file, limit: 4 << 20) else { return nil }
      return Self.provider(in: source.text)
    }
  }

  private static func files(at path: String, _ tree: ProjectTree) -> [String] {
    if tree.hasFile(path) { return path.hasSuffix(".prisma") ? [path] : [] }
    return tree.files(below: path).filter { $0.hasSuffix(".prisma") }
  }

  /// `prisma generate --schema database/schema.prisma`, in any script.
  private static func option(in manifest: NodeManifest) -> String? {
    for script in manifest.root["scripts"]?.members ?? [] {
      guard let text = script.value.string, text.contains("--schema") else { continue }
      for command in NodeScripts.commands(in: text, of: manifest) where command.program == "prisma"
      {
        if let schema = command.option("--schema") { return schema }
      }
    }
    return nil
  }

  /// `datasource db { provider = "postgresql" }`
  private static func provider(in schema: String) -> String? {
    guard let block = schema.firstRange(of: "datasource ") else { return nil }
    let body = schema[block.upperBound...].prefix { $0 != "}" }
    guard let key = body.firstRange(of: "provider") else { return nil }
    let parts = body[key.upperBound...].split(
      separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 ? String(parts[1]) : nil
  }

  /// What `prisma.config.*` says.
  private struct PrismaConfig {
    let path: String
    var schema: String?
    /// Relative to the analysed root.
    var migrations: String?
    var variables: [String] = []
    var importsSources = false

    init?(in folder: String, _ tree: ProjectTree) {
      let paths = PrismaSchema.configs.map { ProjectTree.join(folder, $0) }
      guard let path = paths.first(where: tree.hasFile),
        let source = try? tree.read(path, limit: ProjectTree.maximumSourceSize)
      else { return nil }
      self.path = path
      let root = NodeConfigFile.value(of: source, folder: folder, in: tree)
      schema = Self.path(root?["schema"]?.string, in: folder)
      if let written = Self.path(root?["migrations"]?["path"]?.string, in: folder) {
        migrations = ProjectPath.resolve(written, from: folder)
      }
      let text = source.text
      importsSources =
        text.contains("from \".") || text.contains("from '.") || text.contains("import \".")
        || text.contains("import '.") || text.contains("require(\".")
      // `env` of prisma/config throws where the variable is not set.
      guard text.contains("prisma/config") else { return }
      variables =
        text.matches(of: /\benv(?:<[A-Za-z]+>)?\(\s*["']([A-Za-z_][A-Za-z0-9_]*)["']/).map {
          String($0.1)
        }.uniqued
    }

    /// A path of the configuration as seen from its package; absolute ones start at the analysed root.
    private static func path(_ written: String?, in folder: String) -> String? {
      guard let written else { return nil }
      let root = JSModule.Surroundings.root
      guard written.hasPrefix(root) else { return written }
      let inside = ProjectTree.join(folder, "x")
      let depth = inside.split(separator: "/").count - 1
      let below = written.dropFirst(root.count).drop { $0 == "/" }
      return String(repeating: "../", count: depth) + below
    }
  }
}

/// Reads configurations in JavaScript and TypeScript, without running them.
enum NodeConfigFile {
  /// What a file exports; nil where that cannot be known.
  static func value(of source: SourceText, folder: String, in tree: ProjectTree) -> JSValue? {
    if source.name.hasSuffix(".json") {
      let text = SourceText(
        name: source.name, bytes: Array("module.exports =\n".utf8) + source.bytes)
      return JSModule.exports(of: JSParser.parse(text), constants: [:], in: .init())["default"]
    }
    let modules = NextConfigModules(tree, folder: folder, constants: [:])
    return JSModule.exportedValue(
      of: JSParser.parse(source), arguments: [], constants: [:],
      in: modules.surroundings(of: source.name)
    ).settled
  }
}
