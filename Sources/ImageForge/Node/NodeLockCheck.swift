import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Whether an installation that keeps to the lockfile would take it: each manager compares it with the manifests, and
/// stops where the two do not fit.
struct NodeLockCheck {
  private(set) var findings: [Finding] = []
  private let manager: NodePackageManager
  /// By their folders below the lockfile's; empty for the same folder.
  private let manifests: [String: NodeManifest]
  private let top: String
  private let tree: ProjectTree
  private let settings: PnpmSettings

  private typealias Problem = NpmLockCheck.Problem

  /// - Parameters:
  ///   - manifests: of the service, and of the workspace around it with all its members.
  ///   - top: where the lockfile lies.
  init(
    _ manager: NodePackageManager, manifests: [NodeManifest], top: String, in tree: ProjectTree
  ) {
    self.manager = manager
    self.top = top
    self.tree = tree
    var byFolder: [String: NodeManifest] = [:]
    for manifest in manifests {
      guard let folder = ProjectPath.relative(manifest.folder, to: top) else { continue }
      byFolder[folder == "." ? "" : folder] = manifest
    }
    self.manifests = byFolder
    settings = PnpmSettings(at: top, manifest: byFolder[""], in: tree)
    // What is wrong with next itself was said.
    guard !manager.findings.contains(where: { $0.id == "FORGE-N026" }) else { return }
    note(problems)
  }

  private mutating func note(_ problems: [Problem]) {
    guard let first = problems.first else { return }
    var message = first.message
    let others = problems.map(\.package).uniqued.filter { $0 != first.package }
    if !others.isEmpty {
      message +=
        "; nor does it fit " + others.prefix(4).map(DisplayText.escape).joined(separator: ", ")
    }
    if others.count > 4 { message += " and \(others.count - 4) more" }
    findings.note(
      "FORGE-N026", .error, message + ": the installation of an image's build stops",
      at: first.place,
      fix: "run \(manager.manager.name.program) install, and commit the lockfile")
  }

  private var problems: [Problem] {
    guard let name = manager.lockfile, let contents = manager.contents else { return [] }
    switch contents {
    case .npm(let lock):
      return NpmLockCheck(
        lock, name: name, manifests: manifests, checksPeers: !leavesPeersAlone
      ).problems
    case .pnpm(let lock): return pnpm(lock)
    case .other(let source):
      if manager.manager.name == .bun { return bun(source, name) }
      return yarn(source, name)
    }
  }

  /// `legacy-peer-deps=true` in `.npmrc`.
  private var leavesPeersAlone: Bool {
    guard let source = try? tree.read(ProjectTree.join(top, ".npmrc"), limit: 1 << 16) else {
      return false
    }
    return source.text.split(whereSeparator: \.isNewline).contains { line in
      let bare = line.filter { !$0.isWhitespace }
      return ["legacy-peer-deps=true", "legacy-peer-deps", "force=true"].contains(bare)
    }
  }

  /// All direct dependencies, with their manifests' folders.
  private var dependencies: [(folder: String, dependency: NodeDependency)] {
    manifests.sorted { $0.key < $1.key }.flatMap { folder, manifest in
      manifest.dependencies.map { (folder, $0) }
    }
  }

  private func isMember(_ name: String) -> Bool { manifests.values.contains { $0.name == name } }

  private func missing(_ name: String, in lockfile: String, _ dependency: NodeDependency) -> Problem
  {
    Problem(
      package: name,
      message: "\(lockfile) has no entry for \(DisplayText.escape(name)), which "
        + "\(dependency.place) asks for (\(DisplayText.escape(dependency.range)))",
      place: dependency.place)
  }

  // MARK: pnpm

  private func pnpm(_ lock: PnpmLock) -> [Problem] {
    let overridden = settings.overridden
    var problems: [Problem] = []
    for (folder, dependency) in dependencies where !overridden.contains(dependency.name) {
      let importer = lock.importers[folder.isEmpty ? "." : folder]
      guard let entry = importer?[dependency.name] else {
        // Links to folders may be left out of a lockfile.
        if dependency.range.hasPrefix("link:") || dependency.range.hasPrefix("file:") { continue }
        problems.append(missing(dependency.name, in: "pnpm-lock.yaml", dependency))
        continue
      }
      guard let specifier = entry.specifier, specifier != dependency.range,
        !dependency.range.hasPrefix("link:")
      else { continue }
      problems.append(
        Problem(
          package: dependency.name,
          message: "pnpm-lock.yaml was written for \(DisplayText.escape(dependency.name)) "
            + "\(DisplayText.escape(specifier)), and \(dependency.place) asks for "
            + DisplayText.escape(dependency.range), place: dependency.place))
    }
    return problems
  }

  // MARK: bun

  private func bun(_ source: SourceText, _ name: String) -> [Problem] {
    guard let root = try? JSON.parse(source, .projectWithComments),
      let workspaces = root["workspaces"]
    else { return [] }
    var problems: [Problem] = []
    for (folder, dependency) in dependencies {
      guard let workspace = workspaces[folder] else { continue }
      let sections = ["dependencies", "devDependencies", "optionalDependencies"]
      let written = sections.lazy.compactMap { workspace[$0]?[dependency.name]?.string }.first
      guard written != dependency.range else { continue }
      guard let written else {
        problems.append(missing(dependency.name, in: name, dependency))
        continue
      }
      problems.append(
        Problem(
          package: dependency.name,
          message: "\(name) was written for \(DisplayText.escape(dependency.name)) "
            + "\(DisplayText.escape(written)), and \(dependency.place) asks for "
            + DisplayText.escape(dependency.range), place: dependency.place))
    }
    return problems
  }

  // MARK: Yarn

  /// Yarn's lockfiles list what was asked for: `"next@^16.0.0":`, since version 2 `"next@npm:^16.0.0":`.
  private func yarn(_ source: SourceText, _ name: String) -> [Problem] {
    let isBerry = manager.manager.name == .yarnBerry
    // Yarn 1 does not compare the members of a workspace.
    if !isBerry, manifests.count > 1 || manifests[""]?.workspaces != nil { return [] }
    let asked = NodeLockfile.yarnSpecifiers(source)
    guard !asked.isEmpty else { return [] }
    let resolutions = Set(
      (manifests[""]?.root["resolutions"]?.members ?? []).map { member in
        member.key.split(separator: "/").suffix(member.key.contains("@") ? 2 : 1)
          .joined(separator: "/")
      })
    return dependencies.compactMap { _, dependency in
      let isPlain = dependency.range.utf8.allSatisfy { byte in
        !":/#".utf8.contains(byte)
      }
      guard isPlain, !isMember(dependency.name),
        !resolutions.contains(where: { $0.hasSuffix(dependency.name) || $0.contains("*") })
      else { return nil }
      let specifiers = ["", "npm:"].map { "\(dependency.name)@\($0)\(dependency.range)" }
      if specifiers.contains(where: asked.contains) { return nil }
      return missing(dependency.name, in: name, dependency)
    }
  }
}
