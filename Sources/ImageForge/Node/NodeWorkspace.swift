import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// The monorepo of the Node.js world that a package is a member of.
struct NodeWorkspace {
  /// The folder of its root, relative to the analysed root.
  let root: String
  /// `npm`, `yarn`, `pnpm`, `bun`, `turbo`, `nx`.
  let kind: String
  /// `file:line` of what makes it one.
  let source: String
  private let patterns: [String]

  /// Looks upwards from `folder` for a root that counts it among its members.
  static func find(_ folder: String, in tree: ProjectTree) throws(AnalysisError) -> NodeWorkspace? {
    var root = folder
    while root != "." {
      root = ProjectTree.parent(root)
      guard let globs = try globs(root, tree) else { continue }
      let workspace = NodeWorkspace(
        root: root, kind: runner(root, tree) ?? globs.kind, source: globs.source,
        patterns: globs.patterns)
      if workspace.counts(folder) { return workspace }
    }
    return nil
  }

  /// The root above a folder without a manifest, which nx knows by the folder's own files.
  static func nx(above folder: String, in tree: ProjectTree) -> NodeWorkspace? {
    var root = folder
    while root != "." {
      root = ProjectTree.parent(root)
      if tree.hasFile(ProjectTree.join(root, "nx.json")),
        tree.hasFile(ProjectTree.join(root, "package.json"))
      {
        return NodeWorkspace(
          root: root, kind: "nx", source: ProjectTree.join(root, "nx.json") + ":1", patterns: [])
      }
    }
    return nil
  }

  private static func runner(_ root: String, _ tree: ProjectTree) -> String? {
    if tree.hasFile(ProjectTree.join(root, "turbo.json"))
      || tree.hasFile(ProjectTree.join(root, "turbo.jsonc"))
    {
      return "turbo"
    }
    return tree.hasFile(ProjectTree.join(root, "nx.json")) ? "nx" : nil
  }

  /// The last glob that fits decides, for `!` takes members away.
  private func counts(_ folder: String) -> Bool {
    guard let member = ProjectPath.relative(folder, to: root) else { return false }
    let parts = member.split(separator: "/")
    let fitting = patterns.last { glob in
      Self.matches(Self.trimmed(glob.hasPrefix("!") ? glob.dropFirst() : glob[...]), parts)
    }
    return fitting.map { !$0.hasPrefix("!") } ?? false
  }

  /// The folders of all members, relative to the analysed root; sorted.
  func members(in tree: ProjectTree) -> [String] {
    tree.packageFolders.filter { $0 != root && counts($0) }
  }

  private static func globs(
    _ root: String, _ tree: ProjectTree
  ) throws(AnalysisError) -> (patterns: [String], kind: String, source: String)? {
    if let source = try tree.read(ProjectTree.join(root, "pnpm-workspace.yaml"), limit: 1 << 20) {
      do {
        let place = (try? YAMLValue.parse(source))?["packages"]?.location ?? source.name + ":1"
        return (try YAMLText.strings(source, key: "packages"), "pnpm", place)
      } catch {
        throw .malformed(location: error.location, reason: error.reason)
      }
    }
    guard let manifest = try NodeManifest.read(root, in: tree), let patterns = manifest.workspaces
    else { return nil }
    let managers = [("yarn.lock", "yarn"), ("bun.lock", "bun"), ("bun.lockb", "bun")]
    let place = manifest.source.location(at: manifest.root.member("workspaces")?.keyOffset ?? 0)
    return (
      patterns, managers.first { tree.hasFile(ProjectTree.join(root, $0.0)) }?.1 ?? "npm", place
    )
  }

  private static func trimmed(_ glob: Substring) -> [Substring] {
    (glob.hasPrefix("./") ? glob.dropFirst(2) : glob).split(separator: "/").prefix(32).map { $0 }
  }

  /// `*` stands for a folder or a part of its name, `**` for any number of folders.
  static func matches(_ pattern: [Substring], _ path: [Substring]) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    if first == "**" {
      // Several in a row say no more than one.
      let rest = Array(pattern.drop { $0 == "**" })
      return path.indices.contains { matches(rest, Array(path[$0...])) } || rest.isEmpty
    }
    guard let folder = path.first, fits(first, folder) else { return false }
    return matches(Array(pattern.dropFirst()), Array(path.dropFirst()))
  }

  private static func fits(_ pattern: Substring, _ name: Substring) -> Bool {
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
  /// Of those that are needed, the service's own among them; sorted.
  let needed: [String]
  /// The manifests of those that are needed, the service's own left out.
  let manifests: [NodeManifest]

  /// What depends on a member under its name gets that member, whatever range it asks for; a range that leaves the
  /// workspace is rare, and one member too many does no harm.
  init(of manifest: NodeManifest, folder: String, _ workspace: NodeWorkspace, in tree: ProjectTree)
  {
    // Monorepos of more packages exist, but not of as many that one application needs.
    all = Array(workspace.members(in: tree).prefix(5_000))
    var byName: [String: NodeManifest] = [:]
    for member in all where member != folder {
      // A member that cannot be read is found out when it is analysed itself.
      guard let other = try? NodeManifest.read(member, in: tree), let name = other.name else {
        continue
      }
      byName[name] = other
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
    needed = ([folder] + manifests.map { ProjectTree.parent($0.path) }).sorted(
      by: ProjectTree.precedes)
  }
}
