import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Which package manager installs a Node.js project, in which version, by which lockfile.
struct NodePackageManager {
  private(set) var name: Fact<PackageManager.Name>
  private(set) var version: String?
  /// The name of the lockfile that is taken.
  private(set) var lockfile: String?
  /// The version of Next.js that the lockfile pins.
  private(set) var next: Written<String>?
  /// What the lockfile says.
  private(set) var contents: Contents?
  private(set) var findings: [Finding] = []
  /// What names the package manager; nil for the default.
  private let place: Place?

  var manager: PackageManager {
    PackageManager(name: name.value, version: version, lockfile: lockfile, source: source)
  }

  var versionFact: Fact<String?> {
    guard let place else { return .assumed(version, why: source) }
    guard version != nil else {
      return Fact(nil, .unknown, evidence: [place], why: "nothing pins or bounds it")
    }
    return .certain(version, at: place)
  }

  private var source: String { place?.description ?? "default: npm" }

  private struct Lockfile {
    let name: String
    let manager: PackageManager.Name
  }

  enum Contents {
    case npm(NpmLock)
    case pnpm(PnpmLock)
    case other(SourceText)
  }

  private struct Declaration {
    let name: PackageManager.Name
    /// Only a whole version: a range is no pin.
    let version: String?
    let place: Place
  }

  /// In the order in which tools of the field look for them.
  private static let lockfiles = [
    Lockfile(name: "pnpm-lock.yaml", manager: .pnpm), Lockfile(name: "bun.lock", manager: .bun),
    Lockfile(name: "bun.lockb", manager: .bun), Lockfile(name: "yarn.lock", manager: .yarn),
    Lockfile(name: "npm-shrinkwrap.json", manager: .npm),
    Lockfile(name: "package-lock.json", manager: .npm),
  ]

  /// - Parameters:
  ///   - manifests: of the service and, for a member, of the workspace's root, whose `packageManager` counts for all.
  ///   - root: where the lockfile lies: the service's folder, or the root of its workspace.
  init(_ manifests: [NodeManifest], folder: String, root: String, in tree: ProjectTree)
    throws(AnalysisError)
  {
    let declared = manifests.lazy.compactMap(Self.declaration).first
    let present = Self.lockfiles.filter { tree.hasFile(ProjectTree.join(root, $0.name)) }
    // The declared manager's own lockfile first; without one, the first of the list.
    let fitting = present.first { $0.manager.family == declared?.name.family }
    let importer = ProjectPath.relative(folder, to: root) ?? "."
    let range = manifests.lazy.compactMap { $0.dependency("next")?.value }.first ?? ""
    // Of several that nobody declared, one that knows next; an abandoned one may not.
    let knowing =
      present.count > 1 && fitting == nil
      ? present.first { Self.knowsNext($0, root: root, importer: importer, range: range, tree) }
      : nil
    let chosen = fitting ?? knowing ?? present.first
    let path = chosen.map { ProjectTree.join(root, $0.name) }
    (name, place) = Self.choose(declared, lockfile: chosen, at: path)
    version = declared?.version
    guard let chosen, let path else {
      compareDeclarations(manifests)
      noteMissingLockfile(manifests)
      return
    }
    let start = Place.source(file: path, line: 1)
    if let declared, declared.name.family != chosen.manager.family {
      noteForeignLockfile(chosen, declared)
      return
    }
    lockfile = chosen.name
    compareLockfiles(chosen, among: present, root: root)
    compareDeclarations(manifests)
    // The binary format of Bun before 1.2 says nothing that can be read.
    guard chosen.name != "bun.lockb" else {
      findings.note(
        "FORGE-N018", .warning, "bun.lockb is binary: which versions it pins cannot be read",
        at: start, fix: "run bun install --save-text-lockfile and commit bun.lock in its place")
      return
    }
    guard let source = try tree.read(path) else { return }
    guard source.bytes.contains(where: { !" \n\r\t".utf8.contains($0) }) else {
      findings.note(
        "FORGE-N019", .error, "the lockfile is empty", at: start,
        fix: "run \(name.value.rawValue) install and commit what it writes")
      return
    }
    if let manifest = manifests.first {
      try readLockfile(chosen, source, of: manifest, importer: importer == "." ? "" : importer)
    }
    raiseVersion(in: root, tree)
  }

  private static func knowsNext(
    _ lockfile: Lockfile, root: String, importer: String, range: String, _ tree: ProjectTree
  ) -> Bool {
    guard let source = try? tree.read(ProjectTree.join(root, lockfile.name)),
      let found = try? read(
        lockfile.manager, source, range: range, importer: importer == "." ? "" : importer)
    else { return false }
    return found.lockfile.version != nil
  }

