import ForgeAnalyzer
import ForgeBasics
import ForgeCodebase
import Foundation
import TestSupport
import Testing

@testable import ForgeWorkloads

/// What a cluster needs of a codebase, from the files of a project to the model.
@Suite struct ApplicationTests {
  private func application(_ files: [String: String]) throws -> Application {
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(text, to: name) }
    return try Application(try Analyzer.analyze(folder.path))
  }

  private func fixtures() throws -> Application {
    let root = (Repository.fixture("todo-backend") as NSString).deletingLastPathComponent
    let analysis = try Analyzer.analyze(root)
    let services = analysis.services.filter { $0.name.hasPrefix("todo-") }
    let links = analysis.links.filter { $0.from.hasPrefix("todo-") }
    return try Application(Analysis(root: ".", services: services, links: links))
  }

  // MARK: The fixtures

  @Test func namesWhatRunsOfTheFixtures() throws {
    let application = try fixtures()
    #expect(application.name == "todo")
    #expect(
      application.components.map(\.name) == [
        "todo-backend", "todo-backend-migrate", "todo-frontend",
      ])
    #expect(application.components.map(\.kind) == [.server, .migration, .server])
    let migration = try #require(application.component("todo-backend-migrate"))
    #expect(migration.command == ["alembic", "upgrade", "head"])
    #expect(
      migration.image == ComponentImage(repository: "todo-backend-migrate", target: "migrate"))
    #expect(migration.probes == nil && migration.ports.isEmpty)
    let backend = try #require(application.component("todo-backend"))
    #expect(backend.user == 10001 && backend.group == 10001)
    #expect(backend.ports == [ComponentPort(name: "http", number: 8000)])
    #expect(backend.shutdown.gracePeriodSeconds == 35)
  }

  @Test func splitsTheEnvironmentKeyByKey() throws {
    let application = try fixtures()
    let backend = try #require(application.component("todo-backend"))
    #expect(backend.variables(.secret).map(\.name) == ["API_KEY", "DATABASE_URL", "LLM_API_KEY"])
    #expect(backend.variables(.config).map(\.name).contains("LLM_BASE_URL"))
    #expect(backend.variables(.secret).allSatisfy { $0.default == nil && $0.value == nil })
    let frontend = try #require(application.component("todo-frontend"))
    let address = try #require(frontend.variables(.address).first)
    #expect(address.name == "API_URL" && address.component == "todo-backend")
    #expect(
      frontend.variables(.build).map { [$0.name, $0.build?.rawValue] } == [
        ["NEXT_PUBLIC_API_URL", "argument"], ["NEXT_SERVER_ACTIONS_ENCRYPTION_KEY", "secret"],
      ])
    #expect(
      frontend.variables(.platform).map { [$0.name, $0.value] } == [
        ["HOSTNAME", "0.0.0.0"], ["PORT", "3000"],
      ])
  }

  @Test func knowsWhoTalksToWhomAndWhatShowsIt() throws {
    let application = try fixtures()
    let rows = application.connections.map {
      "\($0.from.name) → \($0.to.name) \($0.ports.map { "\($0.number)" }.joined(separator: ","))"
    }
    #expect(
      rows == [
        "ingress → todo-backend 8000",
        "ingress → todo-frontend 3000",
        "todo-backend → postgresql 5432",
        "todo-backend → api.openai.com 443",
        "todo-backend-migrate → postgresql 5432",
        "mcp-clients → todo-backend 8000",
        "todo-frontend → todo-backend 8000",
        "todo-backend → dns 53,53",
        "todo-backend-migrate → dns 53,53",
        "todo-frontend → dns 53,53",
      ])
    for connection in application.connections where connection.purpose != .dns {
      #expect(!connection.sources.isEmpty, "\(connection)")
    }
    let database = try #require(application.connections.first { $0.purpose == .database })
    #expect(database.variable == "DATABASE_URL")
    #expect(application.connections.first { $0.purpose == .mcp }?.path == "/mcp")
  }

  @Test func asksNoDatabaseWhetherAServerIsAlive() throws {
    let probes = try #require(try fixtures().component("todo-backend")?.probes)
    #expect(probes.readiness.path == "/health" && probes.readiness.host == "localhost")
    #expect(probes.liveness.path == nil && probes.liveness.port == "http")
    #expect(probes.startup.path == "/health")
  }

  @Test func keepsItsKeysInJSON() throws {
    let application = try fixtures()
    let json = try StableJSON.encode(application)
    #expect(try JSONDecoder().decode(Application.self, from: Data(json.utf8)) == application)
    for key in ["schemaVersion", "components", "connections", "unknowns", "mayScale", "lifetime"] {
      #expect(json.contains("\"\(key)\""), "\(key)")
    }
  }

  // MARK: Shapes

  private func backend(
    _ code: String, requirements: String = "", _ more: [String: String] = [:]
  ) -> [String: String] {
    [
      "requirements.txt": "fastapi==0.115.0\nuvicorn==0.30.0\n" + requirements,
      "main.py": "from fastapi import FastAPI\napp = FastAPI()\n" + code,
    ].merging(more) { $1 }
  }

  @Test(arguments: [
    ("aiosqlite==0.20.0\n", 1, ReplicaPolicy.Strategy.recreate, false),
    ("aiosqlite==0.20.0\nasyncpg==0.29.0\n", 1, .rollingUpdate, true),
    ("asyncpg==0.29.0\n", 1, .rollingUpdate, true),
    ("", 1, .rollingUpdate, true),
  ])
  func onePodHasAFileOfSQLite(
    requirements: String, count: Int, strategy: ReplicaPolicy.Strategy, mayScale: Bool
  ) throws {
    let application = try application(backend("", requirements: requirements))
    let server = try #require(application.components.first)
    #expect(server.replicas.count == count)
    #expect(server.replicas.strategy == strategy && server.replicas.mayScale == mayScale)
    let kept = server.writable.filter { $0.lifetime == .release }.map(\.path)
    if strategy == .recreate {
      #expect(kept == ["/data"])
      #expect(application.unknowns.contains { $0.what.contains("SQLite") })
      #expect(!application.connections.contains { $0.purpose == .database })
    } else {
      #expect(kept.isEmpty)
    }
  }

  @Test func saysWhatIsNotKnown() throws {
    let application = try application(backend(""))
    let server = try #require(application.components.first)
    #expect(server.probes?.readiness.path == nil)
    #expect(application.unknowns.map(\.what) == ["which route tells its health"])
    // Without a frontend before it, clients come from outside.
    #expect(server.exposure?.paths == ["/"])
  }

  @Test func aSchedulerRunsOnce() throws {
    let application = try application(
      backend(
        "", requirements: "celery==5.4.0\nredis==5.0.0\n",
        [
          "tasks.py":
            "from celery import Celery\ncelery = Celery('t')\ncelery.conf.beat_schedule = {'a': {}}\n"
        ]
      ))
    let worker = try #require(application.components.first { $0.kind == .worker })
    #expect(worker.probes == nil && worker.exposure == nil)
    #expect(worker.shutdown.preStopSeconds == 0)
    #expect(worker.writable.map(\.path) == ["/tmp"])
    for scheduler in application.components where scheduler.kind == .scheduler {
      #expect(scheduler.replicas.strategy == .recreate && !scheduler.replicas.mayScale)
    }
    #expect(
      application.connections.contains { $0.from.name == worker.name && $0.to.name == "redis" })
  }

  @Test func aBasePathIsThePublicPath() throws {
    let application = try application([
      "package.json":
        #"{"name":"web","dependencies":{"next":"16.3.4"},"scripts":{"build":"next build"}}"#,
      "package-lock.json":
        #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.3.4"}}}"#,
      "next.config.js": "module.exports = { output: 'standalone', basePath: '/shop' }",
      "app/page.tsx": "export default function Page() { return null }",
    ])
    let server = try #require(application.components.first)
    #expect(server.exposure?.paths == ["/shop"])
    #expect(server.writable.map(\.path).contains("/app/.next/cache"))
    #expect(server.replicas.mayScale)
  }

  // MARK: Names

  @Test(arguments: [
    ("web", "web"), ("My_App.v2", "my-app-v2"), ("1e3", "app-1e3"), ("_", "app-d2e2adf7"),
    ("on", "on"), ("--a--", "a"), ("{{ x }}", "x"),
  ])
  func namesAreLabels(name: String, label: String) {
    #expect(ComponentNames.label(name, limit: 40) == label)
  }

  @Test func namesAreShortAndOfOneOnly() {
    var names = ComponentNames()
    let long = String(repeating: "abcdefgh-", count: 9)
    let labels = [
      names.label(for: long + "one"), names.label(for: long + "two"), names.label(for: "a.b"),
      names.label(for: "a-b"), names.label(for: "a_b"),
    ]
    #expect(Set(labels).count == labels.count)
    for label in labels {
      #expect(label.utf8.count <= 40, "\(label)")
      #expect(label.wholeMatch(of: /[a-z]([a-z0-9-]*[a-z0-9])?/) != nil, "\(label)")
    }
  }

  @Test func theCommonWordsOfNamesAreTheApplications() {
    #expect(Application.commonName(of: ["todo-backend", "todo-frontend"]) == "todo")
    #expect(Application.commonName(of: ["shop"]) == "shop")
    #expect(Application.commonName(of: ["web", "api"]) == "application")
    #expect(Application.commonName(of: ["todo-a", "todos-b"]) == "application")
  }

  // MARK: The command

  @Test func theCommandShowsTheModel() async throws {
    let fixture = Repository.fixture("todo-backend")
    let text = try await Command.forge(["chart", fixture, "--explain"])
    #expect(text.status == 0, "\(text)")
    for line in ["todo-backend-migrate  (migration, alembic)", "DATABASE_URL   secret  required"] {
      #expect(text.output.contains(line), "\(line): \(text)")
    }
    let connections = try await Command.forge(["chart", fixture, "--connections"])
    #expect(connections.output.hasPrefix("connections\n"), "\(connections)")
    let json = try await Command.forge(["chart", fixture, "--format", "json"])
    let model = try JSONDecoder().decode(Application.self, from: Data(json.output.utf8))
    #expect(model.components.count == 2 && model.schemaVersion == 1)
  }

  @Test func theCommandRefusesWhatItCannotRead() async throws {
    let folder = try TemporaryFolder()
    try folder.write("hello", to: "readme.txt")
    #expect(try await Command.forge(["chart", folder.file("missing")]).status == 2)
    #expect(try await Command.forge(["chart", folder.path]).status == 2)
    let both = try await Command.forge(["chart", folder.path, "--explain", "--connections"])
    #expect(both.status == 2 && both.errors.contains("exclude one another"), "\(both)")
  }

  /// Two frontends of one path cannot have one host.
  @Test func frontendsOfOnePathHaveHostsOfTheirOwn() throws {
    let page = "export default function Page() { return null }"
    func files(_ name: String, config: String) -> [String: String] {
      [
        "\(name)/package.json":
          "{\"name\":\"\(name)\",\"dependencies\":{\"next\":\"16.3.4\"},"
          + "\"scripts\":{\"build\":\"next build\"}}",
        "\(name)/package-lock.json":
          #"{"lockfileVersion":3,"packages":{"node_modules/next":{"version":"16.3.4"}}}"#,
        "\(name)/next.config.js": "module.exports = { \(config) }", "\(name)/app/page.tsx": page,
      ]
    }
    let same = try application(files("a", config: "").merging(files("b", config: "")) { $1 })
    #expect(same.components.compactMap(\.exposure?.sharesHost) == [false, false])
    let apart = try application(
      files("a", config: "").merging(files("b", config: "basePath: '/b'")) { $1 })
    #expect(apart.components.compactMap(\.exposure?.sharesHost) == [true, true])
  }
}
