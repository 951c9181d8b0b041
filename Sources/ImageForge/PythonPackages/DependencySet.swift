import ForgeCodebase
import ForgeSyntax

/// A part of a project's dependencies that is installed only when it is asked for.
struct DependencySet: Sendable {
  enum Kind: Sendable {
    case extra, group
  }

  let kind: Kind
  /// As written.
  let name: String
  var dependencies: [PythonDependency]
  /// Whether the package manager installs it unless told otherwise.
  var isDefault = false

  /// Names that say that a set is for those who work on the project.
  private static let developmentNames: Set<String> = [
    "dev", "dev-packages", "develop", "development", "test", "tests", "testing", "lint", "linting",
    "doc", "docs", "typing", "types", "format", "style", "ci", "debug", "notebook", "jupyter",
    "benchmark", "build", "release",
  ]

  /// Its name as lockfiles write it.
  var key: String { Requirement.normalise(name) }

  var isForDevelopment: Bool { Self.developmentNames.contains(key) }

  func dependency(_ name: String) -> PythonDependency? {
    dependencies.first { $0.requirement.name == name }
  }

  /// How the package manager calls it in a sentence.
  var title: String {
    switch kind {
    case .extra: "the extra \(name)"
    case .group: "the group \(name)"
    }
  }
}

extension Sequence<DependencySet> {
  /// The sets as a choice of what is installed.
  var choice: DependencyChoice {
    DependencyChoice(
      extras: Set(filter { $0.kind == .extra }.map(\.key)),
      groups: Set(filter { $0.kind == .group }.map(\.key)))
  }
}

/// Reads the sets that `pyproject.toml` and `Pipfile` declare.
struct DependencySets {
  private(set) var sets: [DependencySet] = []
  private let document: TOMLDocument
  private static let maximumSets = 200

  /// Those of `pyproject.toml`.
  /// - Parameter manager: whose groups count.
  init(pyproject document: TOMLDocument, manager: PackageManager.Name) {
    self.document = document
    readExtras()
    readGroups()
    switch manager {
    case .poetry: readPoetry()
    case .pdm: readTables(["tool", "pdm", "dev-dependencies"], .group)
    case .uv:
      add("dev", .group, list(["tool", "uv", "dev-dependencies"]))
      markDefaults()
    default: break
    }
  }

  /// The categories of a `Pipfile`.
  init(pipfile document: TOMLDocument) {
    self.document = document
    let others = ["source", "packages", "requires", "scripts", "pipenv"]
    for name in (document.root.table ?? [:]).keys.sorted() where !others.contains(name) {
      add(name, .group, table([name]))
    }
  }

  private mutating func add(
    _ name: String, _ kind: DependencySet.Kind, _ dependencies: [PythonDependency]
  ) {
    guard !dependencies.isEmpty, sets.count < Self.maximumSets else { return }
    let key = Requirement.normalise(name)
    if let index = sets.firstIndex(where: { $0.key == key && $0.kind == kind }) {
      sets[index].dependencies += dependencies
    } else {
      sets.append(DependencySet(kind: kind, name: name, dependencies: dependencies))
    }
  }

  // MARK: The standards

  private mutating func readExtras() {
    readTables(["project", "optional-dependencies"], .extra)
  }

  private mutating func readTables(_ path: [String], _ kind: DependencySet.Kind) {
    for name in (document.root[path]?.table ?? [:]).keys.sorted() {
      add(name, kind, list(path + [name]))
    }
  }

  private mutating func readGroups() {
    let path = ["dependency-groups"]
    for name in (document.root[path]?.table ?? [:]).keys.sorted() {
      var seen: Set<String> = []
      add(name, .group, group(name, &seen))
    }
  }

  /// The dependencies of a group and of those that it includes.
  private func group(_ name: String, _ seen: inout Set<String>) -> [PythonDependency] {
    guard seen.insert(name).inserted, seen.count < Self.maximumSets else { return [] }
    let path = ["dependency-groups", name]
    var found = list(path)
    for element in document.root[path]?.elements ?? [] {
      if let other = element["include-group"]?.string { found += group(other, &seen) }
    }
    return found
  }

  private func list(_ path: [String]) -> [PythonDependency] {
    (document.root[path]?.strings ?? []).prefix(2000).compactMap { text in
      Requirement(text).map {
        PythonDependency(requirement: $0, location: document.place(path, containing: text))
      }
    }
  }

  // MARK: Tools

  private mutating func readPoetry() {
    let poetry = ["tool", "poetry"]
    add("dev", .group, table(poetry + ["dev-dependencies"]))
    for name in (document.root[poetry + ["group"]]?.table ?? [:]).keys.sorted() {
      add(name, .group, table(poetry + ["group", name, "dependencies"]))
    }
    let optional = table(poetry + ["dependencies"])
    for (name, value) in (document.root[poetry + ["extras"]]?.table ?? [:]).sorted(by: {
      $0.key < $1.key
    }) {
      let names = Set(value.strings.map(Requirement.normalise))
      add(name, .extra, optional.filter { names.contains($0.requirement.name) })
    }
  }

  /// Packages as the keys of a table, whose values are versions or tables.
  private func table(_ path: [String]) -> [PythonDependency] {
    (document.root[path]?.table ?? [:]).sorted { $0.key < $1.key }.map { name, value in
      PythonDependency(
        requirement: Requirement(name: name, extras: value["extras"]?.strings ?? []),
        location: document.place(path + [name]))
    }
  }

  /// uv installs the groups that `default-groups` names: `dev` without it.
  private mutating func markDefaults() {
    let written = document.root[["tool", "uv", "default-groups"]]
    let names = Set((written?.strings ?? []).map(Requirement.normalise))
    for index in sets.indices where sets[index].kind == .group && sets[index].key != "dev" {
      sets[index].isDefault = written?.string == "all" || names.contains(sets[index].key)
    }
  }
}
