import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax
import Foundation

/// Recognises a Next.js service in a folder.
package enum NextAnalyzer {
  /// The service in `folder` (relative to the root; `.` for the root itself), or nil when there is none.
  /// - Throws: `AnalysisError` for a manifest or lockfile that cannot be read.
  package static func analyze(_ folder: String, in tree: ProjectTree) throws -> Service? {
    guard let ground = try NextGround(folder, in: tree) else { return nil }
    let (manifest, asked, workspace) = (ground.manifest, ground.asked, ground.workspace)
    let manager = try NodePackageManager(
      manifest, folder: folder, root: ground.top, rootManifest: ground.rootManifest, in: tree)
    let framework = framework(asked, manager)
    let version = framework.version.flatMap { SemanticVersion($0) }
    let routes = NextRoutes(folder, in: tree)
    let config = try NextConfig(folder, top: ground.top, version: version, in: tree)
    let build = ground.isOwnManifest ? manifest.script("build") : nil
    // A workspace's root may list next for its members without being an application.
    let builds = build?.value.contains("next build") == true
    guard routes.router != nil || config.file.map(ProjectTree.parent) == folder || builds else {
      return nil
    }
    if folder == ".", routes.router == nil, config.file == nil, manifest.workspaces != nil {
      return nil
    }

    let members = workspace.map { NodeWorkspaceMembers(of: manifest, folder: folder, $0, in: tree) }
    let manifests = [manifest] + (members?.manifests ?? [])
    let runtime = NodeRuntime(
      manifest, rootManifest: ground.rootManifest, next: version, folder: folder, in: tree)
    let environment = NextEnvironment(
      folder, configFiles: config.files, members: members?.needed.filter { $0 != folder } ?? [],
      root: workspace?.root, in: tree)
    let inputs = NodeInstallInputs(
      manifests + [ground.rootManifest].compactMap(\.self), members: members?.all ?? [],
      manager.manager,
      top: ground.top, in: tree)
    let lockfile = manager.manager.lockfile.map { ProjectTree.join(ground.top, $0) }
    let native = NodeNativePackages(manifests, lockfile: lockfile, in: tree)
    let port = NextPort.find(manifest)
    let database = NodeDatabases(manifests, folder: folder, in: tree)
    let tracing = NextTracing(folder, top: ground.top, version: version, config, in: tree)

    var findings =
      config.findings + manager.findings + runtime.findings + environment.findings + inputs.findings
    findings += native.findings + tracing.findings
    // A range without a lockfile installs the newest version of it, not the lowest.
    let isPinned = manager.next != nil || SemanticVersion(asked.value)?.precision == 3
    findings += isPinned ? vulnerabilities(version, framework, routes.router, folder, tree) : []
    findings += judge(version, routes.router, manifest, build, isOwnManifest: ground.isOwnManifest)
    findings += NextTraps.find(
      version, config, routes, manager.manager, manifest, folder: folder, in: tree)
    if let workspace { findings.append(member(of: workspace, manifest)) }
    let customServer = NextCustomServer.find(folder, in: tree)
    if let customServer {
      findings.append(
        Finding(
          id: "FORGE-N037", severity: .warning,
          message:
            "a server of its own starts Next.js, which the standalone output does not contain: the image holds all "
            + "packages",
          location: ProjectTree.join(folder, customServer) + ":1",
          fix: "move what it does into middleware or route handlers"))
    }
    var service = Service(
      name: name(ground.isOwnManifest ? manifest.name : nil, folder, tree), path: folder,
      kind: .nextjs,
      framework: framework, runtime: runtime.runtime, packageManager: manager.manager,
      workspace: workspace.map { workspace in
        Workspace(
          root: workspace.root, kind: workspace.kind,
          members: (members?.needed ?? []).compactMap {
            ProjectPath.relative($0, to: workspace.root)
          },
          package: ground.isOwnManifest
            ? manifest.name.map(DisplayText.escape) : ProjectTree.name(folder))
      },
      next: NextFacts(
        router: routes.router ?? .app, output: config.output,
        configFile: config.file.map {
          ProjectPath.relative($0, to: folder) ?? ascent(from: folder, to: $0)
        },
        basePath: config.basePath, distDir: config.distDir, customServer: customServer,
        buildCommand: DisplayText.escape(build?.value ?? "next build"),
        startCommand: manifest.script("start").map { DisplayText.escape($0.value) },
        hasPublicFolder: !tree.files(below: ProjectTree.join(folder, "public")).isEmpty,
        standaloneServer: tracing.server, settings: config.settings),
      port: port.number, healthPath: routes.healthPath.map { (config.basePath ?? "") + $0 },
      environment: environment.variables, databases: database.databases,
      migrations: database.migrations, mcp: [],
      systemPackages: native.system, nativePackages: native.packages, installInputs: inputs.paths,
      findings: findings.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
    if let source = database.migrationsSource {
      service.conclude(.migrations(service.migrations, source))
    }
    if let workspace { service.conclude(.workspace(service.workspace, workspace.source)) }
    NextConclusions.add(
      to: &service, ground, manager, runtime, routes, config, tracing, port, build)
    return service
  }

  /// `../../next.config.js`
  private static func ascent(from folder: String, to file: String) -> String {
    let steps =
      folder.split(separator: "/").count
      - ProjectTree.parent(file).split(separator: "/").filter { $0 != "." }.count
    return String(repeating: "../", count: max(0, steps)) + ProjectTree.name(file)
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
    if let locked = manager.next {
      return Framework(name: "next", version: locked.version, source: locked.source)
    }
    let lowest = SemanticRange(asked.value).flatMap { $0.intervals.isEmpty ? nil : $0.lowest }
    // `latest` and `*` bound nothing.
    let version =
      lowest.flatMap { $0.major > 0 ? $0.description : nil }
      ?? SemanticVersion(asked.value)?.description
    return Framework(name: "next", version: version, source: asked.source)
  }

  private static func vulnerabilities(
    _ version: SemanticVersion?, _ framework: Framework, _ router: NextFacts.Router?,
    _ folder: String,
    _ tree: ProjectTree
  ) -> [Finding] {
    guard let version else { return [] }
    func has(_ file: String) -> Bool {
      ["", "src/"].contains { place in
        ["ts", "js", "mjs", "tsx", "jsx"].contains {
          tree.hasFile(ProjectTree.join(folder, "\(place)\(file).\($0)"))
        }
      }
    }
    let concerning = NextReleases.table.vulnerable.filter { known in
      guard let file = known.file else { return true }
      return has(file) || file == "middleware" && has("proxy")
    }
    func isOpen(_ known: NextReleases.Vulnerability) -> Bool {
      known.router.map { router == $0 || router == .both } ?? true
    }
    let found = concerning.filter { $0.fix(for: version) != nil }
    // One finding: one update mends them all. The worst stands first in the table.
    guard let worst = found.first(where: isOpen) ?? found.first else { return [] }
    let others = found.filter { $0.id != worst.id }.map(\.id)
    let more = others.isEmpty ? "" : "; and \(others.joined(separator: ", "))"
    return [
      Finding(
        id: "FORGE-N001", severity: isOpen(worst) ? .error : .warning,
        message: "Next.js \(version) has \(worst.id): \(worst.title)\(more)",
        location: framework.source,
        fix:
          "update next to \(NextReleases.table.mended(version, of: concerning)) or newer, and build again"
      )
    ]
  }

  private static func judge(
    _ version: SemanticVersion?, _ router: NextFacts.Router?, _ manifest: NodeManifest,
    _ build: (value: String, source: String)?, isOwnManifest: Bool
  ) -> [Finding] {
    var findings: [Finding] = []
    func note(
      _ id: String, _ severity: Severity, _ message: String, _ location: String, _ fix: String
    ) {
      findings.append(
        Finding(id: id, severity: severity, message: message, location: location, fix: fix))
    }
    if router == nil {
      note(
        "FORGE-N002", .error, "there is neither an app/ nor a pages/ folder with a route",
        manifest.path + ":1",
        "add app/page.tsx, or analyse the folder that holds the application")
    }
    guard let build else {
      // A task runner knows how to build what has no manifest.
      guard isOwnManifest else { return findings }
      note(
        "FORGE-N030", .warning, "there is no build script", manifest.path + ":1",
        "add \"build\": \"next build\" to the scripts of package.json")
      return findings
    }
    if build.value.contains("next export"), version.map({ $0.major >= 14 }) == true {
      note(
        "FORGE-N038", .error, "next export no longer exists since Next.js 14: the build fails",
        build.source,
        "take it out of the script, and set output: 'export' in next.config")
    }
    return findings
  }

  private static func member(of workspace: NodeWorkspace, _ manifest: NodeManifest) -> Finding {
    Finding(
      id: "FORGE-N003", severity: .info,
      message:
        "the application is a member of the \(workspace.kind) workspace at \(workspace.root): its image is built "
        + "from there", location: manifest.path + ":1")
  }
}

/// Where a Next.js application stands: its manifest, and the workspace around it.
struct NextGround {
  let manifest: NodeManifest
  /// What the manifest asks for of Next.js.
  let asked: (value: String, source: String)
  let workspace: NodeWorkspace?
  /// The manifest of the workspace's root.
  let rootManifest: NodeManifest?
  /// The folder above which an image's build sees nothing.
  let top: String
  /// Whether the manifest lies in the folder; else it is the workspace's, which all its folders share.
  let isOwnManifest: Bool

  /// Nil when the folder can be no application.
  init?(_ folder: String, in tree: ProjectTree) throws(AnalysisError) {
    if let own = try NodeManifest.read(folder, in: tree) {
      workspace = try NodeWorkspace.find(folder, in: tree)
      top = workspace?.root ?? folder
      rootManifest = try top == folder ? nil : NodeManifest.read(top, in: tree)
      manifest = own
      isOwnManifest = true
      guard let asked = own.dependency("next") ?? Self.inherited(own, rootManifest, folder, tree)
      else { return nil }
      self.asked = asked
    } else {
      guard let workspace = NodeWorkspace.nx(above: folder, in: tree),
        let shared = try NodeManifest.read(workspace.root, in: tree),
        let asked = shared.dependency("next")
      else { return nil }
      (self.workspace, manifest, rootManifest, top, isOwnManifest) = (
        workspace, shared, nil, workspace.root, false
      )
      self.asked = asked
    }
  }

  /// A member may build with what the root depends on.
  private static func inherited(
    _ own: NodeManifest, _ root: NodeManifest?, _ folder: String, _ tree: ProjectTree
  ) -> (value: String, source: String)? {
    guard
      NextConfig.exists(in: folder, tree)
        || own.script("build")?.value.contains("next build") == true
    else {
      return nil
    }
    return root?.dependency("next")
  }
}

/// The port that the production server listens on.
enum NextPort {
  /// From the start script: `next start -p 4000`, `PORT=4000 next start`; 3000 otherwise.
  static func find(_ manifest: NodeManifest) -> (number: Int, source: String?) {
    let start = manifest.script("start")
    let words = start?.value.split { $0.isWhitespace }.map(String.init) ?? []
    for (index, word) in words.enumerated() {
      for prefix in ["PORT=", "--port=", "-p=", "-p"] where word.hasPrefix(prefix) && word != prefix
      {
        if let port = valid(String(word.dropFirst(prefix.count))) { return (port, start?.source) }
      }
      if word == "-p" || word == "--port", index + 1 < words.count,
        let port = valid(words[index + 1])
      {
        return (port, start?.source)
      }
    }
    return (3000, nil)
  }

  /// `4000`, and what `${PORT:-4000}` falls back to.
  private static func valid(_ text: String) -> Int? {
    var digits = text[...].filter { $0 != "\"" && $0 != "'" }
    if digits.hasPrefix("${"), digits.hasSuffix("}"),
      let mark = digits.firstIndex(where: { $0 == "-" || $0 == "=" })
    {
      digits = String(digits[digits.index(after: mark)...].dropLast())
    }
    return Int(digits).flatMap { (1...65535).contains($0) ? $0 : nil }
  }
}
