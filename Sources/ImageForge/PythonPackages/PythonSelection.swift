import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// Chooses the extras and groups that the application cannot do without.
package struct PythonSelection {
  private(set) var chosen: [DependencySet]
  private(set) var findings: [Finding] = []

  /// The name that a distribution is imported by, where it is not its own; normalised names.
  static let importNames: [String: String] =
    // The table is embedded; a test reads it, so that an unreadable one cannot be released.
    (try? Catalogue.decode([String: String].self, from: "data/python-import-names.yaml")) ?? [:]

  static let servers: Set<String> = ["uvicorn", "hypercorn", "granian", "fastapi-cli"]

  private let manifest: PythonManifest

  package init(_ manifest: PythonManifest, _ index: PythonIndex) {
    self.manifest = manifest
    chosen = manifest.sets.filter(\.isDefault)
    let imported = PythonImports.modules(of: index)
    let own = manifest.projectName.map(Requirement.normalise) ?? ""
    // pip would look for the project itself in the index.
    let sets = manifest.sets.filter {
      manifest.managerName != .pip || $0.dependency(own) == nil
    }
    guard !sets.isEmpty else { return }
    take(needed(imported), from: sets.filter { !$0.isForDevelopment })
    // What nothing runs without may stand among the tools of those who work on the project.
    take(essential(imported), from: sets)
  }

  /// Whether a package is installed with what is chosen so far.
  private func has(_ name: String) -> Bool {
    manifest.has(name) || chosen.contains { $0.dependency(name) != nil }
  }

  /// The packages of the sets that the code imports, and that are not installed anyway.
  private func needed(_ imported: Set<String>) -> Set<String> {
    let names = manifest.sets.flatMap { $0.dependencies.map(\.requirement.name) }
    let found = names.filter { name in
      let module = Self.importNames[name] ?? name.replacing("-", with: "_")
      return imported.contains(module) && !has(name)
    }
    return Set(found).union(essential(imported))
  }

  /// The framework and a server, where they are missing.
  private func essential(_ imported: Set<String>) -> Set<String> {
    guard imported.contains("fastapi") else { return [] }
    var found: Set<String> = []
    if !has("fastapi") { found.insert("fastapi") }
    let all = chosen.flatMap(\.dependencies) + manifest.dependencies
    let isStandard = all.contains { dependency in
      dependency.requirement.name == "fastapi"
        && dependency.requirement.extras.contains { $0 == "standard" || $0 == "all" }
    }
    let isServed = isStandard || (Self.servers.union(["gunicorn"])).contains(where: has)
    if !isServed { found.formUnion(Self.servers) }
    return found
  }

  /// Takes sets until they hold everything, as far as any does: the one that holds most first, of those the smallest.
  private mutating func take(_ needed: Set<String>, from sets: [DependencySet]) {
    var missing = needed
    while !missing.isEmpty {
      let counts = sets.map { set in
        (set: set, held: set.dependencies.filter { isMissing($0, missing) })
      }
      let best = counts.filter { !$0.held.isEmpty }.min { a, b in
        if a.held.count != b.held.count { return a.held.count > b.held.count }
        return (a.set.dependencies.count, a.set.name) < (b.set.dependencies.count, b.set.name)
      }
      guard let best, let first = best.held.first else { return }
      chosen.append(best.set)
      note(best.set, for: first)
      for dependency in best.held { missing.remove(dependency.requirement.name) }
      // One server is enough.
      if !missing.isDisjoint(with: Self.servers), best.held.contains(where: isServer) {
        missing.subtract(Self.servers)
      }
    }
  }

  private func isMissing(_ dependency: PythonDependency, _ missing: Set<String>) -> Bool {
    missing.contains(dependency.requirement.name)
  }

  private func isServer(_ dependency: PythonDependency) -> Bool {
    Self.servers.contains(dependency.requirement.name)
      || dependency.requirement.extras.contains("standard")
  }

  private mutating func note(_ set: DependencySet, for dependency: PythonDependency) {
    let name = dependency.requirement.name
    findings.note(
      "FORGE-P045", .info,
      "\(DisplayText.escape(set.title)) is installed too: the application needs "
        + "\(DisplayText.escape(name)), which is declared there alone",
      at: dependency.location, subject: .package(name),
      fix: "declare it among the dependencies that are always installed")
  }
}
