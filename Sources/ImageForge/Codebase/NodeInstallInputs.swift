import ForgeBasics
import ForgeSyntax

/// What the installation of a Node.js project's packages needs besides the network.
struct NodeInstallInputs {
  /// Relative to the service; folders end with a slash. Sorted.
  private(set) var paths: [String] = []
  private(set) var findings: [Finding] = []

  private static let settings = [
    ".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml", ".pnpmfile.cjs", ".pnpmfile.mjs", "bunfig.toml",
    "prisma/schema.prisma",
  ]
  private static let folders = [".yarn/releases", ".yarn/plugins", ".yarn/patches", "patches"]

  init(_ manifest: NodeManifest, _ manager: PackageManager, folder: String, in tree: ProjectTree) {
    var found: Set<String> = ["package.json"]
    for name in Self.settings + [manager.lockfile].compactMap({ $0 })
    where tree.hasFile(ProjectTree.join(folder, name)) {
      found.insert(name)
    }
    for name in Self.folders where tree.hasFolder(ProjectTree.join(folder, name)) { found.insert(name + "/") }
    for (name, range, source) in manifest.dependencies {
      guard let prefix = ["file:", "link:", "portal:"].first(where: range.hasPrefix) else { continue }
      let written = String(range.dropFirst(prefix.count))
      guard let path = ProjectPath.resolve(written, from: folder),
        let inside = ProjectPath.relative(path, to: folder), inside != "."
      else {
        note(
          "FORGE-N013", .error, "the package \(name) lies outside of the application's folder", source,
          "move it below the folder of package.json, or build from a folder above both")
        continue
      }
      guard ProjectPath.isPlain(inside) else {
        note(
          "FORGE-N014", .error, "the path of the package \(name) cannot stand in a Dockerfile", source,
          "use letters, digits, hyphens and slashes")
        continue
      }
      if tree.hasFile(path) {
        found.insert(inside)
      } else if tree.hasFolder(path) {
        found.insert(inside + "/")
      } else {
        note(
          "FORGE-N015", .error, "the package \(name) is not where it should be: there is no \(inside)", source,
          "add it, or take the dependency away")
      }
    }
    paths = found.sorted(by: ProjectTree.precedes)
  }

  private mutating func note(_ id: String, _ severity: Severity, _ message: String, _ source: String, _ fix: String) {
    findings.append(
      Finding(id: id, severity: severity, message: DisplayText.escape(message), location: source, fix: fix))
  }
}
