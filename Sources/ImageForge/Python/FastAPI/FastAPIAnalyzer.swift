import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgePythonPackages
import ForgeSyntax
import Foundation

/// Recognises a FastAPI service, or a Python service that is an MCP server only, in a folder.
package struct FastAPIAnalyzer {
  /// What a folder holds.
  package enum Result {
    case service(Service)
    /// An application of another framework, by its name.
    case other(Written<String>)
    /// An application that no server can be pointed at, and where it is made.
    case hidden(Place)
    case nothing
  }

  /// The service in `folder` (relative to the root; `.` for the root itself), or nil when there is none.
  /// - Throws: `AnalysisError` for a manifest or lockfile that cannot be read.
  package static func analyze(_ folder: String, in tree: ProjectTree) throws -> Service? {
    guard case .service(let service) = try examine(folder, in: tree) else { return nil }
    return service
  }

  /// What `folder` holds (relative to the root; `.` for the root itself).
  /// - Parameter declared: the entry point that `forge.yaml` names.
  /// - Throws: `AnalysisError` for a manifest or lockfile that cannot be read.
  package static func examine(
    _ folder: String, in tree: ProjectTree, declared: Written<String>? = nil
  ) throws -> Result {
    var manifest = try PythonManifest.read(folder, in: tree)
    let (index, findings) = PythonSources.read(folder, in: tree)
    if let found = manifest { try manifest?.install(PythonSelection(found, index)) }
    guard !index.paths.isEmpty else { return .nothing }
    var finder = FastAPIEntrypointFinder(
      folder: folder, index: index, tree: tree, manifest: manifest, declared: declared)
    let entrypoint = finder.find()
    var analyzer = FastAPIAnalyzer(finder, entrypoint)
    guard analyzer.isService else {
      if let hidden = finder.hidden { return .hidden(hidden) }
      let other = PythonFramework.found(in: index, folder: folder, manifest)
      return (finder.other ?? other).map(Result.other) ?? .nothing
    }
    analyzer.findings = findings
    return .service(try analyzer.service())
  }

  /// The root of the uv workspace that installs the project in `folder`; nil where it has a lockfile of its own.
  package static func workspace(of folder: String, in tree: ProjectTree) -> String? {
    let own = ["uv.lock", "poetry.lock", "pdm.lock"]
    guard tree.hasFile(ProjectTree.join(folder, "pyproject.toml")),
      !own.contains(where: { tree.hasFile(ProjectTree.join(folder, $0)) }),
      let root = try? PythonManifest.workspace(above: folder, in: tree),
      tree.hasFile(ProjectTree.join(root, "uv.lock"))
    else { return nil }
    return root
  }

  let folder: String
  let tree: ProjectTree
  let manifest: PythonManifest?
  let index: PythonIndex
  let finder: FastAPIEntrypointFinder
  /// Nil for a service that is an MCP server only.
  let entrypoint: FastAPIEntrypoint?
  let routes: FastAPIRoutes
  let mcp: MCPAnalyzer
  private var findings: [Finding] = []

  private init(_ finder: FastAPIEntrypointFinder, _ entrypoint: FastAPIEntrypoint?) {
    self.finder = finder
    self.entrypoint = entrypoint
    folder = finder.folder
    tree = finder.tree
    manifest = finder.manifest
    index = finder.index
    routes = FastAPIRoutes(index)
    mcp = MCPAnalyzer.analyze(
      index, folder: folder, in: tree, manifest, routes: routes,
      application: entrypoint)
  }

  private var isService: Bool {
    entrypoint != nil || mcp.servers.contains { !$0.mounted } && manifest != nil
  }

  private mutating func service() throws -> Service {
    let runtime = PythonRuntime(manifest, folder: folder, in: tree)
    var packageManager = packageManager
    packageManager.version =
      packageManager.version
      ?? PythonReleases.table.last(packageManager.name, on: runtime.minor)
    let environment = PythonEnvironment.read(index, folder: folder, in: tree)
    let databases = PythonDatabases.find(manifest, index, folder: folder)
    let migrations = PythonMigrations(manifest, folder: folder, in: tree)
    let workers = PythonWorkers.find(index, folder: folder, appDir: entrypoint?.appDir, in: tree)
    let installation = PythonInstallation(manifest, index, workers: workers)
    // What workers load is not followed: then every file may be loaded.
    var started: [String] = []
    if workers.isEmpty { started = startedFiles }
    let reach = PythonReach(from: started, in: index)
    let uses = PythonFileUses.find(index, reach: reach, folder: folder, in: tree)
    let assets = PythonAssets.find(
      index, folder: folder, made: Set(uses.writes.map(\.folder)), in: tree)
    let programs = PythonPrograms(manifest, index, reach: reach, folder: folder)
    let packages = PythonPackages(
      manifest, python: runtime.runtime.version, programs: programs.packages)
    let tokens = try manifest?.indexVariables(in: tree, folder: folder) ?? []
    let health = healthPath

    findings += (manifest?.findings ?? []) + runtime.findings + finder.findings
    findings += environment.findings + mcp.findings + packages.findings + assets.findings
    findings +=
      PythonWeights.findings(manifest) + uses.findings + migrations.findings + programs.findings
    findings += installation?.findings ?? []
    findings += [manifest.flatMap { LockCheck($0)?.finding() }].compactMap(\.self)
    if let manifest {
      findings += PythonBreaks(
        manifest, index, reach: reach, folder: folder, python: runtime.runtime.version
      ).findings()
    }
    let port = port()
    let server = server()
    var service = Service(
      name: name, path: folder, kind: entrypoint == nil ? .mcp : .fastapi,
      framework: framework, runtime: runtime.runtime, packageManager: packageManager,
      installation: installation?.installation,
      workspace: manifest?.workspace, fastapi: facts(server: server?.value), port: port.value,
      healthPath: health.value, environment: Self.adding(tokens, to: environment.variables),
      databases: databases.map(\.value), migrations: migrations.fact?.value, mcp: mcp.servers,
      workers: workers, assetFolders: assets.folders, systemPackages: packages.system,
      nativePackages: packages.native, installInputs: inputs, findings: findings.uniqued)
    if let entrypoint,
      let start = PythonWorkingFolder.find(
        index, appDir: entrypoint.appDir, in: tree, also: assets.relativePaths)
    {
      service.fastapi?.workingFolder = start.value
      service.conclude(
        "fastapi.workingFolder",
        Fact(
          start.value, .likely, evidence: [start.place],
          why: "the relative paths that the code reads are found from there"))
    }
    service.take(uses)
    service.package = index.package
    conclude(in: &service, server: server, databases: databases)
    service.conclude("port", port.map(String.init))
    service.conclude("healthPath", health)
    service.conclude("runtime.version", runtime.version)
    if let migrations = migrations.fact { service.conclude(migrations) }
    return service
  }

  /// The files that are started: the application's, and those of MCP servers that run on their own.
  private var startedFiles: [String] {
    let module = entrypoint.flatMap { entrypoint in
      index.paths.first { path in
        let start = ProjectTree.join(folder, entrypoint.appDir)
        let below = ProjectPath.relative(path, to: start)
        return below == entrypoint.module.replacing(".", with: "/") + ".py"
          || below == entrypoint.module.replacing(".", with: "/") + "/__init__.py"
      }
    }
    let places = [entrypoint?.place] + mcp.servers.map(\.place)
    return ([module] + places.map { $0?.sourceFile }).compactMap(\.self)
      .filter { index.files[$0] != nil }.uniqued
  }

  // MARK: Names

  /// From the manifest, or the folder.
  private var name: String {
    if let name = manifest?.projectName.flatMap(ServiceName.reduce) { return name }
    let path = folder == "." ? tree.root : folder
    let last = URL(filePath: path).standardizedFileURL.lastPathComponent
    return ServiceName.reduce(last) ?? "backend"
  }

  private var frameworkName: String {
    if entrypoint != nil { return "fastapi" }
    return ["fastmcp", "mcp"].first { manifest?.has($0) == true } ?? "mcp"
  }

  /// What shows the framework, where no version is pinned.
  private var frameworkPlace: Place? {
    manifest?.dependency(frameworkName)?.location ?? entrypoint?.place ?? mcp.servers.first?.place
  }

  private var framework: Framework {
    let version = manifest?.version(of: frameworkName)
    let place = version?.place ?? frameworkPlace
    return Framework(
      name: frameworkName, version: version?.value,
      source: place?.description ?? "default: \(frameworkName)")
  }

  private var packageManager: PackageManager {
    manifest?.packageManager
      ?? PackageManager(name: .pip, lockfile: nil, source: "default: no manifest")
  }

  /// Relative to the service; what lies above it, in a workspace, is the workspace's.
  private var inputs: [String] {
    let paths = (manifest?.inputs ?? []).compactMap { ProjectPath.relative($0, to: folder) }
    return paths.filter(ProjectPath.isPlain).sorted(by: ProjectTree.precedes)
  }

  /// Indexes may need a token while the packages are installed.
  private static func adding(
    _ tokens: [IndexVariable], to variables: [EnvironmentVariable]
  ) -> [EnvironmentVariable] {
    var variables = variables
    for (name, uses) in Dictionary(grouping: tokens, by: \.name) {
      variables.removeAll { $0.name == name }
      variables.append(
        EnvironmentVariable(
          name: name, scope: .buildSecret, required: uses.contains(where: \.required),
          places: Set(uses.map(\.location)).sorted { $0.description < $1.description }))
    }
    return variables.sorted { $0.name < $1.name }
  }

  // MARK: The application

  private func facts(server: String?) -> FastAPIFacts? {
    guard let entrypoint, let server else { return nil }
    let constructors = entrypoint.constructors
    return FastAPIFacts(
      entrypoint: entrypoint.text, factory: entrypoint.isFactory, appDir: entrypoint.appDir,
      server: server, at: entrypoint.place,
      rootPath: FastAPIAccess.rootPath(constructors, index),
      routes: constructors.isEmpty ? nil : routes.bases(of: constructors),
      cors: FastAPIAccess.cors(index, folder: folder))
  }

  /// The server that runs the application; nil where an MCP server runs itself.
  private mutating func server() -> Fact<String>? {
    guard let entrypoint else { return nil }
    let server = FastAPIServer.choose(
      manifest, finder.start, isFactory: entrypoint.isFactory, &findings)
    findings += mcp.findings(workers: finder.start.workers, at: finder.start.location)
    if manifest?.has("fastapi") != true {
      var fix = "add fastapi to the dependencies"
      if manifest == nil {
        fix = "add a requirements.txt with fastapi, uvicorn and what else the code imports"
      }
      findings.note(
        "FORGE-F010", .error, "the code uses fastapi, but nothing declares it as a dependency",
        at: entrypoint.place, fix: fix)
    }
    return server
  }

  private var healthPath: Fact<String?> {
    guard let entrypoint, let route = routes.health(of: entrypoint.constructors) else {
      return Fact(nil, .unknown, why: "no route has the name of a health check")
    }
    return Fact(
      route.path, .likely, evidence: [route.location],
      why: "a GET route of that name, which asks for no credentials")
  }

  /// The port that is written; 8000 without one.
  private mutating func port() -> Fact<Int> {
    let usual = Fact.assumed(8000, why: "default: where the server listens unless told otherwise")
    guard let written = writtenPort, let place = written.evidence.first else { return usual }
    guard written.value >= 1024 else {
      findings.note(
        "FORGE-F011", .info,
        "port \(written.value) is for root only on many systems; the image listens on 8000",
        at: place, fix: "map the port where the service is published")
      return usual
    }
    return written
  }

  private var writtenPort: Fact<Int>? {
    if let entrypoint {
      return PythonPort.fact(
        of: finder.commands(starting: entrypoint), folder: folder, in: tree)
    }
    let run = mcp.port.map { PythonStartCommand(port: $0.value, location: $0.place) }
    return PythonPort.fact(of: [run].compactMap(\.self), folder: folder, in: tree)
  }

  // MARK: Conclusions

  private func conclude(
    in service: inout Service, server: Fact<String>?, databases: [Written<String>]
  ) {
    let place = manifest?.version(of: frameworkName)?.place ?? frameworkPlace
    if let place { service.concludeFramework(at: place) }
    service.conclude("framework.version", frameworkVersion)
    service.conclude(
      "packageManager.name",
      manifest?.managerNameFact ?? .assumed("pip", why: "default: no manifest"))
    service.conclude(
      "packageManager.version",
      manifest?.managerVersionFact ?? .assumed(nil, why: "default: no manifest"))
    if let place = manifest?.workspacePlace { service.concludeWorkspace(at: place) }
    service.concludeDatabases()
    if !databases.isEmpty {
      service.conclude(
        "databases",
        Fact(
          databases.map(\.value).joined(separator: ", "), .likely,
          evidence: databases.map(\.place).uniqued,
          why: "drivers among the dependencies, and addresses in the code"))
    }
    if let server { service.conclude("fastapi.server", server) }
    if let entrypoint { conclude(entrypoint, in: &service) }
    if entrypoint?.constructors.isEmpty == true, let place {
      service.conclude(
        "kind",
        Fact(
          service.kind.rawValue, .likely, evidence: [place],
          why: "it uses fastapi; the call that makes the application was not found"))
    }
    for server in mcp.servers { service.conclude("mcp.\(server.entrypoint)", fact(of: server)) }
  }

  private var frameworkVersion: Fact<String?> {
    if let version = manifest?.version(of: frameworkName) {
      return .certain(version.value, at: version.place)
    }
    guard let frameworkPlace else { return .assumed(nil, why: "default: \(frameworkName)") }
    return Fact(nil, .unknown, evidence: [frameworkPlace], why: "nothing pins or bounds it")
  }

  private func conclude(_ entrypoint: FastAPIEntrypoint, in service: inout Service) {
    service.conclude("fastapi.entrypoint", finder.fact(of: entrypoint, routes))
    if entrypoint.isFactory {
      service.conclude(
        "fastapi.factory",
        .certain(
          "true", at: entrypoint.place, why: "it is a function that makes the application"))
    }
    if entrypoint.appDir != "." {
      service.conclude(
        "fastapi.appDir",
        Fact(
          entrypoint.appDir, .likely, evidence: [entrypoint.place],
          why: "the first folder above it that is no package, or from which its own imports are "
            + "found"))
    }
  }

  private func fact(of server: MCPServer) -> Fact<String> {
    var value = server.transport.rawValue
    if server.state != .stdio, server.state != .service { value += ", \(server.state.rawValue)" }
    if let path = server.path { value += " at \(path)" }
    let choices = mcp.choices[server.entrypoint] ?? []
    guard choices.isEmpty else {
      let others = choices.filter { $0.value != server.transport }
      return Fact(
        value, .ambiguous, evidence: [server.place] + choices.map(\.place).uniqued,
        alternatives: others.map {
          Conclusion.Alternative(value: $0.value.rawValue, at: $0.place)
        },
        why: "the code chooses the transport when it starts")
    }
    let why =
      switch server.state {
      case .mounted: "the application mounts it"
      case .service: "the code runs it over HTTP"
      case .stdio: "the code runs it without a transport, or with stdio"
      case .child: "the application starts it"
      case .unserved: "nothing in the code mounts or runs it"
      }
    let places = [server.place, mcp.places[server.entrypoint]].compactMap(\.self)
    return Fact(
      value, server.state == .unserved ? .likely : .certain, evidence: places.uniqued, why: why)
  }
}
