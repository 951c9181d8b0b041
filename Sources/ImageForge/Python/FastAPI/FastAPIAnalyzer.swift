import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax
import Foundation

/// Recognises a FastAPI service, or a Python service that is an MCP server only, in a folder.
package enum FastAPIAnalyzer {
  /// The service in `folder` (relative to the root; `.` for the root itself), or nil when there is none.
  /// - Throws: `AnalysisError` for a manifest or lockfile that cannot be read.
  package static func analyze(_ folder: String, in tree: ProjectTree) throws -> Service? {
    let manifest = try PythonManifest.read(folder, in: tree)
    let (index, sourceFindings) = PythonSources.read(folder, in: tree)
    guard !index.paths.isEmpty else { return nil }

    var finder = FastAPIEntrypointFinder(
      folder: folder, index: index, tree: tree, manifest: manifest)
    let entrypoint = finder.find()
    let routes = FastAPIRoutes(index)
    let mcp = MCPAnalyzer.analyze(
      index, folder: folder, in: tree, manifest, routes: routes,
      application: entrypoint?.constructors ?? [])
    guard entrypoint != nil || (mcp.servers.contains { !$0.mounted } && manifest != nil) else {
      return nil
    }

    let runtime = PythonRuntime.choose(manifest, folder: folder, in: tree)
    let environment = PythonEnvironment.read(index, folder: folder, in: tree)
    let packages = PythonPackages(manifest, python: runtime.runtime.version)
    let databases = PythonDatabases.find(manifest, index, folder: folder)
    let assets = PythonAssets.find(index, folder: folder, in: tree)
    let migrations = PythonMigrations.find(manifest, folder: folder, in: tree)
    var variables = environment.variables
    add(try manifest?.indexVariables(in: tree, folder: folder) ?? [], to: &variables)

    var findings = sourceFindings + (manifest?.findings ?? []) + runtime.findings + finder.findings
    findings += environment.findings + mcp.findings + packages.findings + assets.findings
    findings += PythonWeights.findings(manifest)
    var service = Service(
      name: name(manifest?.projectName, folder, tree), path: folder,
      kind: entrypoint == nil ? .mcp : .fastapi,
      framework: framework(
        entrypoint == nil ? mcpPackage(manifest) : "fastapi", manifest, entrypoint, mcp),
      runtime: runtime.runtime, packageManager: manifest?.packageManager ?? noManager,
      workspace: manifest?.workspace,
      port: port(
        entrypoint == nil ? mcp.port : finder.start.port.map { ($0, finder.start.location) },
        &findings),
      environment: variables,
      databases: databases.map(\.name),
      migrations: migrations?.migrations, mcp: mcp.servers,
      workers: PythonWorkers.find(index, folder: folder, appDir: entrypoint?.appDir, in: tree),
      assetFolders: assets.folders,
      systemPackages: packages.system, nativePackages: packages.native,
      installInputs: inputs(manifest, folder))
    var health: FastAPIRoutes.Route?
    var others: [Conclusion.Alternative] = []
    if let entrypoint {
      let server = FastAPIServer.choose(manifest, finder.start, isFactory: entrypoint.isFactory)
      findings += server.findings
      findings += mcp.findings(workers: finder.start.workers, at: finder.start.location)
      if manifest?.has("fastapi") != true {
        findings.append(undeclared(entrypoint, manifest, folder))
      }
      service.fastapi = FastAPIFacts(
        entrypoint: entrypoint.text, factory: entrypoint.isFactory, appDir: entrypoint.appDir,
        server: server.name,
        source: entrypoint.source, rootPath: FastAPIAccess.rootPath(entrypoint.constructors, index),
        routes: entrypoint.constructors.isEmpty ? nil : routes.bases(of: entrypoint.constructors),
        cors: FastAPIAccess.cors(index, folder: folder))
      health = routes.health(of: entrypoint.constructors)
      service.healthPath = health?.path
      others = finder.alternatives(to: entrypoint, routes)
    }
    if let migrations { service.conclude(.migrations(migrations.migrations, migrations.source)) }
    if let source = manifest?.workspaceSource {
      service.conclude(.workspace(service.workspace, source))
    }
    service.findings = findings.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    FastAPIConclusions(manifest: manifest, start: finder.start, mcp: mcp).add(
      to: &service, entrypoint, others: others, health: health, databases: databases,
      python: runtime.alternatives)
    return service
  }

  private static let noManager = PackageManager(
    name: .pip, lockfile: nil, source: "default: no manifest")

  /// From the manifest, or the folder.
  private static func name(_ project: String?, _ folder: String, _ tree: ProjectTree) -> String {
    if let name = project.flatMap(ServiceName.reduce) { return name }
    let path = folder == "." ? tree.root : folder
    let last = URL(filePath: path).standardizedFileURL.lastPathComponent
    return ServiceName.reduce(last) ?? "backend"
  }

  private static func mcpPackage(_ manifest: PythonManifest?) -> String {
    ["fastmcp", "mcp"].first { manifest?.has($0) == true } ?? "mcp"
  }

  private static func framework(
    _ name: String, _ manifest: PythonManifest?, _ entrypoint: FastAPIEntrypoint?,
    _ mcp: MCPAnalyzer
  ) -> Framework {
    if let (version, source) = manifest?.version(of: name) {
      return Framework(name: name, version: version, source: source)
    }
    let source =
      manifest?.dependency(name)?.location ?? entrypoint?.source ?? mcp.servers.first?.source
    return Framework(name: name, version: nil, source: source ?? "default: \(name)")
  }

  private static func undeclared(
    _ entrypoint: FastAPIEntrypoint, _ manifest: PythonManifest?, _ folder: String
  )
    -> Finding
  {
    Finding(
      id: "FORGE-F010", severity: .error,
      message: "the code uses fastapi, but nothing declares it as a dependency",
      location: entrypoint.source,
      fix: manifest == nil
        ? "add a requirements.txt with fastapi, uvicorn and what else the code imports"
        : "add fastapi to the dependencies")
  }

  /// The port that is written; 8000 without one.
  private static func port(_ written: (number: Int, source: String)?, _ findings: inout [Finding])
    -> Int
  {
    guard let (port, source) = written, (1...65535).contains(port) else { return 8000 }
    guard port < 1024 else { return port }
    findings.append(
      Finding(
        id: "FORGE-F011", severity: .info,
        message: "port \(port) is for root only on many systems; the image listens on 8000",
        location: source,
        fix: "map the port where the service is published"))
    return 8000
  }

  /// Relative to the service; what lies above it, in a workspace, is the workspace's.
  private static func inputs(_ manifest: PythonManifest?, _ folder: String) -> [String] {
    let paths = (manifest?.inputs ?? []).compactMap { ProjectPath.relative($0, to: folder) }
    return paths.filter(ProjectPath.isPlain).sorted(by: ProjectTree.precedes)
  }

  /// Indexes may need a token while the packages are installed.
  private static func add(_ tokens: [IndexVariable], to variables: inout [EnvironmentVariable]) {
    for (name, places) in Dictionary(grouping: tokens, by: \.name) {
      variables.removeAll { $0.name == name }
      variables.append(
        EnvironmentVariable(
          name: name, scope: .buildSecret, required: places.contains(where: \.required),
          sources: Set(places.map(\.location)).sorted()))
    }
    variables.sort { $0.name < $1.name }
  }
}
