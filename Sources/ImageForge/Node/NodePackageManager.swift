import ForgeBasics
import ForgeCodebase
import ForgeFindings
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
    _ manifest: NodeManifest, folder: String, root: String, rootManifest: NodeManifest?,
    in tree: ProjectTree
  ) throws(AnalysisError) {
    let declared = Self.declared(manifest) ?? rootManifest.flatMap(Self.declared)
    let present = Self.lockfiles.filter { tree.hasFile(ProjectTree.join(root, $0.name)) }
    // The declared manager's own lockfile first; without one, the first of the list.
    let chosen =
      present.first { Self.family($0.manager) == declared.map { Self.family($0.name) } }
      ?? present.first
    manager = PackageManager(
      name: declared?.name ?? chosen?.manager ?? .npm, version: declared?.version, lockfile: nil,
      source: declared?.source ?? "default: npm")
    guard let chosen else {
      judgeDeclarations([manifest, rootManifest])
      note(
        "FORGE-N012", .warning, "there is no lockfile: every build may install other versions",
        manifest.path + ":1",
        "run \(manager.name == .npm ? "npm install" : "\(manager.name.rawValue) install") and commit the lockfile"
      )
      return
    }
    let path = ProjectTree.join(root, chosen.name)
    if let declared, Self.family(declared.name) != Self.family(chosen.manager) {
      note(
        "FORGE-N011", .warning,
        "\(declared.name.rawValue) is declared, but the lockfile is \(chosen.name)",
        declared.source,
        "delete \(chosen.name), run \(declared.name.rawValue) install and commit its lockfile")
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
          + "\(chosen.name) is used", path + ":1",
        "keep the one of your package manager and delete the others")
    }
    judgeDeclarations([manifest, rootManifest])
    // The binary format of Bun before 1.2 says nothing that can be read.
    guard chosen.name != "bun.lockb" else {
      note(
        "FORGE-N018", .warning, "bun.lockb is binary: which versions it pins cannot be read",
        path + ":1",
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
    _ lockfile: (name: String, manager: PackageManager.Name), _ source: SourceText,
    _ manifest: NodeManifest,
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
    if let version = found.version.flatMap({ SemanticVersion($0) }) {
      next = (version.description, found.source)
    }
    judge(manifest, found.source, lockfile.name)
    if manager.version == nil, let format = found.format {
      manager.version =
        NodeReleases.table.lockfiles.first { $0.manager == manager.name && $0.format == format }?
        .version
    }
  }

  /// A lockfile that does not fit the manifest stops every installation that keeps to it.
  private mutating func judge(_ manifest: NodeManifest, _ source: String, _ lockfile: String) {
    guard let asked = manifest.dependency("next"), let range = SemanticRange(asked.value),
      !range.intervals.isEmpty
    else { return }
    guard let next, let locked = SemanticVersion(next.version) else {
      if next == nil,
        ["package-lock.json", "yarn.lock", "bun.lock", "npm-shrinkwrap.json"].contains(lockfile)
      {
        note(
          "FORGE-N026", .error, "\(lockfile) does not know next, which \(asked.source) asks for",
          source,
          "run the package manager's install, and commit the lockfile")
      }
      return
    }
    guard locked.prerelease.isEmpty, !range.contains(locked) else { return }
    note(
      "FORGE-N026", .error,
      "\(lockfile) pins next \(locked), which \(DisplayText.escape(asked.value)) (\(asked.source)) excludes",
      source,
      "run the package manager's install, and commit the lockfile")
  }

  private typealias Declared = (name: PackageManager.Name, version: String?, source: String)

  /// `packageManager: "pnpm@10.13.1+sha512.…"`, or `devEngines.packageManager`.
  private static func declared(_ manifest: NodeManifest) -> Declared? {
    if let member = manifest.root.member("packageManager"), let text = member.value.string {
      let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      return declared(
        parts[0], parts.count > 1 ? parts[1] : "", manifest.source.location(at: member.keyOffset))
    }
    guard let wanted = developed(manifest) else { return nil }
    return declared(wanted.name, wanted.version, wanted.source)
  }

  /// `devEngines.packageManager`: one, or a list of which the first is meant.
  private static func developed(_ manifest: NodeManifest) -> (
    name: String, version: String, source: String
  )? {
    guard let member = manifest.root["devEngines"]?.member("packageManager") else { return nil }
    let entry = member.value.isArray ? member.value.elements.first : member.value
    guard let name = entry?["name"]?.string else { return nil }
    return (name, entry?["version"]?.string ?? "", manifest.source.location(at: member.keyOffset))
  }

  private static func declared(_ written: String, _ range: String, _ source: String) -> Declared? {
    let version = SemanticVersion(range)
    let name: PackageManager.Name
    switch written {
    case "npm": name = .npm
    case "pnpm": name = .pnpm
    case "bun": name = .bun
    case "yarn":
      let major = version?.major ?? SemanticRange(range)?.lowest?.major
      name = major.map { $0 >= 2 } == true ? .yarnBerry : .yarn
    default: return nil
    }
    // Only a whole version can be installed again; a range is no pin.
    return (name, version?.precision == 3 ? version?.description : nil, source)
  }

  /// Takes the version from `volta` or `engines` where none is declared, the member's before the root's; and says where
  /// a declaration contradicts the one that was taken.
  private mutating func judgeDeclarations(_ manifests: [NodeManifest?]) {
    let manifests = manifests.compactMap(\.self)
    let key = manager.name == .yarnBerry ? "yarn" : manager.name.rawValue
    let others = manifests.flatMap { manifest in
      ["volta", "engines"].compactMap { manifest.text($0, key) }
    }
    if manager.version == nil {
      let exact = others.lazy.compactMap { SemanticVersion($0.value) }.first { $0.precision == 3 }
      manager.version = exact?.description
    }
    var wishes = others.map { (name: key, version: $0.value, source: $0.source) }
    wishes += manifests.compactMap(Self.developed)
    for wish in wishes where wish.source != manager.source || wish.version != manager.version {
      let isOther =
        Self.declared(wish.name, "", "").map { Self.family($0.name) != Self.family(manager.name) }
        ?? false
      let isExcluded =
        manager.version.flatMap { SemanticVersion($0) }.map { version in
          SemanticRange(wish.version).map { !$0.intervals.isEmpty && !$0.contains(version) }
            ?? false
        } ?? false
      guard isOther || isExcluded else { continue }
      let (taken, other) = ([key, manager.version], [wish.name, wish.version])
      func text(_ parts: [String?]) -> String {
        DisplayText.escape(parts.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " "))
      }
      return note(
        "FORGE-N016", .warning,
        "two places ask for different package managers: \(text(taken)) and \(text(other)); the first is taken",
        wish.source, "bring it into line with \(manager.source)")
    }
  }

  /// Yarn 1 and later ones share the lockfile's name.
  private static func family(_ name: PackageManager.Name) -> PackageManager.Name {
    name == .yarnBerry ? .yarn : name
  }

  private mutating func note(
    _ id: String, _ severity: Severity, _ message: String, _ source: String, _ fix: String
  ) {
    findings.append(
      Finding(id: id, severity: severity, message: message, location: source, fix: fix))
  }
}
