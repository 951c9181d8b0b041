import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Recognises a Next.js service in a folder.
package struct NextAnalyzer {
  /// The service in `folder` (relative to the root; `.` for the root itself), or nil when there is none.
  /// - Throws: `AnalysisError` for a manifest or lockfile that cannot be read.
  package static func analyze(_ folder: String, in tree: ProjectTree) throws(AnalysisError)
    -> Service?
  {
    guard let package = try NextPackage(folder, in: tree),
      let analyzer = try NextAnalyzer(package, in: tree)
    else { return nil }
    return analyzer.service
  }

  /// The root of the workspace that counts `folder` among its members; nil for none.
  package static func workspace(of folder: String, in tree: ProjectTree) -> String? {
    let hasManifest = NodeManifest.names.contains { tree.hasFile(ProjectTree.join(folder, $0)) }
    guard !hasManifest else { return (try? NodeWorkspace.find(folder, in: tree))?.root }
    let marks = ["project.json", "next.config.js", "next.config.mjs", "next.config.ts"]
    guard marks.contains(where: { tree.hasFile(ProjectTree.join(folder, $0)) }) else { return nil }
    return NodeWorkspace.nx(above: folder, in: tree)?.root
  }

  private let tree: ProjectTree
  private let package: NextPackage
  private let manager: NodePackageManager
  private let version: NextVersion
  private let routes: NextRoutes
  private let config: NextConfig
  private let members: NodeWorkspaceMembers?
  private let runtime: NodeRuntime
  private let environment: NextEnvironment
  private let inputs: NodeInstallInputs
  private let steps: NodeBuildSteps
  private let builds: PnpmBuilds
  private let lock: NodeLockCheck
  private let native: NodeNativePackages
  private let database: NodeDatabases
  private let tracing: NextTracing
  private let port: Fact<Int>
  private let customServer: String?
  private let runtimeFiles: [String]

  private var folder: String { package.folder }
  private var manifest: NodeManifest { package.manifest }

  /// Nil when the folder holds no application.
  private init?(_ package: NextPackage, in tree: ProjectTree) throws(AnalysisError) {
    let (folder, top, manifest) = (package.folder, package.top, package.manifest)
    let own = [manifest, package.rootManifest].compactMap(\.self)
    self.tree = tree
    self.package = package
    manager = try NodePackageManager(own, folder: folder, root: top, in: tree)
    version = NextVersion(requested: package.requested, locked: manager.next)
    routes = NextRoutes(folder, in: tree)
    config = try NextConfig(folder, top: top, version: version.version, in: tree)
    guard Self.isApplication(package, routes, config, in: tree) else { return nil }

    let members = package.workspace.map {
      NodeWorkspaceMembers(of: manifest, folder: folder, $0, in: tree)
    }
    let needed = [manifest] + (members?.manifests ?? [])
    let withRoot = needed + [package.rootManifest].compactMap(\.self)
    let pins = NodePins.find(
      manifest, rootManifest: package.rootManifest, folder: folder, in: tree)
    self.members = members
    runtime = NodeRuntime(own, pins: pins, next: version.version)
    environment = NextEnvironment(
      folder, config: config, members: members?.needed.filter { $0 != folder } ?? [],
      root: package.workspace?.root, in: tree)
    builds = PnpmBuilds(manager, manifest: package.rootManifest ?? manifest, top: top, in: tree)
    steps = NodeBuildSteps(
      package, members: members, manager: manager, approvedBuilds: builds.approved, in: tree)
    inputs = NodeInstallInputs(
      withRoot, members: members?.all ?? [], lockfile: manager.lockfile, scripts: steps.inputs,
      top: top, in: tree)
    lock = NodeLockCheck(
      manager, manifests: withRoot + (members?.others ?? []), top: top, in: tree)
    native = NodeNativePackages(
      needed, lockfile: manager.lockfile.map { ProjectTree.join(top, $0) }, in: tree)
    database = NodeDatabases(withRoot, in: tree)
    tracing = NextTracing(folder, top: top, version: version.version, config: config, in: tree)
    port = NextPort.find(manifest)
    customServer = NextCustomServer.find(folder, in: tree)
    runtimeFiles = NextRuntimeFiles.find(withRoot, folder: folder, in: tree)
  }

  /// A workspace's root may list next for its members without being an application.
  private static func isApplication(
    _ package: NextPackage, _ routes: NextRoutes, _ config: NextConfig, in tree: ProjectTree
  ) -> Bool {
    if buildsElsewhere(package, in: tree) { return false }
    if routes.router.value != nil { return true }
    let hasConfig = config.file.map(ProjectTree.parent) == package.folder
    let builds = package.buildScript?.value.contains("next build") == true
    guard hasConfig || builds else { return false }
    let isWorkspaceRoot = package.folder == "." && package.manifest.workspaces != nil
    return config.file != nil || !isWorkspaceRoot
  }

  /// A manifest that only stands around an application: its build script builds another folder.
  private static func buildsElsewhere(_ package: NextPackage, in tree: ProjectTree) -> Bool {
    let commands = NodeScripts.commands(of: "build", in: package.manifest)
    guard !commands.contains(where: \.buildsNext) else { return false }
    return commands.contains { command in
      var target = command.program == "cd" ? command.operands.first : nil
      for option in ["--prefix", "--cwd", "--dir", "-C"] {
        target = target ?? command.option(option)
      }
      guard let target, let path = ProjectPath.resolve(target, from: package.folder),
        path != package.folder
      else { return false }
      return NodeManifest.names.contains { tree.hasFile(ProjectTree.join(path, $0)) }
    }
  }

  // MARK: The service

  private var service: Service {
    let healthPath = routes.healthPath(below: config.basePath)
    var service = Service(
      name: name, path: folder, kind: .nextjs, framework: version.framework,
      runtime: runtime.runtime, packageManager: manager.manager, workspace: workspace,
      next: nextFacts, port: port.value, healthPath: healthPath.value,
      environment: environment.variables, databases: database.databases,
      migrations: database.migrations?.value,
      mcp: NextMCP.find(routes, manifest, below: config.basePath, in: tree),
      systemPackages: native.system, nativePackages: native.packages, installInputs: inputs.paths,
      buildSteps: steps.steps, findings: findings.uniqued)
    service.concludeFramework(at: version.place)
    service.concludeDatabases()
    service.conclude("framework.version", version.fact)
    service.conclude("runtime.version", runtime.version)
    service.conclude("packageManager.name", manager.name.map(\.rawValue))
    service.conclude("packageManager.version", manager.versionFact)
    service.conclude("port", port.map(String.init))
    service.conclude("healthPath", healthPath)
    service.conclude("next.router", routes.router.map { $0?.rawValue })
    service.conclude("next.configFile", config.fileFact.map { _ in nextFacts.configFile })
    service.conclude("next.output", config.outputFact)
    service.conclude("next.basePath", config.basePathFact)
    service.conclude("next.distDir", config.distDirFact)
    service.conclude("next.buildCommand", buildCommand)
    service.conclude("next.standaloneServer", tracing.server)
    if let migrations = database.migrations { service.conclude(migrations) }
    if let place = package.workspace?.place { service.concludeWorkspace(at: place) }
    return service
  }

  private var name: String {
    if let name = package.ownName.flatMap(ServiceName.reduce) { return name }
    let path = folder == "." ? ProjectTree.resolve(tree.root) ?? tree.root : folder
    return ServiceName.reduce(ProjectTree.name(path)) ?? "frontend"
  }

  private var workspace: Workspace? {
    guard let workspace = package.workspace else { return nil }
    let needed = members?.needed ?? []
    var name = package.ownName.map { DisplayText.escape($0) }
    if !package.hasOwnManifest { name = ProjectTree.name(folder) }
    return Workspace(
      root: workspace.root, kind: workspace.kind,
      members: needed.compactMap { ProjectPath.relative($0, to: workspace.root) }, package: name)
  }

  private var nextFacts: NextFacts {
    NextFacts(
      router: routes.router.value ?? .app, output: config.output, configFile: configFile,
      basePath: config.basePath, distDir: config.distDir, customServer: customServer,
      buildCommand: buildCommand.value,
      startCommand: manifest.script("start").map { DisplayText.escape($0.value) },
      hasPublicFolder: !tree.files(below: ProjectTree.join(folder, "public")).isEmpty,
      standaloneServer: tracing.server.value, runtimeFiles: runtimeFiles,
      settings: config.settings)
  }

  /// As seen from the application: `next.config.js`, `../../next.config.js`.
  private var configFile: String? {
    guard let file = config.file else { return nil }
    if let path = ProjectPath.relative(file, to: folder) { return path }
    let depth = { (folder: String) in
      folder == "." ? 0 : folder.split(separator: "/").count
    }
    let steps = max(0, depth(folder) - depth(ProjectTree.parent(file)))
    return String(repeating: "../", count: steps) + ProjectTree.name(file)
  }

  private var buildCommand: Fact<String> {
    guard let script = package.buildScript else {
      return .assumed("next build", why: "default: there is no build script")
    }
    return .certain(DisplayText.escape(script.value), at: script.place, why: "the build script")
  }

  // MARK: Findings

  private var findings: [Finding] {
    var findings =
      config.findings + manager.findings + runtime.findings + environment.findings
    findings += inputs.findings + native.findings + tracing.findings
    findings += lock.findings + builds.findings + steps.findings
    findings += version.vulnerabilities(router: routes.router.value, folder: folder, in: tree)
    findings += buildFindings
    let compatibility = NextCompatibility(
      version: version.version, config: config, router: routes.router.value,
      manager: manager.manager, manifest: manifest, folder: folder, top: package.top)
    findings += compatibility.findings(in: tree)
    if let workspace = package.workspace {
      findings.note(
        "FORGE-N003", .info,
        "the application is a member of the \(workspace.kind) workspace at \(workspace.root): its "
          + "image is built from there",
        at: manifest.place)
    }
    if let customServer {
      findings.note(
        "FORGE-N037", .warning,
        "a server of its own starts Next.js, which the standalone output does not contain: the "
          + "image holds all packages",
        at: .source(file: ProjectTree.join(folder, customServer), line: 1),
        fix: "move what it does into middleware or route handlers")
    }
    return findings
  }

  private var buildFindings: [Finding] {
    var findings: [Finding] = []
    if routes.router.value == nil {
      findings.note(
        "FORGE-N002", .error, "there is neither an app/ nor a pages/ folder with a route",
        at: manifest.place,
        fix: "add app/page.tsx, or analyse the folder that holds the application"
      )
    }
    if let build = package.buildScript {
      if build.value.contains("next export"), let version = version.version, version.major >= 14 {
        findings.note(
          "FORGE-N038", .error, "next export no longer exists since Next.js 14: the build fails",
          at: build.place,
          fix: "take it out of the script, and set output: 'export' in next.config")
      }
    } else if package.hasOwnManifest {
      findings.note(
        "FORGE-N030", .warning, "there is no build script", at: manifest.place,
        fix: "add \"build\": \"next build\" to the scripts of package.json")
    }
    return findings
  }
}
