import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Where `server.js` lands below `<distDir>/standalone`: at the application's path as seen from the folder that Next.js
/// traces files from. Only what the image's build sees counts, which is `top` and what lies below it.
struct NextTracing {
  private(set) var server = Fact(
    "server.js", .likely, why: "the application's folder is the root of what is built")
  private(set) var findings: [Finding] = []

  private static let lockfiles = [
    "pnpm-lock.yaml", "package-lock.json", "yarn.lock", "bun.lock", "bun.lockb",
  ]
  /// From this version on the highest lockfile counts, before it the nearest.
  private static let firstWithHighest = SemanticVersion(15, 3)

  init(
    _ folder: String, top: String, version: SemanticVersion?, config: NextConfig,
    in tree: ProjectTree
  ) {
    if let root = config.settings.tracingRoot {
      take(root: root, of: config, folder: folder, top: top)
      return
    }
    if let doubt = config.doubts["outputFileTracingRoot"] {
      server.confidence = .unknown
      server.why = doubt
    }
    takeLockfile(folder, top: top, version: version, in: tree)
  }

  /// What `outputFileTracingRoot` names.
  private mutating func take(root: String, of config: NextConfig, folder: String, top: String) {
    let place =
      config.places["outputFileTracingRoot"] ?? .source(file: config.file ?? "", line: 1)
    guard let member = ProjectPath.relative(folder, to: root),
      ProjectPath.relative(root, to: top) != nil
    else {
      findings.note(
        "FORGE-N040", .warning,
        "outputFileTracingRoot names a folder that the image's build does not see: \(root)",
        at: place, fix: "leave it out, or build from that folder")
      return
    }
    server = .certain(
      ProjectTree.join(member, "server.js"), at: place,
      why: "outputFileTracingRoot says what is traced from")
  }

  private mutating func takeLockfile(
    _ folder: String, top: String, version: SemanticVersion?, in tree: ProjectTree
  ) {
    let found = Self.lockfiles(from: folder, to: top, tree)
    guard let nearest = found.first, let highest = found.last else { return }
    var (lockfile, position) = (highest, "highest")
    if let version, version < Self.firstWithHighest { (lockfile, position) = (nearest, "nearest") }
    guard let member = ProjectPath.relative(folder, to: ProjectTree.parent(lockfile)) else {
      return
    }
    server = Fact(
      ProjectTree.join(member, "server.js"), .likely,
      evidence: [.source(file: lockfile, line: 1)],
      why: "Next.js traces from the folder of the \(position) lockfile")
    guard found.count > 1 else { return }
    server.alternatives = found.filter { $0 != lockfile }.map { other in
      let member = ProjectPath.relative(folder, to: ProjectTree.parent(other)) ?? "."
      return Conclusion.Alternative(
        value: ProjectTree.join(member, "server.js"), at: .source(file: other, line: 1))
    }
    findings.note(
      "FORGE-N027", .warning,
      "there are lockfiles in several folders above one another: where server.js lands hangs on them",
      at: .source(file: nearest, line: 1), fix: "delete the one that is not the workspace's")
  }

  /// The first lockfile of each folder that has one, from the application upwards.
  private static func lockfiles(from folder: String, to top: String, _ tree: ProjectTree)
    -> [String]
  {
    var found: [String] = []
    for current in ProjectTree.foldersUpwards(from: folder) {
      let paths = lockfiles.map { ProjectTree.join(current, $0) }
      if let path = paths.first(where: tree.hasFile) { found.append(path) }
      if current == top { break }
    }
    return found
  }
}
