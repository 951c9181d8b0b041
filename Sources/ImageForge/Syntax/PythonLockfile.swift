import ForgeBasics
import ForgeFindings

/// Why a lockfile cannot be read, and where.
package struct LockfileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// `file:line`.
  package let location: String
  package let reason: String
  package var description: String { "\(location): \(reason)" }
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
    package let wheels: [String]
    /// Whether the lockfile names any file, so that `wheels` can be trusted.
    package let listsFiles: Bool
    /// A folder of the project, relative to the lockfile.
    package let directory: String?
    package let isGit: Bool
    /// Normalised names of what it depends on, where the lockfile says so.
    package var dependencies: [String] = []
  }

  package let kind: Kind
  /// By normalised name. Where two versions are locked for different platforms, the first that is needed.
  package let packages: [String: Package]
  package let requiresPython: String?
  /// The version of the tool that wrote it, where it says so.
  package let toolVersion: String?
  private let source: SourceText
  private let spelling: [String: String]

  /// `file:line` of a package.
  package func location(of name: String) -> String { place(of: name).description }

  /// The line of a package.
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

  package static func parse(_ source: SourceText, _ kind: Kind) throws(LockfileError)
    -> PythonLockfile
  {
    if kind == .pipenv { return try pipenv(source) }
    let document: TOMLDocument
    do { document = try TOMLDocument.parse(source) } catch {
      throw LockfileError(location: error.location, reason: error.reason)
    }
    let tables = document.root[kind == .pylock ? "packages" : "package"]?.elements ?? []
    let main = kind == .uv ? uvClosure(tables) : nil
    var packages: [String: Package] = [:]
    var spelling: [String: String] = [:]
    for table in tables {
      guard let written = table["name"]?.string else { continue }
      // Up to Poetry 1.2 the files of all packages stood in one table.
      let files = document.root[["metadata", "files"]]?[written]?.elements
      let package = package(
        table, name: Requirement.normalise(written), kind, main: main, files: files)
      if let known = packages[package.name], known.isMain || !package.isMain { continue }
      packages[package.name] = package
      spelling[package.name] = written
    }
    let requires =
      document.root["requires-python"]?.string ?? document.root[["metadata", "python-versions"]]?
      .string
      ?? document.root[["metadata", "requires_python"]]?.string
      ?? document.root[["metadata", "targets"]]?.elements.first?["requires_python"]?.string
    return PythonLockfile(
      kind: kind, packages: packages, requiresPython: requires, toolVersion: toolVersion(source),
      source: source,
      spelling: spelling)
  }

  private static func package(
    _ table: TOML, name: String, _ kind: Kind, main: Set<String>?, files listed: [TOML]?
  )
    -> Package
  {
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
    let groups = table["groups"]?.strings ?? table["category"]?.string.map { [$0] }
    let isMain =
      main?.contains(name)
      ?? ((groups.map { $0.contains("main") || $0.contains("default") } ?? true)
        && table["optional"]?.bool != true)
    let directory =
      origin?["editable"]?.string ?? origin?["virtual"]?.string ?? origin?["directory"]?.string
      ?? (origin?["type"]?.string == "directory" ? origin?["url"]?.string : nil)
      ?? table["path"]?.string
    return Package(
      name: name, version: table["version"]?.string, isMain: isMain,
      wheels: files.filter { $0.contains(".whl") }.map {
        String($0.split(separator: "/").last ?? "")
      },
      listsFiles: !files.isEmpty, directory: directory,
      isGit: origin?["git"] != nil || origin?["type"]?.string == "git" || table["git"] != nil,
      dependencies: (table["dependencies"]?.elements ?? []).compactMap { $0["name"]?.string }
        .map(Requirement.normalise))
  }

  /// The packages that the project itself needs, by way of `dependencies` and the extras asked for.
  private static func uvClosure(_ tables: [TOML]) -> Set<String> {
    var byName: [String: [TOML]] = [:]
    for table in tables { byName[table["name"]?.string ?? "", default: []].append(table) }
    let roots = tables.filter { table in
      table["source"]?["virtual"] != nil || table["source"]?["editable"] != nil
    }
    var main: Set<String> = []
    var seen: Set<String> = []
    var waiting: [(name: String, extra: String?)] = roots.map { ($0["name"]?.string ?? "", nil) }
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

  private static func pipenv(_ source: SourceText) throws(LockfileError) -> PythonLockfile {
    let json: JSON
    do { json = try JSON.parse(source, .project) } catch {
      throw LockfileError(location: error.location, reason: error.reason)
    }
    var packages: [String: Package] = [:]
    var spelling: [String: String] = [:]
    for (section, isMain) in [("default", true), ("develop", false)] {
      for member in json[section]?.members ?? [] {
        let name = Requirement.normalise(member.key)
        guard packages[name] == nil else { continue }
        let version = member.value["version"]?.string.map { String($0.drop { $0 == "=" }) }
        packages[name] = Package(
          name: name, version: version, isMain: isMain, wheels: [], listsFiles: false,
          directory: member.value["path"]?.string, isGit: member.value["git"] != nil)
        spelling[name] = member.key
      }
    }
    let requires = json["_meta"]?["requires"]
    let python = (requires?["python_full_version"] ?? requires?["python_version"])?.string
    return PythonLockfile(
      kind: .pipenv, packages: packages, requiresPython: python.map { "==" + $0 }, toolVersion: nil,
      source: source,
      spelling: spelling)
  }
}
