import ForgeBasics
import Foundation
import Testing

@testable import ForgeAnalyzer
@testable import ForgeCodebase

/// The facts of the sample frontends.
struct NextFixtureTests {
  @Test func todoFrontend() throws {
    let analysis = try Analyzer.analyze(Project.fixture("todo-frontend"))
    let service = try #require(analysis.services.first)
    #expect(analysis.services.count == 1 && analysis.findings.isEmpty)
    #expect(service.name == "todo-frontend" && service.path == "." && service.kind == .nextjs)
    #expect(
      service.framework
        == Framework(name: "next", version: "16.3.4", source: "package-lock.json:774"))
    #expect(service.runtime == Runtime(name: .node, version: "24", source: ".nvmrc:1"))
    #expect(
      service.packageManager
        == PackageManager(name: .npm, lockfile: "package-lock.json", source: "package-lock.json:1"))
    #expect(
      service.next
        == NextFacts(
          router: .app, output: .standalone, configFile: "next.config.ts",
          startCommand: "next start",
          hasPublicFolder: true))
    #expect(service.port == 3000 && service.healthPath == "/api/health")
    #expect(service.installInputs == ["package-lock.json", "package.json"])
    #expect(service.findings.isEmpty && service.databases.isEmpty && service.workspace == nil)
    #expect(
      service.environment == [
        EnvironmentVariable(
          name: "API_KEY", scope: .runtimeSecret, required: true,
          sources: [".env.example:8", "lib/env.ts:12"]),
        EnvironmentVariable(
          name: "API_TIMEOUT", scope: .runtime, required: false, default: "45",
          sources: [".env.example:11", "lib/env.ts:13"]),
        EnvironmentVariable(
          name: "API_URL", scope: .runtime, required: true,
          sources: [".env.example:7", "lib/env.ts:11"]),
        EnvironmentVariable(
          name: "NEXT_PUBLIC_API_URL", scope: .buildPublic, required: false,
          default: "http://localhost:8000",
          sources: [".env.example:4", "components/mcp-address.tsx:6"]),
        EnvironmentVariable(
          name: "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY", scope: .buildSecret, required: false,
          sources: [".env.example:14", "app/actions.ts:1"]),
      ])
  }

  /// Its packages are folders of its own: they are installed, but what they read is theirs.
  @Test func offlineFrontend() throws {
    let service = try #require(
      try Analyzer.analyze(Project.fixture("offline-frontend")).services.first)
    #expect(service.name == "offline-frontend" && service.framework.version == "16.3.4")
    #expect(service.next?.output == .default && service.next?.configFile == "next.config.mjs")
    #expect(
      service.installInputs == [
        "package-lock.json", "package.json", "vendor/next/", "vendor/react-dom/", "vendor/react/",
      ])
    #expect(service.environment.map(\.name) == ["API_KEY", "API_URL", "NEXT_PUBLIC_API_URL"])
    #expect(service.findings.isEmpty)
  }

  @Test func theFolderOfBothServicesLinksThem() throws {
    let analysis = try Analyzer.analyze(Project.fixture(""))
    #expect(analysis.services.map(\.path) == ["offline-frontend", "todo-backend", "todo-frontend"])
    let links = analysis.links.filter { $0.from == "todo-frontend" }
    #expect(links.map(\.variable) == ["API_URL", "NEXT_PUBLIC_API_URL"])
    #expect(links.allSatisfy { $0.to == "todo-backend" })
    #expect(links.map(\.baked) == [false, true])
    #expect(
      links.first?.internalAddress == "http://todo-backend:8000"
        && links.last?.internalAddress == nil)
  }

  @Test func sameBytesEveryTime() throws {
    let path = Project.fixture("todo-frontend")
    #expect(
      try StableJSON.encode(Analyzer.analyze(path)) == StableJSON.encode(Analyzer.analyze(path)))
  }

  /// A damaged project is analysed or refused; it never crashes, and a broken manifest says where.
  @Test func damagedFiles() throws {
    let fixture = Project.fixture("todo-frontend")
    let project = try Project([:])
    var files: [String: [UInt8]] = [:]
    for name in [
      "package.json", "next.config.ts", "app/page.tsx", "components/chat.tsx", "lib/env.ts",
      ".nvmrc",
    ] {
      files[name] = [UInt8](
        try #require(FileManager.default.contents(atPath: fixture + "/" + name)))
    }
    for (name, bytes) in files { try project.add(name, Data(bytes)) }
    var random = SystemRandomNumberGenerator()
    for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
      for round in 0..<30 {
        var damaged = bytes
        if round % 2 == 0 {
          damaged = Array(damaged.prefix(Int.random(in: 0...damaged.count, using: &random)))
        } else {
          for _ in 0..<4 {
            damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(
              in: 0...255, using: &random)
          }
        }
        try project.add(name, Data(damaged))
        do {
          let analysis = try Analyzer.analyze(project.path)
          #expect(analysis.services.allSatisfy { $0.kind == .nextjs })
        } catch let error as AnalysisError {
          #expect(name == "package.json", "\(error)")
        }
      }
      try project.add(name, Data(bytes))
    }
  }
}
