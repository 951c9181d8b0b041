import ForgeBasics
import ForgeSyntax
import Foundation

/// Recognises a Next.js service in a folder.
package enum NextAnalyzer {
  /// The service in `folder` (relative to the root; `.` for the root itself), or nil when there is none.
  /// - Throws: `AnalysisError` for a manifest or lockfile that cannot be read.
  package static func analyze(_ folder: String, in tree: ProjectTree) throws -> Service? {
    guard let manifest = try NodeManifest.read(folder, in: tree), let asked = manifest.dependency("next") else {
      return nil
    }
    let routes = NextRoutes(folder, in: tree)
    let config = try NextConfig(folder, in: tree)
    let build = manifest.script("build")
    // A workspace's root may list next for its members without being an application.
    let builds = build?.value.contains("next build") == true
    guard routes.router != nil || config.file != nil || builds else { return nil }

    let workspace = try NodeWorkspace.find(folder, in: tree)
    let root = workspace?.root ?? folder
    let rootManifest = try root == folder ? nil : NodeManifest.read(root, in: tree)
    let manager = try NodePackageManager(
      manifest, folder: folder, root: root, rootManifest: rootManifest, in: tree)
    let framework = framework(asked, manager)
    let version = framework.version.flatMap { SemanticVersion($0) }
    let runtime = NodeRuntime(manifest, next: version, folder: folder, in: tree)
    let environment = NextEnvironment(folder, configFile: config.file, in: tree)
    let inputs = NodeInstallInputs(manifest, manager.manager, folder: folder, in: tree)
    let port = NextPort.find(manifest)
    let database = NodeDatabases(manifest, folder: folder, in: tree)

    var findings = config.findings + manager.findings + runtime.findings + environment.findings + inputs.findings
    // A range without a lockfile installs the newest version of it, not the lowest.
    let isPinned = manager.next != nil || SemanticVersion(asked.value)?.precision == 3
    findings += isPinned ? vulnerabilities(version, framework, routes.router) : []
    findings += judge(version, routes.router, manifest, build)
    if let workspace { findings.append(member(of: workspace, manifest)) }
    let customServer = NextCustomServer.find(folder, in: tree)
    if let customServer {
      findings.append(
        Finding(
          id: "FORGE-N037", severity: .error,
          message: "a server of its own starts Next.js, which the standalone output does not contain",
          location: ProjectTree.join(folder, customServer) + ":1",
          fix: "move what it does into middleware or route handlers"))
    }
    let member = ProjectPath.relative(folder, to: root) ?? "."
    return Service(
      name: name(manifest.name, folder, tree), path: folder, kind: .nextjs, framework: framework,
      runtime: runtime.runtime, packageManager: manager.manager,
      workspace: workspace.map { Workspace(root: $0.root, kind: $0.kind) },
      next: NextFacts(
        router: routes.router ?? .app, output: config.output,
        configFile: config.file.flatMap { ProjectPath.relative($0, to: folder) }, basePath: config.basePath,
        distDir: config.distDir, customServer: customServer,
        buildCommand: DisplayText.escape(build?.value ?? "next build"),
        hasPublicFolder: !tree.files(below: ProjectTree.join(folder, "public")).isEmpty,
        standaloneServer: ProjectTree.join(member, "server.js")),
      port: port, healthPath: routes.healthPath.map { (config.basePath ?? "") + $0 },
      environment: environment.variables, databases: database.databases, migrations: database.migrations, mcp: [],
      installInputs: inputs.paths,
      findings: findings.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
  }

  private static func name(_ manifest: String?, _ folder: String, _ tree: ProjectTree) -> String {
    if let name = manifest.flatMap(ServiceName.reduce) { return name }
    let path = folder == "." ? ProjectTree.resolve(tree.root) ?? tree.root : folder
    return ServiceName.reduce(ProjectTree.name(path)) ?? "frontend"
  }

  /// The version from the lockfile; without one, the lowest that the manifest allows.
  private static func framework(
    _ asked: (value: String, source: String), _ manager: NodePackageManager
  ) -> Framework {
    if let locked = manager.next { return Framework(name: "next", version: locked.version, source: locked.source) }
    let lowest = SemanticRange(asked.value).flatMap { $0.intervals.isEmpty ? nil : $0.lowest }
    // `latest` and `*` bound nothing.
    let version = lowest.flatMap { $0.major > 0 ? $0.description : nil } ?? SemanticVersion(asked.value)?.description
    return Framework(name: "next", version: version, source: asked.source)
  }

  private static func vulnerabilities(
    _ version: SemanticVersion?, _ framework: Framework, _ router: NextFacts.Router?
  ) -> [Finding] {
    guard let version else { return [] }
    return NextReleases.table.vulnerable.compactMap { known in
      known.fix(for: version).map { fix in
        Finding(
          id: "FORGE-N001", severity: router == known.router || router == .both ? .error : .warning,
          message: "Next.js \(version) has \(known.id): \(known.title)", location: framework.source,
          fix: "update next to \(fix) or newer, and build again")
      }
    }
  }

  private static func judge(
    _ version: SemanticVersion?, _ router: NextFacts.Router?, _ manifest: NodeManifest,
    _ build: (value: String, source: String)?
  ) -> [Finding] {
    var findings: [Finding] = []
    func note(_ id: String, _ severity: Severity, _ message: String, _ location: String, _ fix: String) {
      findings.append(Finding(id: id, severity: severity, message: message, location: location, fix: fix))
    }
    if router == nil {
      note(
        "FORGE-N002", .error, "there is neither an app/ nor a pages/ folder with a route", manifest.path + ":1",
        "add app/page.tsx, or analyse the folder that holds the application")
    }
    guard let build else {
      note(
        "FORGE-N030", .warning, "there is no build script", manifest.path + ":1",
        "add \"build\": \"next build\" to the scripts of package.json")
      return findings
    }
    if build.value.contains("next export"), version.map({ $0.major >= 14 }) == true {
      note(
        "FORGE-N038", .error, "next export no longer exists since Next.js 14: the build fails", build.source,
        "take it out of the script, and set output: 'export' in next.config")
    }
    return findings
  }

  private static func member(of workspace: NodeWorkspace, _ manifest: NodeManifest) -> Finding {
    Finding(
      id: "FORGE-N003", severity: .warning,
      message: "the application is a member of the \(workspace.kind) workspace at \(workspace.root): it needs files "
        + "outside of its folder", location: manifest.path + ":1",
      fix: "build from the root of the workspace")
  }
}

/// The port that the production server listens on.
enum NextPort {
  /// From the start script: `next start -p 4000`, `PORT=4000 next start`; 3000 otherwise.
  static func find(_ manifest: NodeManifest) -> Int {
    let words = manifest.script("start")?.value.split { $0.isWhitespace }.map(String.init) ?? []
    for (index, word) in words.enumerated() {
      for prefix in ["PORT=", "--port=", "-p="] where word.hasPrefix(prefix) {
        if let port = valid(String(word.dropFirst(prefix.count))) { return port }
      }
      if word == "-p" || word == "--port", index + 1 < words.count, let port = valid(words[index + 1]) { return port }
    }
    return 3000
  }

  private static func valid(_ text: String) -> Int? { Int(text).flatMap { (1...65535).contains($0) ? $0 : nil } }
}
