import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// What pnpm's settings say of the scripts of packages, and of their versions: `pnpm-workspace.yaml`, and before
/// version 11 the key `pnpm` of the root's `package.json`.
struct PnpmSettings {
  /// The packages whose scripts may run, and those that may not.
  private(set) var allowed: Set<String> = []
  private(set) var denied: Set<String> = []
  /// Where they are listed.
  private(set) var place: Place?
  /// The same from places that pnpm 11 passes over.
  private(set) var outdated: Set<String> = []
  private(set) var outdatedPlace: Place?
  private(set) var allowsAll = false
  private(set) var isStrict: Bool?
  /// Whether `allowBuilds` is there, which older versions pass over.
  private(set) var hasAllowBuilds = false
  /// Names whose ranges are replaced.
  private(set) var overridden: Set<String> = []

  init(at top: String, manifest: NodeManifest?, in tree: ProjectTree) {
    let path = ProjectTree.join(top, "pnpm-workspace.yaml")
    if let source = try? tree.read(path, limit: 1 << 20), let root = try? YAMLValue.parse(source) {
      read(root)
    }
    if let manifest, let settings = manifest.root.member("pnpm") {
      read(settings.value, at: manifest.source.place(at: settings.keyOffset))
    }
    for section in [manifest?.root["resolutions"], manifest?.root["overrides"]] {
      add(overrides: (section?.members ?? []).map(\.key))
    }
  }

  private mutating func read(_ root: YAMLValue) {
    for entry in root["allowBuilds"]?.entries ?? [] {
      hasAllowBuilds = true
      place = place ?? root["allowBuilds"]?.place
      let name = Self.name(entry.key)
      if entry.value.bool == true { allowed.insert(name) } else { denied.insert(name) }
    }
    for key in ["onlyBuiltDependencies", "ignoredBuiltDependencies", "neverBuiltDependencies"] {
      guard let list = root[key] else { continue }
      outdatedPlace = outdatedPlace ?? list.place
      take(list.elements.compactMap(\.string), as: key)
    }
    if root["dangerouslyAllowAllBuilds"]?.bool == true { allowsAll = true }
    isStrict = root["strictDepBuilds"]?.bool
    add(overrides: (root["overrides"]?.entries ?? []).map(\.key))
  }

  private mutating func read(_ settings: JSON, at place: Place) {
    for key in ["onlyBuiltDependencies", "ignoredBuiltDependencies", "neverBuiltDependencies"] {
      guard let list = settings[key] else { continue }
      outdatedPlace = outdatedPlace ?? place
      take(list.elements.compactMap(\.string), as: key)
    }
    add(overrides: (settings["overrides"]?.members ?? []).map(\.key))
  }

  private mutating func take(_ names: [String], as key: String) {
    let names = names.map(Self.name)
    outdated.formUnion(names)
    if key == "onlyBuiltDependencies" { allowed.formUnion(names) } else { denied.formUnion(names) }
    // Where only some are forbidden, all others may run.
    if key == "neverBuiltDependencies" { allowsAll = true }
  }

  private mutating func add(overrides names: [String]) {
    for name in names {
      let last = name.split(separator: ">").last.map(String.init) ?? name
      overridden.insert(Self.name(last))
    }
  }

  /// `sharp` of `sharp@0.33.0`.
  private static func name(_ text: String) -> String {
    guard let at = text.dropFirst().firstIndex(of: "@") else { return text }
    return String(text[..<at])
  }
}

/// pnpm runs the scripts of packages only where somebody approved them: since version 10 it passes the others over, and
/// since version 11 it stops.
struct PnpmBuilds {
  private(set) var findings: [Finding] = []
  /// The packages whose scripts run; nil where all do.
  private(set) var approved: Set<String>?

  private static let firstThatAsks = 10
  private static let firstThatStops = 11

  init(
    _ manager: NodePackageManager, manifest: NodeManifest, top: String, in tree: ProjectTree
  ) {
    guard manager.manager.name == .pnpm else { return }
    let version = manager.version.flatMap { SemanticVersion($0) }
    let major = version?.major ?? Self.firstThatAsks
    guard major >= Self.firstThatAsks else { return }
    let settings = PnpmSettings(at: top, manifest: manifest, in: tree)
    guard !settings.allowsAll else { return }
    var approved = settings.allowed
    if major >= Self.firstThatStops { approved.subtract(settings.outdated) }
    self.approved = approved
    let place = settings.place ?? settings.outdatedPlace ?? manager.lockfilePlace
    if let version, settings.hasAllowBuilds, version < SemanticVersion(10, 26) {
      findings.note(
        "FORGE-N061", .warning,
        "pnpm \(version) does not read allowBuilds, which 10.26 was first to",
        at: settings.place, fix: "pin pnpm 10.26 or newer in packageManager")
      return
    }
    let reviewed = approved.union(major >= Self.firstThatStops ? [] : settings.denied)
      .union(settings.hasAllowBuilds ? settings.denied : [])
    check(manager, major: major, reviewed: reviewed, settings, at: place)
  }

  private mutating func check(
    _ manager: NodePackageManager, major: Int, reviewed: Set<String>, _ settings: PnpmSettings,
    at place: Place?
  ) {
    let table = NodeScriptTable.table
    if major >= Self.firstThatStops {
      guard settings.isStrict != false else { return }
      let open = manager.locked(among: table.always).filter { !reviewed.contains($0) }
      guard let first = open.first else { return }
      var message = "pnpm \(major) stops at packages whose scripts nobody approved: \(first)"
      if open.count > 1 { message += " and \(open.count - 1) more" }
      if settings.outdated.contains(first) {
        message += "; what is listed here it no longer reads"
      }
      findings.note(
        "FORGE-N061", .error, message, at: place,
        fix: "list them under allowBuilds in pnpm-workspace.yaml (pnpm approve-builds)")
      return
    }
    let open = manager.locked(among: table.needed).filter { !reviewed.contains($0) }
    guard let first = open.first else { return }
    findings.note(
      "FORGE-N061", .warning,
      "pnpm \(major) does not run the scripts of \(first), which nobody approved: it may not work",
      at: place, fix: "list it under onlyBuiltDependencies in pnpm-workspace.yaml")
  }
}

extension NodePackageManager {
  /// Where the lockfile begins.
  var lockfilePlace: Place? {
    switch contents {
    case .npm(let lock): lock.source.place(line: 1)
    case .pnpm(let lock): lock.source.place(line: 1)
    case .other(let source): source.place(line: 1)
    case nil: nil
    }
  }

  /// The packages with scripts of their own, as npm's lockfile says; nil for another one.
  var scripted: [String]? {
    guard case .npm(let lock)? = contents else { return nil }
    return lock.scripted
  }

  /// Which of the named packages the lockfile has.
  func locked(among names: [String]) -> [String] {
    let source: SourceText
    switch contents {
    case .npm(let lock): source = lock.source
    case .pnpm(let lock): source = lock.source
    case .other(let text): source = text
    case nil: return []
    }
    let starts = [" ", "\n", "\"", "'", "/"]
    return names.filter { name in
      starts.contains { source.bytes.holds(Array("\($0)\(name)@".utf8)) }
    }
  }
}
