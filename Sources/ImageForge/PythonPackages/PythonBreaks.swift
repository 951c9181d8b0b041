import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// Finds the known breaks that an installation of a service runs into.
package struct PythonBreaks {
  private let install: PythonInstall
  private let index: PythonIndex
  private let reach: PythonReach
  private let folder: String
  private let python: String

  /// - Parameter python: `3.13`.
  package init(
    _ manifest: PythonManifest, _ index: PythonIndex, reach: PythonReach, folder: String,
    python: String
  ) {
    let table = KnownBreaks.table
    install = PythonInstall(manifest: manifest, newest: table.newest, brought: table.brought)
    self.index = index
    self.reach = reach
    self.folder = folder
    self.python = python
  }

  package func findings() -> [Finding] {
    let candidates = KnownBreaks.table.breaks.filter(isInstalled)
    let uses = PythonUses(candidates.flatMap { $0.code ?? [] }, index, reach: reach, folder: folder)
    var findings: [Finding] = []
    for row in candidates {
      if let text = row.unless, uses.holdsText(text) { continue }
      var use: PythonUses.Use?
      if let code = row.code {
        guard let found = uses.first(of: code) else { continue }
        use = found
      }
      findings.append(finding(row, use))
    }
    return findings
  }

  /// Whether the versions are those that break.
  private func isInstalled(_ row: KnownBreaks.Break) -> Bool {
    if let range = row.python, !PythonInstall.allows(range, python) { return false }
    switch answer(row) {
    case nil: break
    case .absent:
      guard row.orAbsent == true else { return false }
    case .unknown:
      guard row.versions == nil else { return false }
    case .pinned(let written):
      if let range = row.versions, !PythonInstall.allows(range, written.value) { return false }
    case .newest(let version, _):
      if let range = row.versions, !PythonInstall.allows(range, version) { return false }
    }
    if let names = row.absent, names.contains(where: install.has) { return false }
    if let names = row.present, !names.contains(where: install.has) { return false }
    return (row.with ?? [:]).allSatisfy { name, range in
      PythonInstall.allows(range, install.answer(name).version)
    }
  }

  private func answer(_ row: KnownBreaks.Break) -> PythonInstall.Answer? {
    row.package.map(install.answer)
  }

  private func finding(_ row: KnownBreaks.Break, _ use: PythonUses.Use?) -> Finding {
    let name = row.package ?? "Python \(python)"
    var subject = name
    var place = use?.place
    switch answer(row) {
    case nil, .unknown: break
    case .pinned(let version):
      subject = "\(name) \(DisplayText.escape(version.value))"
      place = place ?? version.place
    case .newest(let version, let declared):
      place = place ?? declared
      // A row for all versions does not depend on the newest.
      if row.versions != nil { subject = "\(name) is not pinned, and \(version)" }
    case .absent:
      subject = "nothing installs \(name):"
    }
    var severity = row.severity
    // What stands in a function, or behind a condition, may never run.
    if use?.runsAlways == false { severity = .warning }
    return Finding(
      id: "FORGE-P061", severity: severity, message: "\(subject) \(row.breaks)", at: place,
      fix: row.fix)
  }
}

/// Where code does what breaks with some versions.
struct PythonUses {
  struct Use {
    let place: Place
    /// Whether it happens whenever the file is loaded.
    let runsAlways: Bool
  }

  /// The first uses, by what was asked for.
  private var found: [String: Use] = [:]
  private var texts: Set<String> = []
  private let index: PythonIndex

