import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Combinations that build or run differently from what their authors expect.
enum NextTraps {
  static func find(
    _ version: SemanticVersion?, _ config: NextConfig, _ routes: NextRoutes,
    _ manager: PackageManager,
    _ manifest: NodeManifest, folder: String, in tree: ProjectTree
  ) -> [Finding] {
    var findings: [Finding] = []
    func note(
      _ id: String, _ severity: Severity, _ message: String, _ location: String, _ fix: String
    ) {
      findings.append(
        Finding(id: id, severity: severity, message: message, location: location, fix: fix))
    }
    let script = manifest.script("build")
    let choosesBundler =
      script.map { $0.value.contains("--webpack") || $0.value.contains("--turbopack") } ?? false
    let configPlace = (config.file ?? manifest.path) + ":1"

    if let place = config.hasWebpackUnderTurbopack, !choosesBundler {
      note(
        "FORGE-N051", .error,
        "Next.js 16 builds with Turbopack, and stops where the configuration has a webpack key",
        place, "build with next build --webpack, or move the settings to turbopack")
    }
    if let version, version >= SemanticVersion(16, 1), !choosesBundler,
      !config.settings.externalPackages.isEmpty,
      manager.name == .pnpm || manager.name == .yarnBerry
    {
      note(
        "FORGE-N052", .warning,
        "with Turbopack, external packages and linked modules the standalone output may miss packages when it runs",
        configPlace,
        "build with next build --webpack, or set node-linker=hoisted, and try the image")
    }
    if config.settings.cacheHandler != nil || config.doubts["cacheHandler"] != nil {
      note(
        "FORGE-N053", .info,
        "pages are cached by a handler of the project's own: its file and packages must be traced",
        configPlace, "name them in outputFileTracingIncludes where the server does not find them")
    }
    if !config.settings.locales.isEmpty, routes.router == .app {
      note(
        "FORGE-N057", .warning, "i18n has no effect in the app router", configPlace,
        "route by a [lang] folder, or take it out")
    }
    if manager.name == .yarnBerry, usesPlugAndPlay(manager, folder, tree) {
      note(
        "FORGE-N058", .error,
        "Yarn installs without node_modules here, which the standalone output does not support",
        (manager.lockfile ?? "package.json") + ":1",
        "write nodeLinker: node-modules into .yarnrc.yml")
    }
    return findings
  }

  /// Plug'n'Play is what Yarn does unless told otherwise.
  private static func usesPlugAndPlay(
    _ manager: PackageManager, _ folder: String, _ tree: ProjectTree
  ) -> Bool {
    var place = folder
    while true {
      let path = ProjectTree.join(place, ".yarnrc.yml")
      if let source = try? tree.read(path, limit: 1 << 20), let root = try? YAMLValue.parse(source)
      {
        return (root["nodeLinker"]?.string ?? "pnp") == "pnp"
      }
      if tree.hasFile(ProjectTree.join(place, ".pnp.cjs")) { return true }
      if place == "." { return manager.lockfile != nil }
      place = ProjectTree.parent(place)
    }
  }
}
