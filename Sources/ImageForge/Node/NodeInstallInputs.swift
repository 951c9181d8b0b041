import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// What the installation of a Node.js project's packages needs besides the network.
struct NodeInstallInputs {
  /// Relative to the top; folders end with a slash. Sorted.
  private(set) var paths: [String] = []
  private(set) var findings: [Finding] = []

  private static let settings = [
    ".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml", ".pnpmfile.cjs", ".pnpmfile.mjs",
    "bunfig.toml", ".pnp.cjs", ".pnp.loader.mjs",
  ]
  private static let folders = [
    ".yarn/releases", ".yarn/plugins", ".yarn/patches", ".yarn/cache", "patches",
  ]

  private let top: String
  private let tree: ProjectTree
  private var found: Set<String> = []

  /// - Parameters:
  ///   - manifests: of the service, of the workspace's root, and of the members that it needs.
  ///   - members: the folders of all members: their manifests are part of what the lockfile speaks of.
  ///   - scripts: files that scripts of the installation read, relative to the analysed root.
  ///   - top: the workspace's root, or the service's own folder.
  init(
    _ manifests: [NodeManifest], members: [String] = [], lockfile: String?, scripts: Set<String>,
    top: String, in tree: ProjectTree
  ) {
    self.top = top
    self.tree = tree
    for folder in [top] + members { addFiles(NodeManifest.names, in: folder) }
    addFiles(Self.settings + [lockfile].compactMap(\.self), in: top)
    for name in Self.folders where tree.hasFolder(ProjectTree.join(top, name)) {
      found.insert(name + "/")
    }
    for script in scripts { addScriptInput(script) }
    for manifest in manifests {
      // Prisma's client generates itself when it is installed, where it finds the schema.
      if manifest.has("prisma") || manifest.has("@prisma/client") {
        addFiles(["prisma/schema.prisma", "schema.prisma"], in: manifest.folder)
      }
      for dependency in manifest.dependencies {
        addLocalPackage(dependency, of: manifest, members: members)
      }
    }
    paths = found.sorted(by: ProjectTree.precedes)
  }

  private mutating func addFiles(_ names: [String], in folder: String) {
    for name in names { addFile(ProjectTree.join(folder, name)) }
  }

  private mutating func addFile(_ path: String) {
    guard tree.hasFile(path), let inside = ProjectPath.relative(path, to: top),
      ProjectPath.isPlain(inside)
    else { return }
    found.insert(inside)
  }

  /// A package that is asked for with `file:`, `link:` or `portal:`.
  private mutating func addLocalPackage(
    _ dependency: NodeDependency, of manifest: NodeManifest, members: [String]
  ) {
    let prefixes = ["file:", "link:", "portal:"]
    guard let prefix = prefixes.first(where: dependency.range.hasPrefix) else { return }
    let name = DisplayText.escape(dependency.name)
    let written = String(dependency.range.dropFirst(prefix.count))
    guard let path = ProjectPath.resolve(written, from: manifest.folder),
      let inside = ProjectPath.relative(path, to: top), inside != "."
    else {
      findings.note(
        "FORGE-N013", .error, "the package \(name) lies outside of the application's folder",
        at: dependency.place,
        fix: "move it below the folder of package.json, or build from a folder above both")
      return
    }
    guard ProjectPath.isPlain(inside) else {
      findings.note(
        "FORGE-N014", .error, "the path of the package \(name) cannot stand in a Dockerfile",
        at: dependency.place, fix: "use letters, digits, hyphens and slashes")
      return
    }
    if members.contains(path) { return }
    if tree.hasFile(path) {
      found.insert(inside)
    } else if tree.hasFolder(path) {
      found.insert(inside + "/")
    } else {
      findings.note(
        "FORGE-N015", .error,
        "the package \(name) is not where it should be: there is no \(inside)",
        at: dependency.place, fix: "add it, or take the dependency away")
    }
  }

  /// A file, and with it what lies in folders that are copied whole.
  private mutating func addScriptInput(_ path: String) {
    guard let inside = ProjectPath.relative(path, to: top) else { return }
    let isCopied = found.contains { $0.hasSuffix("/") && inside.hasPrefix($0) }
    if !isCopied { addFile(path) }
  }
}