  init(_ wanted: [KnownBreaks.Use], _ index: PythonIndex, reach: PythonReach, folder: String) {
    self.index = index
    guard !wanted.isEmpty else { return }
    for path in index.paths
    where reach.contains(path) && !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      read(file, wanted)
    }
  }

  func first(of uses: [KnownBreaks.Use]) -> Use? {
    let known = uses.compactMap { found[$0.key] }
    return known.first(where: \.runsAlways) ?? known.first
  }

  /// Whether a text of the code begins so.
  func holdsText(_ beginning: String) -> Bool { texts.contains { $0.hasPrefix(beginning) } }

  private mutating func read(_ file: PythonFile, _ wanted: [KnownBreaks.Use]) {
    let missing: Set<String> = ["ImportError", "ModuleNotFoundError"]
    file.forEachStatement(tolerating: missing.union(["Exception"])) { statement, around in
      if around.tolerated.isEmpty {
        for name in Self.imported(by: statement) {
          for use in wanted where use.isImported(as: name) {
            add(use, at: statement.offset, around)
          }
        }
      }
      guard around.tolerated.isDisjoint(with: missing) else { return }
      for expression in statement.expressions {
        expression.walk { part in read(part, around, wanted) }
      }
      // A decorator without brackets is a call without arguments.
      guard case .function(let function) = statement.kind else { return }
      for decorator in function.decorators where decorator.call == nil {
        let origin = origin(of: decorator, in: file)
        for use in wanted where use.with == nil && use.call != nil && use.call == origin {
          add(use, at: decorator.offset, around)
        }
      }
    }
  }

  private mutating func read(
    _ part: PythonExpression, _ around: PythonFile.Surroundings, _ wanted: [KnownBreaks.Use]
  ) {
    if let text = part.string {
      if text.contains("://"), texts.count < 1000 { texts.insert(text) }
      for use in wanted where use.text.map(text.hasPrefix) == true {
        add(use, at: part.offset, around)
      }
      return
    }
    if let call = part.call {
      let origin = origin(of: call.function, in: around.scope.file)
      for use in wanted where matches(call, origin, use, around.scope) {
        add(use, at: part.offset, around)
      }
      return
    }
    guard let origin = origin(of: part, in: around.scope.file) else { return }
    for use in wanted where use.name.map({ origin == $0 || origin.hasPrefix($0 + ".") }) == true {
      add(use, at: part.offset, around)
    }
  }

  /// The first is kept, but one that always runs goes before one that may not.
  private mutating func add(
    _ use: KnownBreaks.Use, at offset: Int, _ around: PythonFile.Surroundings
  ) {
    if let known = found[use.key], known.runsAlways || !around.runsAlways { return }
    found[use.key] = Use(
      place: around.scope.file.location(offset), runsAlways: around.runsAlways)
  }

  /// The modules, and the names out of them, that a statement imports.
  private static func imported(by statement: PythonStatement) -> [String] {
    switch statement.kind {
    case .imports(let names): names.map(\.name)
    case .importFrom(0, let module, let names): names.map { "\(module).\($0.name)" }
    default: []
    }
  }

  private func matches(
    _ call: (function: PythonExpression, arguments: [PythonArgument]), _ origin: String?,
    _ use: KnownBreaks.Use, _ scope: PythonScope
  ) -> Bool {
    if let method = use.method {
      guard case .attribute(let object, method) = call.function.kind else { return false }
      if use.takesText == true, !Self.isText(call.arguments.positional.first) { return false }
      let place = PythonPlace(expression: object, scope: scope)
      return !index.constructors(of: place, Set(use.of ?? [])).isEmpty
    }
    guard let wanted = use.call, wanted == origin else { return false }
    if let keywords = use.with { return keywords.contains { call.arguments[$0] != nil } }
    guard let keywords = use.without else { return true }
    // What `**options` holds is not known.
    return call.arguments.allSatisfy { $0.stars < 2 }
      && !keywords.contains { call.arguments[$0] != nil }
  }

  /// The name of an installed package that a name stands for.
  private func origin(of expression: PythonExpression, in file: PythonFile) -> String? {
    switch expression.kind {
    case .name, .attribute:
      guard case .external(let name)? = index.origin(of: expression, in: file) else { return nil }
      return name
    default: return nil
    }
  }

  private static func isText(_ expression: PythonExpression?) -> Bool {
    switch expression?.kind {
    case .string, .formatted: true
    default: false
    }
  }
}

extension KnownBreaks.Use {
  /// What tells uses apart.
  var key: String {
    [`import`, name, call, method, text].compactMap(\.self).joined(separator: " ")
      + (with ?? []).joined(separator: ",") + (without ?? []).joined(separator: ",")
      + (of ?? []).joined(separator: ",")
  }

  /// Whether an import brings it: `import a.b`, `from a import b`, `from a.b import c`.
  func isImported(as imported: String) -> Bool {
    guard let wanted = `import` else { return false }
    return imported == wanted || imported.hasPrefix(wanted + ".")
  }
}
