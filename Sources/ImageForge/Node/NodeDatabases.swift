import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// The databases that a Node.js project talks to, and what migrates them.
struct NodeDatabases {
  /// Sorted.
  private(set) var databases: [String] = []
  private(set) var migrations: Migrations?
  /// `file:line` of the first of them.
  private(set) var migrationsSource: String?

  private static let drivers = [
    "pg": "postgresql", "postgres": "postgresql", "@vercel/postgres": "postgresql",
    "@neondatabase/serverless": "postgresql", "@prisma/adapter-pg": "postgresql", "mysql": "mysql",
    "mysql2": "mysql",
    "mariadb": "mysql", "mongodb": "mongodb", "mongoose": "mongodb", "redis": "redis",
    "ioredis": "redis",
    "sqlite3": "sqlite", "better-sqlite3": "sqlite", "@libsql/client": "sqlite",
  ]
  private static let providers = [
    "postgresql": "postgresql", "postgres": "postgresql", "cockroachdb": "postgresql",
    "mysql": "mysql",
    "mongodb": "mongodb", "sqlite": "sqlite",
  ]

  /// - Parameter manifests: of the service, and of the workspace members that it needs.
  init(_ manifests: [NodeManifest], folder: String, in tree: ProjectTree) {
    var found: Set<String> = []
    for manifest in manifests {
      found.formUnion(manifest.dependencies.compactMap { Self.drivers[$0.name] })
      read(manifest, isOwn: ProjectTree.parent(manifest.path) == folder, &found, tree)
    }
    databases = found.sorted()
  }

  private mutating func read(
    _ manifest: NodeManifest, isOwn: Bool, _ found: inout Set<String>, _ tree: ProjectTree
  ) {
    let folder = ProjectTree.parent(manifest.path)
    // `prisma.schema` of the manifest names another place: a file, or a folder of files.
    let written = manifest.text("prisma", "schema")?.value ?? "prisma/schema.prisma"
    let schema =
      ProjectPath.resolve(written, from: folder) ?? ProjectTree.join(folder, "prisma/schema.prisma")
    if manifest.has("prisma") || manifest.has("@prisma/client") {
      for file in tree.hasFile(schema)
        ? [schema] : tree.files(below: schema).filter({ $0.hasSuffix(".prisma") })
      {
        if let provider = Self.provider((try? tree.read(file, limit: 4 << 20))?.text ?? "") {
          found.insert(provider)
        }
      }
      let home = tree.hasFile(schema) ? ProjectTree.parent(schema) : schema
      if isOwn, tree.hasFolder(ProjectTree.join(home, "migrations")) {
        migrations = Migrations(tool: "prisma", command: "npx prisma migrate deploy")
        migrationsSource = Self.first(below: ProjectTree.join(home, "migrations"), tree)
      }
    } else if isOwn, manifest.has("drizzle-kit"),
      tree.hasFolder(ProjectTree.join(folder, "drizzle"))
    {
      migrations = Migrations(tool: "drizzle", command: "npx drizzle-kit migrate")
      migrationsSource = Self.first(below: ProjectTree.join(folder, "drizzle"), tree)
    }
  }

  private static func first(below folder: String, _ tree: ProjectTree) -> String? {
    tree.files(below: folder).first.map { $0 + ":1" }
  }

  /// `datasource db { provider = "postgresql" }`
  private static func provider(_ schema: String) -> String? {
    guard let block = schema.firstRange(of: "datasource ") else { return nil }
    let body = schema[block.upperBound...].prefix { $0 != "}" }
    guard let key = body.firstRange(of: "provider") else { return nil }
    let parts = body[key.upperBound...].split(
      separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 ? providers[String(parts[1])] : nil
  }
}