  /// A setting that a version of pnpm was the first to read asks for that one, where none is pinned.
  private mutating func raiseVersion(in root: String, _ tree: ProjectTree) {
    guard name.value == .pnpm, version == nil,
      let source = try? tree.read(ProjectTree.join(root, "pnpm-workspace.yaml"), limit: 1 << 20),
      let settings = try? YAMLValue.parse(source)
    else { return }
    let known = NodeReleases.table.settings.filter { settings[$0.key] != nil }
    version = known.compactMap { SemanticVersion($0.version) }.max()?.description
  }

  private static func choose(_ declared: Declaration?, lockfile: Lockfile?, at path: String?) -> (
    Fact<PackageManager.Name>, Place?
  ) {
    let why = "declared there, or whose lockfile it is"
    if let declared {
      return (.certain(declared.name, at: declared.place, why: why), declared.place)
    }
    guard let lockfile, let path else {
      return (.assumed(.npm, why: "nothing names another one"), nil)
    }
    let place = Place.source(file: path, line: 1)
    return (.certain(lockfile.manager, at: place, why: why), place)
  }

  // MARK: The lockfile

  private mutating func noteMissingLockfile(_ manifests: [NodeManifest]) {
    findings.note(
      "FORGE-N012", .warning, "there is no lockfile: every build may install other versions",
      at: manifests.first?.place,
      fix: "run \(name.value.rawValue) install and commit the lockfile")
  }

  private mutating func noteForeignLockfile(_ lockfile: Lockfile, _ declared: Declaration) {
    let finding = findings.note(
      "FORGE-N011", .warning,
      "\(declared.name.rawValue) is declared, but the lockfile is \(lockfile.name)",
      at: declared.place,
      fix: "delete \(lockfile.name), run \(declared.name.rawValue) install and commit its lockfile"
    )
    name.doubt(finding)
  }

  /// The declared manager decides between lockfiles; without one it is a guess.
  private mutating func compareLockfiles(
    _ chosen: Lockfile, among present: [Lockfile], root: String
  ) {
    let others = present.filter { $0.name != chosen.name }
    guard !others.isEmpty else { return }
    name.alternatives = others.map { other in
      Conclusion.Alternative(
        value: other.manager.rawValue, at: .source(file: ProjectTree.join(root, other.name)))
    }
    let finding = findings.note(
      "FORGE-N010", .warning,
      "there are several lockfiles: \(present.map(\.name).joined(separator: ", ")); "
        + "\(chosen.name) is used",
      at: .source(file: ProjectTree.join(root, chosen.name), line: 1),
      fix: "keep the one of your package manager and delete the others")
    name.doubt(finding)
  }

  private mutating func readLockfile(
    _ lockfile: Lockfile, _ source: SourceText, of manifest: NodeManifest, importer: String
  ) throws(AnalysisError) {
    let read: Read
    do {
      read = try Self.read(
        lockfile.manager, source, range: manifest.dependency("next")?.value ?? "",
        importer: importer)
    } catch { throw .malformed(location: error.location, reason: error.reason) }
    let found = read.lockfile
    if read.isBerry { name.value = .yarnBerry }
    contents = read.contents
    if let version = found.version.flatMap({ SemanticVersion($0) }) {
      next = Written(version.description, at: found.place)
    }
    checkNext(of: manifest, lockfile: lockfile.name, at: found.place)
    if version == nil, let format = found.format {
      let known = NodeReleases.table.lockfiles
      version = known.first { $0.manager == name.value && $0.format == format }?.version
    }
  }

  private struct Read {
    let lockfile: NodeLockfile
    let contents: Contents
    var isBerry = false
  }

  private static func read(
    _ manager: PackageManager.Name, _ source: SourceText, range: String, importer: String
  ) throws(SyntaxError) -> Read {
    switch manager {
    case .pnpm:
      let lock = try PnpmLock.parse(source)
      let found = NodeLockfile.pnpm(lock, package: "next", importer: importer)
      return Read(lockfile: found, contents: .pnpm(lock))
    case .bun:
      return Read(
        lockfile: try NodeLockfile.bun(source, package: "next"), contents: .other(source))
    case .yarn:
      let (found, isBerry) = try NodeLockfile.yarn(source, package: "next", range: range)
      return Read(lockfile: found, contents: .other(source), isBerry: isBerry)
    default:
      let lock = try NpmLock.parse(source)
      let found = NodeLockfile.npm(lock, package: "next", importer: importer)
      return Read(lockfile: found, contents: .npm(lock))
    }
  }

