import ForgeBasics
import ForgeCodebase
import ForgeFindings
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
    "@libsql/client": "sqlite",
  ]
  /// The providers of Prisma.
  private static let providers = [
    "postgresql": "postgresql", "postgres": "postgresql", "cockroachdb": "postgresql",
    "mysql": "mysql", "mongodb": "mongodb", "sqlite": "sqlite",
  ]

  /// - Parameters:
  ///   - manifests: of the service, and of the workspace members that it needs.
  ///   - folder: the service's own, whose migrations count.
  init(_ manifests: [NodeManifest], folder: String, in tree: ProjectTree) {
    var found: Set<String> = []
    for manifest in manifests {
      found.formUnion(manifest.dependencies.compactMap { Self.drivers[$0.name] })
      let isOwn = manifest.folder == folder
      if manifest.has("prisma") || manifest.has("@prisma/client") {
        let schema = PrismaSchema(of: manifest, in: tree)
        found.formUnion(schema.providers.compactMap { Self.providers[$0] })
        if isOwn {
          setMigrations("prisma", in: ProjectTree.join(schema.folder, "migrations"), tree)
        }
      } else if isOwn, manifest.has("drizzle-kit") {
        setMigrations("drizzle", in: ProjectTree.join(folder, "drizzle"), tree)
      }
    }
    databases = found.sorted()
  }

  private mutating func setMigrations(_ tool: String, in folder: String, _ tree: ProjectTree) {
    guard tree.hasFolder(folder) else { return }
    let commands = [
      "prisma": "npx prisma migrate deploy", "drizzle": "npx drizzle-kit migrate",
    ]
    let first = tree.files(below: folder).first
    migrations = .found(
      Migrations(tool: tool, command: commands[tool] ?? ""),
      at: first.map { .source(file: $0, line: 1) })
  }
}

/// The schema of Prisma that a manifest means: one file, or a folder of files.
private struct PrismaSchema {
  /// Beside which the migrations lie.
  let folder: String
  /// What its data sources name.
  let providers: [String]

  init(of manifest: NodeManifest, in tree: ProjectTree) {
    let usual = "prisma/schema.prisma"
    let written = manifest.text("prisma", "schema")?.value ?? usual
    let schema =
      ProjectPath.resolve(written, from: manifest.folder)
      ?? ProjectTree.join(manifest.folder, usual)
    let isFile = tree.hasFile(schema)
    let files = isFile ? [schema] : tree.files(below: schema).filter { $0.hasSuffix(".prisma") }
    folder = isFile ? ProjectTree.parent(schema) : schema
    providers = files.compactMap { file in
      guard let source = try? tree.read(file, limit: 4 << 20) else { return nil }
      return Self.provider(in: source.text)
    }
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
}
