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
  /// Where `prisma generate`, which the installation of its client runs, looks for the schema.
  private static let schemas = ["prisma/schema.prisma", "schema.prisma"]
  private static let lifecycleScripts = [
    "preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare",
  ]

  private let top: String
  private let tree: ProjectTree
  private var found: Set<String> = []

  /// - Parameters:
  ///   - manifests: of the service, of the workspace's root, and of the members that it needs.
  ///   - members: the folders of all members: their manifests are part of what the lockfile speaks of.
  ///   - top: the workspace's root, or the service's own folder.
  init(
    _ manifests: [NodeManifest], members: [String] = [], lockfile: String?, top: String,
    in tree: ProjectTree
  ) {
    self.top = top
    self.tree = tree
    for folder in [top] + members { addFiles(NodeManifest.names, in: folder) }
    addFiles(Self.settings + [lockfile].compactMap(\.self), in: top)
    for name in Self.folders where tree.hasFolder(ProjectTree.join(top, name)) {
      found.insert(name + "/")
    }
    for manifest in manifests {
      addFiles(Self.schemas, in: manifest.folder)
      for dependency in manifest.dependencies {
        addLocalPackage(dependency, of: manifest, members: members)
      }
      for name in Self.lifecycleScripts { addFiles(ofScript: name, in: manifest) }
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

  /// Files that a script of the installation names: `"postinstall": "node scripts/patch.js"`.
  private mutating func addFiles(ofScript name: String, in manifest: NodeManifest) {
    guard let script = manifest.script(name) else { return }
    for word in script.value.split(whereSeparator: { " \t;&|\"'".contains($0) }).prefix(200) {
      guard let path = ProjectPath.resolve(String(word), from: manifest.folder) else { continue }
      for ending in ["", ".js", ".mjs", ".cjs"] where tree.hasFile(path + ending) {
        let folder = ProjectTree.parent(path + ending)
        if folder == manifest.folder {
          addFile(path + ending)
        } else if let inside = ProjectPath.relative(folder, to: top), ProjectPath.isPlain(inside),
          inside != "."
        {
          // With what the script imports beside it.
          found.insert(inside + "/")
        }
      }
    }
  }
}
