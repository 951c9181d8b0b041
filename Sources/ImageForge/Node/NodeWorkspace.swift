import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The monorepo of the Node.js world that a package is a member of.
struct NodeWorkspace {
  /// The folder of its root, relative to the analysed root.
  let root: String
  /// `npm`, `yarn`, `pnpm`, `bun`, `turbo`, `nx`.
  let kind: String
  /// What makes it one.
  let place: Place
  private let patterns: [String]

  /// Looks upwards from `folder` for a root that counts it among its members.
  static func find(_ folder: String, in tree: ProjectTree) throws(AnalysisError) -> NodeWorkspace? {
    for root in ProjectTree.foldersUpwards(from: folder).dropFirst() {
      if let workspace = try read(root, tree), workspace.counts(folder) { return workspace }
    }
    return nil
  }

  /// The root above a folder without a manifest, which nx knows by the folder's own files.
  static func nx(above folder: String, in tree: ProjectTree) -> NodeWorkspace? {
    let root = ProjectTree.foldersUpwards(from: folder).dropFirst().first { root in
      ["nx.json", "package.json"].allSatisfy { tree.hasFile(ProjectTree.join(root, $0)) }
    }
    guard let root else { return nil }
    let file = ProjectTree.join(root, "nx.json")
    return NodeWorkspace(root: root, kind: "nx", place: .source(file: file, line: 1), patterns: [])
  }

  /// The folders of all members, relative to the analysed root; sorted.
  func members(in tree: ProjectTree) -> [String] {
    tree.packageFolders.filter { $0 != root && counts($0) }
  }

  // MARK: Reading

  /// The workspace whose root a folder is; nil where it is none.
  private static func read(_ root: String, _ tree: ProjectTree) throws(AnalysisError)
    -> NodeWorkspace?
  {
    let pnpmFile = ProjectTree.join(root, "pnpm-workspace.yaml")
    if let source = try tree.read(pnpmFile, limit: 1 << 20) {
      let list = (try? YAMLValue.parse(source))?["packages"]
      let patterns: [String]
      do { patterns = try YAMLText.strings(source, key: "packages") } catch {
        throw .malformed(location: error.location, reason: error.reason)
      }
      return NodeWorkspace(
        root: root, kind: taskRunner(root, tree) ?? "pnpm",
        place: list?.place ?? source.place(line: 1), patterns: patterns)
    }
    guard let manifest = try NodeManifest.read(root, in: tree), let patterns = manifest.workspaces
    else { return nil }
    let member = manifest.root.member("workspaces")
    return NodeWorkspace(
      root: root, kind: taskRunner(root, tree) ?? packageManager(root, tree),
      place: manifest.source.place(at: member?.keyOffset ?? 0), patterns: patterns)
  }

  private static func taskRunner(_ root: String, _ tree: ProjectTree) -> String? {
    let files = [("turbo.json", "turbo"), ("turbo.jsonc", "turbo"), ("nx.json", "nx")]
    return files.first { tree.hasFile(ProjectTree.join(root, $0.0)) }?.1
  }

  private static func packageManager(_ root: String, _ tree: ProjectTree) -> String {
    let files = [("yarn.lock", "yarn"), ("bun.lock", "bun"), ("bun.lockb", "bun")]
    return files.first { tree.hasFile(ProjectTree.join(root, $0.0)) }?.1 ?? "npm"
  }

  // MARK: Globs

  /// The last glob that fits decides, for `!` takes members away.
  private func counts(_ folder: String) -> Bool {
    guard let member = ProjectPath.relative(folder, to: root) else { return false }
    let parts = member.split(separator: "/")
    let fitting = patterns.last { glob in
      Self.matches(Self.segments(of: glob.hasPrefix("!") ? glob.dropFirst() : glob[...]), parts)
    }
    guard let fitting else { return false }
    return !fitting.hasPrefix("!")
  }

  private static func segments(of glob: Substring) -> [Substring] {
    let bare = glob.hasPrefix("./") ? glob.dropFirst(2) : glob
    return Array(bare.split(separator: "/").prefix(32))
  }

  /// `*` stands for a folder or a part of its name, `**` for any number of folders.
  static func matches(_ pattern: [Substring], _ path: [Substring]) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    if first == "**" {
      // Several in a row say no more than one.
      let rest = Array(pattern.drop { $0 == "**" })
      return path.indices.contains { matches(rest, Array(path[$0...])) } || rest.isEmpty
    }
    guard let folder = path.first, matchesName(first, folder) else { return false }
    return matches(Array(pattern.dropFirst()), Array(path.dropFirst()))
  }

  private static func matchesName(_ pattern: Substring, _ name: Substring) -> Bool {
    let pieces = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard pieces.count > 1, let head = pieces.first, let tail = pieces.last else {
      return pattern == name
    }
    guard name.hasPrefix(head), name.count >= head.count + tail.count, name.hasSuffix(tail) else {
      return false
    }
    var rest = name.dropFirst(head.count).dropLast(tail.count)
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let found = rest.firstRange(of: piece) else { return false }
      rest = rest[found.upperBound...]
    }
    return true
  }
}

/// The members of a workspace that one of them is built from.
struct NodeWorkspaceMembers {
  /// Folders of all members, relative to the analysed root; sorted.
  let all: [String]
  /// Folders of those that are needed, the service's own among them; sorted.
  let needed: [String]
  /// The manifests of those that are needed, the service's own left out.
  let manifests: [NodeManifest]
  /// The same, each behind what it depends on.
  let ordered: [NodeManifest]
  /// The manifests of all other members.
  let others: [NodeManifest]

  /// The most members that are looked at. Monorepos of more exist, but not of as many that one application needs.
  private static let maximumCount = 5_000

  /// What depends on a member under its name gets that member, whatever range it asks for; a range that leaves the
  /// workspace is rare, and one member too many does no harm.
  init(of manifest: NodeManifest, folder: String, _ workspace: NodeWorkspace, in tree: ProjectTree)
  {
    all = Array(workspace.members(in: tree).prefix(Self.maximumCount))
    var byName: [String: NodeManifest] = [:]
    var rest: [NodeManifest] = []
    for member in all where member != folder {
      // A member that cannot be read is found out when it is analysed itself.
      guard let other = try? NodeManifest.read(member, in: tree) else { continue }
      rest.append(other)
      if let name = other.name { byName[name] = other }
    }
    var found: [String: NodeManifest] = [:]
    var waiting = [manifest]
    while let next = waiting.popLast() {
      for dependency in next.dependencies + next.peers {
        guard let member = byName[dependency.name], found[member.path] == nil else { continue }
        found[member.path] = member
        waiting.append(member)
      }
    }
    manifests = found.values.sorted { ProjectTree.precedes($0.path, $1.path) }
    ordered = Self.ordered(manifests)
    others = rest.filter { found[$0.path] == nil }
    needed = ([folder] + manifests.map(\.folder)).sorted(by: ProjectTree.precedes)
  }

  /// Each behind what it depends on; a circle is cut where it is entered.
  private static func ordered(_ manifests: [NodeManifest]) -> [NodeManifest] {
    let byName = Dictionary(manifests.map { ($0.name ?? "", $0) }) { first, _ in first }
    var done: [NodeManifest] = []
    var seen: Set<String> = []
    func visit(_ manifest: NodeManifest) {
      guard seen.insert(manifest.path).inserted else { return }
      for dependency in manifest.dependencies + manifest.peers {
        if let member = byName[dependency.name] { visit(member) }
      }
      done.append(manifest)
    }
    for manifest in manifests { visit(manifest) }
    return done
  }
}
