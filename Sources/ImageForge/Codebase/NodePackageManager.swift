import ForgeBasics
import ForgeSyntax

/// Which package manager installs a Node.js project, in which version, by which lockfile.
struct NodePackageManager {
  private(set) var manager: PackageManager
  /// The version of Next.js that the lockfile pins.
  private(set) var next: (version: String, source: String)?
  /// Lockfiles that were not taken.
  private(set) var others: [Conclusion.Alternative] = []
  private(set) var findings: [Finding] = []

  /// In the order in which tools of the field look for them.
  private static let lockfiles: [(name: String, manager: PackageManager.Name)] = [
    ("pnpm-lock.yaml", .pnpm), ("bun.lock", .bun), ("bun.lockb", .bun), ("yarn.lock", .yarn),
    ("npm-shrinkwrap.json", .npm), ("package-lock.json", .npm),
  ]

  /// - Parameters:
  ///   - root: where the lockfile lies: the service's folder, or the root of its workspace.
  ///   - rootManifest: the `package.json` there, whose `packageManager` counts for all members.
  init(
    _ manifest: NodeManifest, folder: String, root: String, rootManifest: NodeManifest?, in tree: ProjectTree
  ) throws(AnalysisError) {
    let declared = Self.declared(manifest) ?? rootManifest.flatMap(Self.declared)
    let present = Self.lockfiles.filter { tree.hasFile(ProjectTree.join(root, $0.name)) }
    // The declared manager's own lockfile first; without one, the first of the list.
    let chosen = present.first { Self.family($0.manager) == declared.map { Self.family($0.name) } } ?? present.first
    manager = PackageManager(
      name: declared?.name ?? chosen?.manager ?? .npm, version: declared?.version, lockfile: nil,
      source: declared?.source ?? "default: npm")
    guard let chosen else {
      if manager.version == nil { manager.version = Self.engine(manifest, manager.name) }
      note(
        "FORGE-N012", .warning, "there is no lockfile: every build may install other versions",
        manifest.path + ":1",
        "run \(manager.name == .npm ? "npm install" : "\(manager.name.rawValue) install") and commit the lockfile")
      return
    }
    let path = ProjectTree.join(root, chosen.name)
    if let declared, Self.family(declared.name) != Self.family(chosen.manager) {
      note(
        "FORGE-N011", .warning, "\(declared.name.rawValue) is declared, but the lockfile is \(chosen.name)",
        declared.source, "delete \(chosen.name), run \(declared.name.rawValue) install and commit its lockfile")
      return
    }
    manager.lockfile = chosen.name
    if declared == nil { manager.source = path + ":1" }
    let others = present.filter { $0.name != chosen.name }
    self.others = others.map {
      Conclusion.Alternative(value: $0.manager.rawValue, source: ProjectTree.join(root, $0.name))
    }
    // The declared manager decides between lockfiles; without one it is a guess.
    if !others.isEmpty {
      note(
        "FORGE-N010", .warning,
        "there are several lockfiles: \(present.map(\.name).joined(separator: ", ")); "
          + "\(chosen.name) is used", path + ":1", "keep the one of your package manager and delete the others")
    }
    if manager.version == nil { manager.version = Self.engine(manifest, manager.name) }
    // The binary format of Bun before 1.2 says nothing that can be read.
    guard chosen.name != "bun.lockb" else {
      note(
        "FORGE-N018", .warning, "bun.lockb is binary: which versions it pins cannot be read", path + ":1",
        "run bun install --save-text-lockfile and commit bun.lock in its place")
      return
    }
    guard let source = try tree.read(path) else { return }
    guard source.bytes.contains(where: { !" \n\r\t".utf8.contains($0) }) else {
      note(
        "FORGE-N019", .error, "the lockfile is empty", path + ":1",
        "run \(manager.name.rawValue) install and commit what it writes")
      return
    }
    let importer = ProjectPath.relative(folder, to: root) ?? "."
    try readLockfile(chosen, source, manifest, importer: importer == "." ? "" : importer)
  }

