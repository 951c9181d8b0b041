import ForgeBasics
import ForgeSyntax

/// The databases that a Node.js project talks to, and what migrates them.
struct NodeDatabases {
  /// Sorted.
  private(set) var databases: [String] = []
  private(set) var migrations: Migrations?

  private static let drivers = [
    "pg": "postgresql", "postgres": "postgresql", "@vercel/postgres": "postgresql",
    "@neondatabase/serverless": "postgresql", "@prisma/adapter-pg": "postgresql", "mysql": "mysql", "mysql2": "mysql",
    "mariadb": "mysql", "mongodb": "mongodb", "mongoose": "mongodb", "redis": "redis", "ioredis": "redis",
    "sqlite3": "sqlite", "better-sqlite3": "sqlite", "@libsql/client": "sqlite",
  ]
  private static let providers = [
    "postgresql": "postgresql", "postgres": "postgresql", "cockroachdb": "postgresql", "mysql": "mysql",
    "mongodb": "mongodb", "sqlite": "sqlite",
  ]

  init(_ manifest: NodeManifest, folder: String, in tree: ProjectTree) {
    var found = Set(manifest.dependencies.compactMap { Self.drivers[$0.name] })
    if manifest.has("prisma") || manifest.has("@prisma/client") {
      let schema = ProjectTree.join(folder, "prisma/schema.prisma")
      if let provider = Self.provider((try? tree.read(schema, limit: 4 << 20))?.text ?? "") { found.insert(provider) }
      if tree.hasFolder(ProjectTree.join(folder, "prisma/migrations")) {
        migrations = Migrations(tool: "prisma", command: "npx prisma migrate deploy")
      }
    } else if manifest.has("drizzle-kit"), tree.hasFolder(ProjectTree.join(folder, "drizzle")) {
      migrations = Migrations(tool: "drizzle", command: "npx drizzle-kit migrate")
    }
    databases = found.sorted()
  }

  /// `datasource db { provider = "postgresql" }`
  private static func provider(_ schema: String) -> String? {
    guard let block = schema.firstRange(of: "datasource ") else { return nil }
    let body = schema[block.upperBound...].prefix { $0 != "}" }
    guard let key = body.firstRange(of: "provider") else { return nil }
    let parts = body[key.upperBound...].split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count == 3 ? providers[String(parts[1])] : nil
  }
}
