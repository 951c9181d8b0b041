import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Holds a lockfile against the manifest that it was made from. What is told here is proved: the package manager would
/// refuse the lockfile, or leave a package out.
package struct LockCheck {
  let manifest: PythonManifest
  let pyproject: TOMLDocument
  let lockfile: PythonLockfile

  /// Nil where there is nothing to compare.
  package init?(_ manifest: PythonManifest) {
    guard let pyproject = manifest.pyproject, let lockfile = manifest.lockfile else { return nil }
    self.manifest = manifest
    self.pyproject = pyproject
    self.lockfile = lockfile
  }

  /// The first reason by which the lockfile is out of date, as a finding; nil where none is known.
  package func finding() -> Finding? {
    let problem = missing() ?? uv() ?? poetry() ?? groups() ?? ownVersion()
    guard let problem else { return nil }
    let tool = manifest.managerName.rawValue
    return Finding(
      id: "FORGE-P047", severity: problem.isWarning ? .warning : .error,
      message: "\(ProjectTree.name(lockfile.name)) is out of date: \(problem.text)",
      at: problem.place, fix: "run `\(tool) lock`, and commit the lockfile")
  }

  private struct Problem {
    let text: String
    let place: Place
    var isWarning = false
  }

  private var project: TOML? { pyproject.root["project"] }

  /// Whether the dependencies are not in the manifest itself.
  private var isDynamic: Bool {
    project?["dynamic"]?.strings.contains { $0.hasSuffix("dependencies") } == true
  }

  // MARK: Every package manager

  /// A dependency that the lockfile does not hold at all.
  private func missing() -> Problem? {
    let first = manifest.declared.first { dependency in
      dependency.requirement.marker == nil && dependency.requirement.name != ownName
        && lockfile.packages[dependency.requirement.name] == nil
    }
    guard let first else { return nil }
    let name = DisplayText.escape(first.requirement.name)
    return Problem(text: "it does not hold \(name)", place: first.location)
  }

  private var ownName: String? { manifest.projectName.map(Requirement.normalise) }

  // MARK: uv

  private func uv() -> Problem? {
    guard lockfile.kind == .uv, let project, let ownName, !isDynamic else { return nil }
    let shown = DisplayText.escape(manifest.projectName ?? ownName)
    guard let locked = lockfile.manifests[ownName] else {
      guard lockfile.packages[ownName] == nil else { return nil }
      return Problem(
        text: "it has no entry for the project \(shown)", place: pyproject.place(["project"]))
    }
    if let range = project["requires-python"]?.string, let known = lockfile.requiresPython,
      manifest.workspace == nil, Self.differ(range, known)
    {
      return Problem(
        text: "it was made for Python \(DisplayText.escape(known)), not "
          + DisplayText.escape(range), place: pyproject.place(["project", "requires-python"]))
    }
    return requirements(locked.requirements)
  }

  /// Whether uv refuses the lockfile for the project's own version alone, which nothing that is installed depends on.
  var isOlderVersion: Bool { finding()?.severity == .warning && ownVersion() != nil }

  /// The project's version was raised, and the lockfile was not made again.
  private func ownVersion() -> Problem? {
    guard lockfile.kind == .uv, let project, let ownName, !isDynamic,
      let known = lockfile.manifests[ownName]?.version, let version = project["version"]?.string,
      version != known, Self.isPlain(version), Self.isPlain(known)
    else { return nil }
    let shown = DisplayText.escape(manifest.projectName ?? ownName)
    return Problem(
      text: "it was made for version \(known) of \(shown), which is \(version) now; what it "
        + "locks is installed all the same",
      place: pyproject.place(["project", "version"]), isWarning: true)
  }

  /// Compares the requirements that are installed always.
  private func requirements(_ locked: [PythonLockfile.Locked]?) -> Problem? {
    guard let locked else { return nil }
    let place = pyproject.place(["project", "dependencies"])
    let listed = project?["dependencies"]?.strings ?? []
    let declared = listed.compactMap { Requirement($0) }
    guard declared.count == listed.count else { return nil }
    let always = locked.filter { $0.marker?.contains("extra ==") != true }
    if let new = declared.first(where: { one in !always.contains { $0.name == one.name } }) {
      return Problem(
        text: "it does not know that the project needs \(DisplayText.escape(new.name))",
        place: pyproject.place(["project", "dependencies"], containing: new.name))
    }
    if let old = always.first(where: { one in !declared.contains { $0.name == one.name } }) {
      return Problem(
        text: "it holds \(DisplayText.escape(old.name)), which the project no longer asks for",
        place: place)
    }
    let changed = declared.first { one in
      let others = always.filter { $0.name == one.name }
      guard others.count == 1, declared.count(where: { $0.name == one.name }) == 1,
        one.url == nil, pyproject.root[["tool", "uv", "sources"]]?[one.name] == nil
      else { return false }
      return Self.differ(one.specifier, others[0].specifier)
    }
    guard let changed else { return nil }
    return Problem(
      text: "the project asks for another \(DisplayText.escape(changed.name)) than it was made for",
      place: pyproject.place(["project", "dependencies"], containing: changed.name))
  }

  /// Whether two sets of versions are written with other bounds. Only plain numbers are compared: there are several
  /// ways to write anything else.
  private static func differ(_ a: String, _ b: String) -> Bool {
    guard let a = bounds(a), let b = bounds(b) else { return false }
    return a != b
  }

  private static func bounds(_ text: String) -> Set<String>? {
    let parts = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
    var found: Set<String> = []
    for part in parts where !part.isEmpty {
      let relation = part.prefix { "<>=!~".contains($0) }
      var version = part.dropFirst(relation.count)
      let isOpen = version.hasSuffix(".*")
      if isOpen { version = version.dropLast(2) }
      guard isPlain(String(version)) else { return nil }
      var numbers = version.split(separator: ".").map { Int($0) ?? 0 }
      // `>=3` and `>=3.0` are one bound; `~=3` and `==3.*` count their numbers.
      while numbers.count > 1, numbers.last == 0, !isOpen, relation != "~=" { numbers.removeLast() }
      found.insert(relation + numbers.map(String.init).joined(separator: ".") + (isOpen ? "*" : ""))
    }
    return found
  }

  private static func isPlain(_ version: String) -> Bool {
    !version.isEmpty && version.utf8.count < 40
      && version.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0.allSatisfy { $0.isASCII && $0.isNumber }
      }
  }

  // MARK: Poetry

  /// Poetry keeps a digest of the tables that it reads.
  private func poetry() -> Problem? {
    guard lockfile.kind == .poetry, let hash = lockfile.contentHash else { return nil }
    let digests = PoetryDigest.all(of: pyproject.root)
    guard !digests.isEmpty, !digests.contains(hash) else { return nil }
    let version = lockfile.toolVersion.flatMap { VersionSpecifier.numbers($0) } ?? [2]
    // Older ones only warn.
    let isWarning = version.lexicographicallyPrecedes([1, 8])
    return Problem(
      text: "pyproject.toml was changed since it was made",
      place: .source(file: lockfile.name, line: 1),
      isWarning: isWarning)
  }

  // MARK: pdm

  private func groups() -> Problem? {
    guard let locked = lockfile.lockedGroups else { return nil }
    let missing = manifest.chosen.first { !locked.contains($0.key) }
    guard let missing, let place = missing.dependencies.first?.location else { return nil }
    return Problem(
      text: "it does not hold \(DisplayText.escape(missing.title)), which the application needs "
        + "(`pdm lock -G \(DisplayText.escape(missing.name))`)", place: place)
  }
}
