import ForgeCodebase

extension Service {
  /// The path of one of its files, relative to the analysed root.
  package func file(_ name: String) -> String { path == "." ? name : "\(path)/\(name)" }

  /// Whether it is built from the root of a workspace that it is a member of.
  package var isMember: Bool { workspace.map { $0.root != path } ?? false }

  /// Its folder in its build context: `.`, or `apps/web` for a member of a workspace. Nil for a folder outside of the
  /// workspace.
  package var folderInContext: String? {
    guard isMember, let workspace else { return "." }
    return ProjectPath.relative(path, to: workspace.root)
  }
}

extension Service {
  /// The official image of its runtime, without a tag. Bun only installs: what runs is Node.js.
  package var imageFamily: String {
    switch runtime.name {
    case .python: "python"
    case .node, .bun: "node"
    }
  }
}
