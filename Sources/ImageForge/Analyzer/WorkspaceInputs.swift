import ForgeCodebase

/// What the installation of a uv workspace's packages needs besides the network.
enum WorkspaceInputs {
  /// Beyond this many manifests, a folder is no workspace that a Dockerfile could list.
  private static let limit = 300

  /// A Python service with its inputs relative to the root of its workspace: the lockfile, and the manifest of every
  /// member, which a locked installation wants to see. Any other service is as it was.
  static func add(to service: Service, in tree: ProjectTree) -> Service {
    guard service.kind != .nextjs, let workspace = service.workspace, workspace.root != service.path
    else {
      return service
    }
    let root = workspace.root
    var inputs = Set(
      tree.files(below: root).filter { ProjectTree.name($0) == "pyproject.toml" }.prefix(limit)
        .compactMap { ProjectPath.relative($0, to: root) })
    if let lockfile = service.packageManager.lockfile,
      tree.hasFile(ProjectTree.join(root, lockfile))
    {
      inputs.insert(lockfile)
    }
    var member = service
    member.installInputs = inputs.filter(ProjectPath.isPlain).sorted(by: ProjectTree.precedes)
    return member
  }
}