  /// A lockfile that does not fit the manifest stops every installation that keeps to it.
  private mutating func checkNext(of manifest: NodeManifest, lockfile: String, at place: Place) {
    guard let asked = manifest.dependency("next"), let range = SemanticRange(asked.value),
      !range.intervals.isEmpty
    else { return }
    let fix = "run the package manager's install, and commit the lockfile"
    guard let next else {
      let flat = ["package-lock.json", "yarn.lock", "bun.lock", "npm-shrinkwrap.json"]
      guard flat.contains(lockfile) else { return }
      findings.note(
        "FORGE-N026", .error, "\(lockfile) does not know next, which \(asked.place) asks for",
        at: place, fix: fix)
      return
    }
    guard let locked = SemanticVersion(next.value), locked.prerelease.isEmpty,
      !range.contains(locked)
    else { return }
    findings.note(
      "FORGE-N026", .error,
      "\(lockfile) pins next \(locked), which \(DisplayText.escape(asked.value)) (\(asked.place)) "
        + "excludes",
      at: place, fix: fix)
  }

  // MARK: Declarations

  /// What a manifest asks for, before it is known whether forge knows the package manager.
  private struct Request {
    let name: String
    /// A version or a range; empty where none is written.
    let version: String
    let place: Place

    var text: String {
      DisplayText.escape([name, version].filter { !$0.isEmpty }.joined(separator: " "))
    }
  }

  /// `packageManager: "pnpm@10.13.1+sha512.…"`, or `devEngines.packageManager`.
  private static func declaration(in manifest: NodeManifest) -> Declaration? {
    if let member = manifest.root.member("packageManager"), let text = member.value.string {
      let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
      return declaration(
        Request(
          name: String(parts[0]), version: parts.dropFirst().first.map(String.init) ?? "",
          place: manifest.source.place(at: member.keyOffset)))
    }
    return developmentRequest(in: manifest).flatMap(declaration)
  }

  /// `devEngines.packageManager`: one, or a list of which the first is meant.
  private static func developmentRequest(in manifest: NodeManifest) -> Request? {
    guard let member = manifest.root["devEngines"]?.member("packageManager") else { return nil }
    let entry = member.value.isArray ? member.value.elements.first : member.value
    guard let name = entry?["name"]?.string else { return nil }
    return Request(
      name: name, version: entry?["version"]?.string ?? "",
      place: manifest.source.place(at: member.keyOffset))
  }

  private static func declaration(_ request: Request) -> Declaration? {
    let version = SemanticVersion(request.version)
    guard let name = manager(request) else { return nil }
    let isWhole = version?.precision == 3
    return Declaration(
      name: name, version: isWhole ? version?.description : nil, place: request.place)
  }

  private static func manager(_ request: Request) -> PackageManager.Name? {
    switch request.name {
    case "npm": return .npm
    case "pnpm": return .pnpm
    case "bun": return .bun
    case "yarn":
      let version = SemanticVersion(request.version) ?? SemanticRange(request.version)?.lowest
      guard let version, version.major >= 2 else { return .yarn }
      return .yarnBerry
    default: return nil
    }
  }

  /// Takes the version from `volta` or `engines` where none is declared, the member's before the root's; and says where
  /// a declaration contradicts the one that was taken.
  private mutating func compareDeclarations(_ manifests: [NodeManifest]) {
    let key = name.value.family.rawValue
    let others = manifests.flatMap { manifest in
      ["volta", "engines"].compactMap { manifest.text($0, key) }
    }
    if version == nil {
      let exact = others.lazy.compactMap { SemanticVersion($0.value) }.first { $0.precision == 3 }
      version = exact?.description
    }
    let requests =
      others.map { Request(name: key, version: $0.value, place: $0.place) }
      + manifests.compactMap(Self.developmentRequest)
    guard let other = requests.first(where: contradicts) else { return }
    let taken = Request(name: key, version: version ?? "", place: other.place)
    let finding = findings.note(
      "FORGE-N016", .warning,
      "two places ask for different package managers: \(taken.text) and \(other.text); the first "
        + "is taken",
      at: other.place, fix: "bring it into line with \(source)")
    name.doubt(finding)
  }

  private func contradicts(_ request: Request) -> Bool {
    if request.place == place, request.version == version { return false }
    let bare = Request(name: request.name, version: "", place: request.place)
    if let other = Self.manager(bare), other.family != name.value.family { return true }
    guard let version = version.flatMap({ SemanticVersion($0) }),
      let range = SemanticRange(request.version), !range.intervals.isEmpty
    else { return false }
    return !range.contains(version)
  }
}

extension PackageManager.Name {
  /// Yarn 1 and later ones share the lockfile's name.
  fileprivate var family: PackageManager.Name { self == .yarnBerry ? .yarn : self }
}
