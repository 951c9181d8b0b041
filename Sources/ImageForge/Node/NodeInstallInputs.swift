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
    "bunfig.toml",
    ".pnp.cjs", ".pnp.loader.mjs",
  ]
  private static let folders = [
    ".yarn/releases", ".yarn/plugins", ".yarn/patches", ".yarn/cache", "patches",
  ]
  /// Where `prisma generate`, which the installation of its client runs, looks for the schema.
  private static let schemas = ["prisma/schema.prisma", "schema.prisma"]
  private static let lifecycle = [
    "preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare",
  ]

  private let top: String
  private var found: Set<String> = []

  /// - Parameters:
  ///   - manifests: of the service, of the workspace's root, and of the members that it needs.
  ///   - members: the folders of all members: their manifests are part of what the lockfile speaks of.
  ///   - top: the workspace's root, or the service's own folder.
  init(
    _ manifests: [NodeManifest], members: [String] = [], _ manager: PackageManager, top: String,
    in tree: ProjectTree
  ) {
    self.top = top
    for folder in [top] + members {
      for name in NodeManifest.names { add(ProjectTree.join(folder, name), tree) }
    }
    for name in Self.settings + [manager.lockfile].compactMap({ $0 }) {
      add(ProjectTree.join(top, name), tree)
    }
    for name in Self.folders where tree.hasFolder(ProjectTree.join(top, name)) {
      found.insert(name + "/")
    }
    for manifest in manifests {
      let folder = ProjectTree.parent(manifest.path)
      for name in Self.schemas { add(ProjectTree.join(folder, name), tree) }
      addLocalPackages(manifest, folder, members, tree)
      addScripts(manifest, folder, tree)
    }
    paths = found.sorted(by: ProjectTree.precedes)
  }

  private mutating func add(_ path: String, _ tree: ProjectTree) {
    guard tree.hasFile(path), let inside = ProjectPath.relative(path, to: top) else { return }
    if ProjectPath.isPlain(inside) { found.insert(inside) }
  }

  /// `file:`, `link:` and `portal:` packages.
  private mutating func addLocalPackages(
    _ manifest: NodeManifest, _ folder: String, _ members: [String], _ tree: ProjectTree
  ) {
    for (name, range, source) in manifest.dependencies {
      guard let prefix = ["file:", "link:", "portal:"].first(where: range.hasPrefix) else {
        continue
      }
      let written = String(range.dropFirst(prefix.count))
      guard let path = ProjectPath.resolve(written, from: folder),
        let inside = ProjectPath.relative(path, to: top), inside != "."
      else {
        note(
          "FORGE-N013", .error, "the package \(name) lies outside of the application's folder",
          source,
          "move it below the folder of package.json, or build from a folder above both")
        continue
      }
      guard ProjectPath.isPlain(inside) else {
        note(
          "FORGE-N014", .error, "the path of the package \(name) cannot stand in a Dockerfile",
          source,
          "use letters, digits, hyphens and slashes")
        continue
      }
      if members.contains(path) {
        continue
      } else if tree.hasFile(path) {
        found.insert(inside)
      } else if tree.hasFolder(path) {
        found.insert(inside + "/")
      } else {
        note(
          "FORGE-N015", .error,
          "the package \(name) is not where it should be: there is no \(inside)", source,
          "add it, or take the dependency away")
      }
    }
  }

  /// Files that the scripts of the installation name: `"postinstall": "node scripts/patch.js"`.
  private mutating func addScripts(_ manifest: NodeManifest, _ folder: String, _ tree: ProjectTree)
  {
    for name in Self.lifecycle {
      guard let script = manifest.script(name) else { continue }
      for word in script.value.split(whereSeparator: { " \t;&|\"'".contains($0) }).prefix(200) {
        guard let path = ProjectPath.resolve(String(word), from: folder) else { continue }
        for ending in ["", ".js", ".mjs", ".cjs"] where tree.hasFile(path + ending) {
          let home = ProjectTree.parent(path + ending)
          if home == folder {
            add(path + ending, tree)
          } else if let inside = ProjectPath.relative(home, to: top), ProjectPath.isPlain(inside),
            inside != "."
          {
            // With what the script imports beside it.
            found.insert(inside + "/")
          }
        }
      }
    }
  }

  private mutating func note(
    _ id: String, _ severity: Severity, _ message: String, _ source: String, _ fix: String
  ) {
    findings.append(
      Finding(
        id: id, severity: severity, message: DisplayText.escape(message), location: source, fix: fix
      ))
  }
}
