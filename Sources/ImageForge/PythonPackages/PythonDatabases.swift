import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// The databases that a service talks to.
package enum PythonDatabases {
  private static let drivers: [String: String] = [
    "psycopg": "postgresql", "psycopg2": "postgresql", "psycopg2-binary": "postgresql",
    "psycopg-binary": "postgresql",
    "asyncpg": "postgresql", "pg8000": "postgresql", "mysqlclient": "mysql", "pymysql": "mysql",
    "aiomysql": "mysql",
    "asyncmy": "mysql", "mysql-connector-python": "mysql", "pymongo": "mongodb", "motor": "mongodb",
    "beanie": "mongodb", "mongoengine": "mongodb", "odmantic": "mongodb", "redis": "redis",
    "aioredis": "redis",
    "coredis": "redis", "arq": "redis", "rq": "redis", "aiosqlite": "sqlite",
  ]
  private static let schemes: [String: String] = [
    "postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mysql",
    "mongodb": "mongodb",
    "redis": "redis", "rediss": "redis", "sqlite": "sqlite",
  ]

  /// From the drivers among the dependencies, and from addresses in the code; each with its first place. Sorted.
  package static func find(
    _ manifest: PythonManifest?, _ index: PythonIndex, folder: String
  ) -> [Written<String>] {
    var found: [String: Place] = [:]
    func add(_ name: String, _ place: Place) { found[name] = found[name] ?? place }
    // Only what is declared: a lockfile also holds what other packages bring along.
    for dependency in manifest?.dependencies ?? [] {
      if let database = drivers[dependency.requirement.name] { add(database, dependency.location) }
      if dependency.requirement.name == "celery", dependency.requirement.extras.contains("redis") {
        add("redis", dependency.location)
      }
    }
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      file.module.statements.forEachExpression { expression in
        if let callee = expression.call?.function, callee.dotted?.last == "connect",
          case .external("sqlite3.connect")? = index.origin(of: callee, in: file)
        {
          add("sqlite", file.location(expression.offset))
        }
        guard let text = expression.string, let scheme = text.firstRange(of: "://") else { return }
        // `postgresql+asyncpg://`
        let name = text[..<scheme.lowerBound].prefix { $0 != "+" }
        if let database = schemes[String(name)] { add(database, file.location(expression.offset)) }
      }
    }
    return found.sorted { $0.key < $1.key }.map { Written($0.key, at: $0.value) }
  }
}
