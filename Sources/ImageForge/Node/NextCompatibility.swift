import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Combinations of versions and settings that build or run differently from what their authors expect.
struct NextCompatibility {
  let version: SemanticVersion?
  let config: NextConfig
  let router: NextFacts.Router?
  let manager: PackageManager
  let manifest: NodeManifest
  let folder: String
  /// Where packages are installed: the workspace's root, or the folder itself.
  let top: String

  func findings(in tree: ProjectTree) -> [Finding] {
    var findings: [Finding] = []
    let configPlace = config.file.map { Place.source(file: $0, line: 1) } ?? manifest.place
    if let place = config.webpackUnderTurbopack, !choosesBundler {
      // A plugin around the configuration may add the missing key.
      let severity: Severity = config.isWrapped ? .warning : .error
      findings.note(
        "FORGE-N051", severity,
        "Next.js 16 builds with Turbopack, and stops where the configuration has a webpack key and "
          + "no turbopack key",
        at: place, fix: "build with next build --webpack, or move the settings to turbopack")
    }
    if losesLinkedPackages {
      findings.note(
        "FORGE-N052", .warning,
        "with Turbopack, external packages and linked modules the standalone output may miss "
          + "packages when it runs",
        at: configPlace,
        fix: "build with next build --webpack, or set node-linker=hoisted, and try the image")
    }
    if config.settings.cacheHandler != nil || config.doubts["cacheHandler"] != nil {
      findings.note(
        "FORGE-N053", .info,
        "pages are cached by a handler of the project's own: its file and packages must be traced",
        at: configPlace,
        fix: "name them in outputFileTracingIncludes where the server does not find them")
    }
    if !config.settings.locales.isEmpty, router == .app {
      findings.note(
        "FORGE-N057", .warning, "i18n has no effect in the app router", at: configPlace,
        fix: "route by a [lang] folder, or take it out")
    }
    if manager.name == .yarnBerry, usesPlugAndPlay(in: tree) {
      findings.note(
        "FORGE-N058", .error,
        "Yarn installs without node_modules here, which the standalone output does not support",
        at: .source(file: manager.lockfile ?? "package.json", line: 1),
        fix: "write nodeLinker: node-modules into .yarnrc.yml")
    }
    return findings + removals()
  }

  /// What the project uses and its version of Next.js no longer has.
  private func removals() -> [Finding] {
    guard let version else { return [] }
    var findings: [Finding] = []
    for removal in NextReleases.table.removed(in: version) {
      let used: (what: String, place: Place)?
      if let words = removal.script {
        used = command(with: words).map { (words.joined(separator: " "), $0) }
      } else {
        let key = removal.key ?? []
        used = config.placeOfKey(key).map { (key.joined(separator: "."), $0) }
      }
      guard let used else { continue }
      findings.note(
        "FORGE-N071", removal.severity,
        "Next.js \(version.major) no longer has \(used.what)", at: used.place, fix: removal.fix)
    }
    return findings
  }

  /// Where the build script has a command with all of these words, in their order.
  private func command(with words: [String]) -> Place? {
    guard let script = manifest.script("build") else { return nil }
    let holds = ShellCommand.all(in: script.value).contains { command in
      var wanted = words[...]
      for word in command.words where word == wanted.first { wanted = wanted.dropFirst() }
      return wanted.isEmpty
    }
    guard holds else { return nil }
    return script.place
  }

  private var choosesBundler: Bool {
    guard let script = manifest.script("build")?.value else { return false }
    return script.contains("--webpack") || script.contains("--turbopack")
  }

  private var losesLinkedPackages: Bool {
    guard let version, version >= SemanticVersion(16, 1), !choosesBundler else { return false }
    let linksPackages = manager.name == .pnpm || manager.name == .yarnBerry
    return linksPackages && !config.settings.externalPackages.isEmpty
  }

  /// Plug'n'Play is what Yarn does unless told otherwise.
  private func usesPlugAndPlay(in tree: ProjectTree) -> Bool {
    // Yarn runs at the top: what stands in a member's own folder it does not read.
    for current in ProjectTree.foldersUpwards(from: top) {
      let path = ProjectTree.join(current, ".yarnrc.yml")
      if let source = try? tree.read(path, limit: 1 << 20), let root = try? YAMLValue.parse(source)
      {
        let linker = root["nodeLinker"]?.string ?? "pnp"
        return linker == "pnp"
      }
      if tree.hasFile(ProjectTree.join(current, ".pnp.cjs")) { return true }
    }
    return manager.lockfile != nil
  }
}