  private mutating func readLockfile(
    _ lockfile: (name: String, manager: PackageManager.Name), _ source: SourceText, _ manifest: NodeManifest,
    importer: String
  ) throws(AnalysisError) {
    let found: NodeLockfile
    do {
      switch lockfile.manager {
      case .pnpm: found = try NodeLockfile.pnpm(source, package: "next", importer: importer)
      case .bun: found = try NodeLockfile.bun(source, package: "next")
      case .yarn:
        let range = manifest.dependency("next")?.value ?? ""
        let (lockfile, isBerry) = try NodeLockfile.yarn(source, package: "next", range: range)
        if isBerry { manager.name = .yarnBerry }
        found = lockfile
      default: found = try NodeLockfile.npm(source, package: "next", importer: importer)
      }
    } catch { throw .malformed(location: error.location, reason: error.reason) }
    if let version = found.version.flatMap({ SemanticVersion($0) }) { next = (version.description, found.source) }
    judge(manifest, found.source, lockfile.name)
    if manager.version == nil, let format = found.format {
      manager.version =
        NodeReleases.table.lockfiles.first { $0.manager == manager.name && $0.format == format }?.version
    }
  }

  /// A lockfile that does not fit the manifest stops every installation that keeps to it.
  private mutating func judge(_ manifest: NodeManifest, _ source: String, _ lockfile: String) {
    guard let asked = manifest.dependency("next"), let range = SemanticRange(asked.value), !range.intervals.isEmpty
    else { return }
    guard let next, let locked = SemanticVersion(next.version) else {
      if next == nil, ["package-lock.json", "yarn.lock", "bun.lock", "npm-shrinkwrap.json"].contains(lockfile) {
        note(
          "FORGE-N026", .error, "\(lockfile) does not know next, which \(asked.source) asks for", source,
          "run the package manager's install, and commit the lockfile")
      }
      return
    }
    guard locked.prerelease.isEmpty, !range.contains(locked) else { return }
    note(
      "FORGE-N026", .error,
      "\(lockfile) pins next \(locked), which \(DisplayText.escape(asked.value)) (\(asked.source)) excludes", source,
      "run the package manager's install, and commit the lockfile")
  }

  /// `packageManager: "pnpm@10.13.1+sha512.…"`, or `devEngines.packageManager`.
  private static func declared(
    _ manifest: NodeManifest
  ) -> (name: PackageManager.Name, version: String?, source: String)? {
    var text = ""
    var offset = 0
    if let member = manifest.root.member("packageManager"), let value = member.value.string {
      (text, offset) = (value, member.keyOffset)
    } else if let member = manifest.root["devEngines"]?.member("packageManager") {
      let name = member.value["name"]?.string ?? ""
      (text, offset) = (name + "@" + (member.value["version"]?.string ?? ""), member.keyOffset)
    } else {
      return nil
    }
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let version = parts.count > 1 ? SemanticVersion(parts[1]) : nil
    let name: PackageManager.Name
    switch parts[0] {
    case "npm": name = .npm
    case "pnpm": name = .pnpm
    case "bun": name = .bun
    case "yarn": name = version.map { $0.major >= 2 } == true ? .yarnBerry : .yarn
    default: return nil
    }
    // Only a whole version can be installed again; a range is no pin.
    let exact = version?.precision == 3 ? version?.description : nil
    return (name, exact, manifest.source.location(at: offset))
  }

  /// `engines.pnpm: "10.13.1"`; a range pins nothing.
  private static func engine(_ manifest: NodeManifest, _ manager: PackageManager.Name) -> String? {
    let name = manager == .yarnBerry ? "yarn" : manager.rawValue
    guard let text = manifest.text("engines", name)?.value else { return nil }
    if let version = SemanticVersion(text) { return version.precision == 3 ? version.description : nil }
    return nil
  }

  /// Yarn 1 and later ones share the lockfile's name.
  private static func family(_ name: PackageManager.Name) -> PackageManager.Name { name == .yarnBerry ? .yarn : name }

  private mutating func note(_ id: String, _ severity: Severity, _ message: String, _ source: String, _ fix: String) {
    findings.append(Finding(id: id, severity: severity, message: message, location: source, fix: fix))
  }
}
