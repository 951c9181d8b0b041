import ForgeBasics
import ForgeFindings

/// What is installed besides what a project always needs. Normalised names.
package struct DependencyChoice: Sendable, Equatable {
  package var extras: Set<String> = []
  /// Of dependencies for one purpose, such as `dev`; Pipfile's `dev-packages`.
  package var groups: Set<String> = []

  package init(extras: Set<String> = [], groups: Set<String> = []) {
    self.extras = extras
    self.groups = groups
  }
}

/// The packages that a lockfile of the Python world pins.
package struct PythonLockfile: Sendable {
  package enum Kind: String, Sendable {
    case uv, poetry, pdm, pipenv, pylock
  }

  package struct Package: Sendable, Equatable {
    /// Normalised.
    package let name: String
    package let version: String?
    /// Whether the application needs it: false for what only development or an optional part asks for.
    package let isMain: Bool
    /// `cp313-cp313-manylinux…` and so on: the names of its wheels; empty where the lockfile names none.
    package fileprivate(set) var wheels: [String]
    /// Whether the lockfile names any file, so that `wheels` can be trusted.
    package let listsFiles: Bool
    /// Whether the lockfile names an archive of its sources.
    package var hasSource = false
    /// Whether its files are known by their hashes.
    package var isHashed = true
    /// A folder of the project, relative to the lockfile.
    package let directory: String?
    package let isGit: Bool
    /// For which Pythons it is locked alone, where a Pipfile.lock says so: `python_version < '3.11'`.
    package var marker: String?
    /// Normalised names of what it depends on, where the lockfile says so.
    package var dependencies: [String] = []
  }

  /// What a lockfile says of the manifest that it was made from.
  package struct Manifest: Sendable, Equatable {
    package let version: String?
    /// Nil where it lists none.
    package let requirements: [Locked]?
  }

  /// A requirement of the manifest, as the lockfile repeats it.
  package struct Locked: Sendable, Equatable {
    /// Normalised.
    package let name: String
    package let specifier: String
    package let marker: String?

    init?(_ table: TOML) {
      guard let name = table["name"]?.string else { return nil }
      self.name = Requirement.normalise(name)
      specifier = table["specifier"]?.string ?? ""
      marker = table["marker"]?.string
    }
  }

  package let kind: Kind
  /// By normalised name. Where two versions are locked for different platforms, the first that is needed.
  package let packages: [String: Package]
  package let requiresPython: String?
  /// The version of the tool that wrote it, where it says so.
  package let toolVersion: String?
  /// What uv read in the manifests of the project and of its members, by their normalised names.
  package private(set) var manifests: [String: Manifest] = [:]
  /// Poetry's digest of what it read in pyproject.toml.
  package private(set) var contentHash: String?
  /// The groups and extras that pdm locked; nil where it says nothing.
  package private(set) var lockedGroups: [String]?
  private let source: SourceText
  /// Its path, relative to the root.
  package var name: String { source.name }
  private let spelling: [String: String]

  /// Where a package stands as evidence names it, `file:line`.
  package func location(of name: String) -> String { place(of: name).description }

  /// Where a package stands; the first line where it does not.
  package func place(of name: String) -> Place {
    let spelled = spelling[name] ?? name
    let pattern = Array((kind == .pipenv ? "\"\(spelled)\": {" : "name = \"\(spelled)\"").utf8)
    var start = source.bytes.startIndex
    // A dependency is written as `{ name = … }`; a package has a line of its own.
    while let found = source.bytes[start...].firstRange(of: pattern) {
      let lead = source.bytes[..<found.lowerBound].reversed().prefix { $0 != UInt8(ascii: "\n") }
      if lead.allSatisfy({ $0 == UInt8(ascii: " ") }) {
        return source.place(at: found.lowerBound)
      }
      start = found.upperBound
    }
    return source.place(line: 1)
  }

  /// - Parameter chosen: what the application is installed with, and so is of its main packages.
  package static func parse(
    _ source: SourceText, _ kind: Kind, _ chosen: DependencyChoice = DependencyChoice()
  ) throws(SyntaxError) -> PythonLockfile {
    if kind == .pipenv { return try pipenv(source, chosen) }
    let document = try TOMLDocument.parse(source)
    let tables = document.root[kind == .pylock ? "packages" : "package"]?.elements ?? []
    let main = kind == .uv ? uvClosure(tables, chosen) : nil
    let optional = chosenOptional(document.root["extras"], tables, chosen)
    var packages: [String: Package] = [:]
    var spelling: [String: String] = [:]
    for table in tables {
      guard let written = table["name"]?.string else { continue }
      // Up to Poetry 1.2 the files of all packages stood in one table.
      let files = document.root[["metadata", "files"]]?[written]?.elements
      let package = package(
        table, name: Requirement.normalise(written), kind,
        Choice(main: main, chosen: chosen, optional: optional), files: files)
      if let known = packages[package.name], known.isMain || !package.isMain {
        // Another version of it, for other Pythons or platforms.
        packages[package.name]?.wheels += package.wheels
        continue
      }
      packages[package.name] = package
      spelling[package.name] = written
    }
    let requires =
      document.root["requires-python"]?.string ?? document.root[["metadata", "python-versions"]]?
      .string
      ?? document.root[["metadata", "requires_python"]]?.string
      ?? document.root[["metadata", "targets"]]?.elements.first?["requires_python"]?.string
    var lockfile = PythonLockfile(
      kind: kind, packages: packages, requiresPython: requires, toolVersion: toolVersion(source),
      source: source,
      spelling: spelling)
    if kind == .uv { lockfile.manifests = manifests(tables) }
    lockfile.contentHash = document.root[["metadata", "content-hash"]]?.string
    if kind == .pdm, let groups = document.root[["metadata", "groups"]] {
      lockfile.lockedGroups = groups.strings.map(Requirement.normalise)
    }
    return lockfile
  }

  private static func manifests(_ tables: [TOML]) -> [String: Manifest] {
    var found: [String: Manifest] = [:]
    for table in tables {
      guard let name = table["name"]?.string,
        table["source"]?["virtual"] != nil || table["source"]?["editable"] != nil
      else { continue }
      let metadata = table["metadata"]
      found[Requirement.normalise(name)] = Manifest(
        version: table["version"]?.string,
        requirements: metadata?["requires-dist"].map { $0.elements.compactMap(Locked.init) })
    }
    return found
  }

  /// What makes a package one of those that the application needs.
  private struct Choice {
    /// Where the lockfile has the whole graph: all that are needed.
    let main: Set<String>?
    let chosen: DependencyChoice
    /// Packages of Poetry's extras that are chosen.
    let optional: Set<String>

    func holds(_ table: TOML, name: String) -> Bool {
      if let main { return main.contains(name) }
      if optional.contains(name) { return true }
      let groups = table["groups"]?.strings ?? table["category"]?.string.map { [$0] }
      let wanted = chosen.extras.union(chosen.groups).union(["main", "default"])
      let isWanted = groups.map { groups in
        groups.map(Requirement.normalise).contains(where: wanted.contains)
      }
      return isWanted != false && table["optional"]?.bool != true
    }
  }

  private static func package(
    _ table: TOML, name: String, _ kind: Kind, _ choice: Choice, files listed: [TOML]?
  ) -> Package {
    let origin = table["source"]
    var files: [String] = []
    switch kind {
    case .uv, .pylock:
      files = (table["wheels"]?.elements ?? []).compactMap {
        $0["url"]?.string ?? $0["filename"]?.string ?? $0["name"]?.string
      }
      if table["sdist"] != nil { files.append("sdist") }
    case .poetry, .pdm, .pipenv:
      files = (table["files"]?.elements ?? listed ?? []).compactMap {
        $0["file"]?.string ?? $0["url"]?.string
      }
    }
    let isMain = choice.holds(table, name: name)
    let directory =
      origin?["editable"]?.string ?? origin?["virtual"]?.string ?? origin?["directory"]?.string
      ?? (origin?["type"]?.string == "directory" ? origin?["url"]?.string : nil)
      ?? table["path"]?.string
    return Package(
      name: name, version: table["version"]?.string, isMain: isMain,
      wheels: files.filter { $0.contains(".whl") }.map {
        String($0.split(separator: "/").last ?? "")
      },
      listsFiles: !files.isEmpty, hasSource: files.contains { !$0.contains(".whl") },
      directory: directory,
      isGit: origin?["git"] != nil || origin?["type"]?.string == "git" || table["git"] != nil,
      dependencies: (table["dependencies"]?.elements ?? []).compactMap { $0["name"]?.string }
        .map(Requirement.normalise))
  }

  /// The packages that the project itself needs, by way of `dependencies` and the extras asked for.
  private static func uvClosure(_ tables: [TOML], _ chosen: DependencyChoice) -> Set<String> {
    var byName: [String: [TOML]] = [:]
    for table in tables { byName[table["name"]?.string ?? "", default: []].append(table) }
    let roots = tables.filter { table in
      table["source"]?["virtual"] != nil || table["source"]?["editable"] != nil
    }
    var main: Set<String> = []
    var seen: Set<String> = []
    var waiting: [(name: String, extra: String?)] = []
    for root in roots {
      let name = root["name"]?.string ?? ""
      waiting.append((name, nil))
      waiting += chosen.extras.map { (name, $0) }
      for group in chosen.groups {
        for dependency in root["dev-dependencies"]?[group]?.elements ?? [] {
          guard let name = dependency["name"]?.string else { continue }
          waiting.append((name, nil))
          waiting += (dependency["extra"]?.strings ?? []).map { (name, $0) }
        }
      }
    }
    while let (name, extra) = waiting.popLast() {
      guard seen.insert(name + "[" + (extra ?? "")).inserted else { continue }
      main.insert(Requirement.normalise(name))
      for table in byName[name] ?? [] {
        let wanted =
          extra.map { table["optional-dependencies"]?[$0]?.elements ?? [] } ?? table[
            "dependencies"]?.elements ?? []
        for dependency in wanted {
          guard let name = dependency["name"]?.string else { continue }
          waiting.append((name, nil))
          for extra in dependency["extra"]?.strings ?? [] { waiting.append((name, extra)) }
        }
      }
    }
    // A lockfile without a project of its own pins what is needed.
    return roots.isEmpty
      ? Set(tables.compactMap { $0["name"]?.string }.map(Requirement.normalise)) : main
  }

  /// The packages of Poetry's extras, and what those need.
  private static func chosenOptional(
    _ extras: TOML?, _ tables: [TOML], _ chosen: DependencyChoice
  ) -> Set<String> {
    var waiting = chosen.extras.flatMap { extras?[$0]?.strings ?? [] }.map(Requirement.normalise)
    guard !waiting.isEmpty else { return [] }
    let needs = Dictionary(
      tables.map { table in
        (
          Requirement.normalise(table["name"]?.string ?? ""),
          (table["dependencies"]?.table ?? [:]).keys.map(Requirement.normalise)
        )
      }, uniquingKeysWith: +)
    var found: Set<String> = []
    while let name = waiting.popLast() {
      guard found.insert(name).inserted else { continue }
      waiting += needs[name] ?? []
    }
    return found
  }

  /// `# This file is automatically @generated by Poetry 1.8.3 and should not be changed by hand.`
  private static func toolVersion(_ source: SourceText) -> String? {
    let line = source.bytes.prefix { $0 != UInt8(ascii: "\n") }
    let words = String(decoding: line.prefix(200), as: UTF8.self).split(separator: " ")
    guard let by = words.firstIndex(of: "by"), by + 2 < words.count, words[0] == "#" else {
      return nil
    }
    let version = words[by + 2]
    return version.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ".") } ? String(version) : nil
  }

  private static func pipenv(
    _ source: SourceText, _ chosen: DependencyChoice
  ) throws(SyntaxError) -> PythonLockfile {
    let json: JSON
    do { json = try JSON.parse(source, .project) } catch {
      throw SyntaxError(source, line: error.line, reason: error.reason)
    }
    var packages: [String: Package] = [:]
    var spelling: [String: String] = [:]
    let withDevelopment = chosen.groups.contains("dev-packages")
    for (section, isMain) in [("default", true), ("develop", withDevelopment)] {
      for member in json[section]?.members ?? [] {
        let name = Requirement.normalise(member.key)
        guard packages[name] == nil else { continue }
        let version = member.value["version"]?.string.map { String($0.drop { $0 == "=" }) }
        packages[name] = Package(
          name: name, version: version, isMain: isMain, wheels: [], listsFiles: false,
          isHashed: member.value["hashes"]?.elements.isEmpty == false,
          directory: member.value["path"]?.string, isGit: member.value["git"] != nil,
          marker: member.value["markers"]?.string)
        spelling[name] = member.key
      }
    }
    let requires = json["_meta"]?["requires"]
    let python = (requires?["python_full_version"] ?? requires?["python_version"])?.string
    return PythonLockfile(
      kind: .pipenv, packages: packages, requiresPython: python.map(VersionSpecifier.matching),
      toolVersion: nil,
      source: source,
      spelling: spelling)
  }
}
