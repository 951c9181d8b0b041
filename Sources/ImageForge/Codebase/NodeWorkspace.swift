import ForgeBasics
import ForgeSyntax

/// The monorepo of the Node.js world that a package is a member of.
struct NodeWorkspace {
  /// The folder of its root, relative to the analysed root.
  let root: String
  /// `npm`, `yarn`, `pnpm`, `turbo`, `nx`.
  let kind: String

  /// Looks upwards from `folder` for a root that counts it among its members.
  static func find(_ folder: String, in tree: ProjectTree) throws(AnalysisError) -> NodeWorkspace? {
    var root = folder
    while root != "." {
      root = ProjectTree.parent(root)
      guard let member = ProjectPath.relative(folder, to: root), let globs = try globs(root, tree) else { continue }
      // The last glob that fits decides, for `!` takes members away.
      let fitting = globs.patterns.last { glob in
        matches(trimmed(glob.hasPrefix("!") ? glob.dropFirst() : glob[...]), member.split(separator: "/"))
      }
      guard let fitting, !fitting.hasPrefix("!") else { continue }
      if tree.hasFile(ProjectTree.join(root, "turbo.json")) { return NodeWorkspace(root: root, kind: "turbo") }
      if tree.hasFile(ProjectTree.join(root, "nx.json")) { return NodeWorkspace(root: root, kind: "nx") }
      return NodeWorkspace(root: root, kind: globs.kind)
    }
    return nil
  }

  private static func globs(
    _ root: String, _ tree: ProjectTree
  ) throws(AnalysisError) -> (patterns: [String], kind: String)? {
    if let source = try tree.read(ProjectTree.join(root, "pnpm-workspace.yaml"), limit: 1 << 20) {
      do { return (try YAMLText.strings(source, key: "packages"), "pnpm") } catch {
        throw .malformed(location: error.location, reason: error.reason)
      }
    }
    guard let manifest = try NodeManifest.read(root, in: tree), let patterns = manifest.workspaces else { return nil }
    return (patterns, tree.hasFile(ProjectTree.join(root, "yarn.lock")) ? "yarn" : "npm")
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
    guard pieces.count > 1, let head = pieces.first, let tail = pieces.last else { return pattern == name }
    guard name.hasPrefix(head), name.count >= head.count + tail.count, name.hasSuffix(tail) else { return false }
    var rest = name.dropFirst(head.count).dropLast(tail.count)
    for piece in pieces.dropFirst().dropLast() where !piece.isEmpty {
      guard let found = rest.firstRange(of: piece) else { return false }
      rest = rest[found.upperBound...]
    }
    return true
  }
}
