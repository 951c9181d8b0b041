import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeJavaScript
import ForgeSyntax

/// The databases that a Node.js project talks to, and what migrates them.
struct NodeDatabases {
  /// Sorted.
  private(set) var databases: [String] = []
  private(set) var migrations: Fact<Migrations>?

  private static let drivers = [
    "pg": "postgresql", "postgres": "postgresql", "@vercel/postgres": "postgresql",
    "@neondatabase/serverless": "postgresql", "@prisma/adapter-pg": "postgresql", "mysql": "mysql",
    "mysql2": "mysql", "mariadb": "mysql", "mongodb": "mongodb", "mongoose": "mongodb",
    "redis": "redis", "ioredis": "redis", "sqlite3": "sqlite", "better-sqlite3": "sqlite",
    "@libsql/client": "sqlite", "@prisma/adapter-better-sqlite3": "sqlite",
  ]
  /// The providers of Prisma, and the dialects of Drizzle.
  private static let providers = [
    "postgresql": "postgresql", "postgres": "postgresql", "cockroachdb": "postgresql",
    "mysql": "mysql", "mongodb": "mongodb", "sqlite": "sqlite", "turso": "sqlite",
    "singlestore": "mysql",
  ]

  /// - Parameters:
  ///   - manifests: of the service first, then of the workspace members that it needs, and of the workspace's root.
  init(_ manifests: [NodeManifest], in tree: ProjectTree) {
    var found: Set<String> = []
    let own = manifests.first?.folder
    for manifest in manifests {
      found.formUnion(manifest.dependencies.compactMap { Self.drivers[$0.name] })
      if manifest.has("prisma") || manifest.has("@prisma/client"),
        let schema = PrismaSchema(of: manifest, in: tree)
      {
        found.formUnion(schema.providers.compactMap { Self.providers[$0] })
        var command = "npx prisma migrate deploy"
        if let option = schema.option { command += " --schema \(option)" }
        setMigrations("prisma", command, at: schema.migrations, of: manifest, own: own, tree)
      }
      if manifest.has("drizzle-kit") || manifest.has("drizzle-orm") {
        let drizzle = DrizzleConfig(of: manifest, in: tree)
        if let dialect = drizzle.dialect {
          found.formUnion([Self.providers[dialect]].compactMap(\.self))
        }
        let hasTool = manifests.contains { $0.has("drizzle-kit") }
        guard hasTool, !drizzle.isAmbiguous else { continue }
        var command = "npx drizzle-kit migrate"
        if let option = drizzle.option { command += " --config=\(option)" }
        setMigrations("drizzle", command, at: drizzle.out, of: manifest, own: own, tree)
      }
    }
    databases = found.sorted()
  }

  private mutating func setMigrations(
    _ tool: String, _ command: String, at folder: String, of manifest: NodeManifest, own: String?,
    _ tree: ProjectTree
  ) {
    let first = tree.files(below: folder).first { $0.hasSuffix(".sql") || $0.hasSuffix(".toml") }
    guard migrations == nil, let first, PlainText.words(command) != nil else { return }
    migrations = .found(
      Migrations(
        tool: tool, command: command, folder: manifest.folder == own ? nil : manifest.folder),
      at: .source(file: first, line: 1))
  }
}

/// What `drizzle.config.*` says.
private struct DrizzleConfig {
  /// Where the migrations lie, relative to the analysed root.
  let out: String
  let dialect: String?
  /// The configuration as an option, where its name is not the usual one.
  let option: String?
  /// Whether there are several configurations of other names, between which nothing decides.
  let isAmbiguous: Bool

  private static let usual = ["ts", "mts", "js", "mjs", "cjs", "json"].map {
    "drizzle.config.\($0)"
  }

  init(of manifest: NodeManifest, in tree: ProjectTree) {
    let folder = manifest.folder
    let paths = Self.usual.map { ProjectTree.join(folder, $0) }
    let named = paths.contains(where: tree.hasFile) ? nil : Self.option(in: manifest)
    option = named
    let path =
      paths.first(where: tree.hasFile) ?? named.flatMap { ProjectPath.resolve($0, from: folder) }
    let others = tree.names(in: folder).filter {
      $0.hasPrefix("drizzle") && $0.contains(".config.")
    }
    isAmbiguous = path == nil && others.count > 1
    var out: String?
    var dialect: String?
    if let path, let source = try? tree.read(path, limit: 1 << 20) {
      let root = NodeConfigFile.value(of: source, folder: folder, in: tree)
      out = root?["out"]?.string
      dialect = root?["dialect"]?.string
    }
    let written = out?.replacing(JSModule.Surroundings.root + "/", with: "") ?? "drizzle"
    let base = out?.hasPrefix(JSModule.Surroundings.root) == true ? "." : folder
    self.out = ProjectPath.resolve(written, from: base) ?? ProjectTree.join(folder, "drizzle")
    self.dialect = dialect
  }

  /// `drizzle-kit migrate --config src/db/drizzle.config.ts`, in any script.
  private static func option(in manifest: NodeManifest) -> String? {
    for script in manifest.root["scripts"]?.members ?? [] {
      guard let text = script.value.string, text.contains("drizzle-kit") else { continue }
      for command in NodeScripts.commands(in: text, of: manifest)
      where command.program == "drizzle-kit" {
        if let config = command.option("--config") { return config }
      }
    }
    return nil
  }
}
