import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The table `recipes/data/node-packages.yaml`.
private struct NativeTable: Decodable, Sendable {
  struct Package: Decodable, Sendable {
    let name: String
    /// The C libraries that it is published for.
    let prebuilt: [String]
    /// Debian packages that its compilation needs.
    let build: [String]?
    /// Debian packages that it needs when it runs.
    let runtime: [String]?
    /// The first version that this is no longer true of.
    let until: String?
  }

  /// A package whose binaries are packages of their own, one for each system.
  struct Family: Decodable, Sendable {
    let name: String
    /// The names of its binaries begin so, and go on with one of `systems`, a hyphen and the processor.
    let prefix: String
    let severity: Severity
    /// Behind the prefix, of Linux with glibc; `{cpu}` is the processor.
    let glibc: String
    /// Behind the prefix, of Linux with musl.
    let musl: String
  }

  let packages: [Package]
  let families: [Family]

  private static let decoded = try? Catalogue.decode(
    NativeTable.self, from: "data/node-packages.yaml")

  static let table: [String: Package] = Dictionary(
    (decoded?.packages ?? []).map { ($0.name, $0) }
  ) { first, _ in first }
  static let families = decoded?.families ?? []
}

/// Dependencies with code for one machine, and what they need of the system.
struct NodeNativePackages {
  private(set) var packages: [NativePackage] = []
  private(set) var system = SystemPackages()
  private(set) var findings: [Finding] = []

  /// - Parameters:
  ///   - manifests: of the service and of the workspace members that it needs.
  ///   - lockfile: its path; nil when there is none.
  init(_ manifests: [NodeManifest], lockfile: String?, in tree: ProjectTree) {
    var seen: Set<String> = []
    // What only development needs never reaches the image.
    let sections = ["dependencies", "optionalDependencies"]
    for dependency in manifests.flatMap({ $0.dependencies(of: sections) }) {
      guard let known = NativeTable.table[dependency.name],
        seen.insert(dependency.name).inserted, Self.concerns(known, dependency)
      else { continue }
      add(known, at: dependency.place)
    }
    packages.sort { ProjectTree.precedes($0.name, $1.name) }
    system.build = Set(system.build).sorted()
    system.runtime = Set(system.runtime).sorted()
    if let lockfile { checkPlatforms(lockfile, in: tree) }
  }

  private static func concerns(_ known: NativeTable.Package, _ dependency: NodeDependency) -> Bool {
    guard let until = known.until.flatMap({ SemanticVersion($0) }),
      let lowest = SemanticRange(dependency.range)?.lowest
    else { return true }
    return lowest < until
  }

  private mutating func add(_ known: NativeTable.Package, at place: Place) {
    packages.append(
      NativePackage(
        name: known.name, libc: known.prebuilt.compactMap { NativePackage.Libc(rawValue: $0) },
        source: place.description))
    system.build += known.build ?? []
    system.runtime += known.runtime ?? []
    guard !known.prebuilt.contains("musl") else { return }
    var message = "\(known.name) is published for glibc alone: not for Alpine"
    if known.prebuilt.isEmpty { message = "\(known.name) is compiled by the installation" }
    findings.note(
      "FORGE-N056", .warning, message, at: place,
      fix: "build on a Debian base, with the packages that it needs")
  }

  // MARK: Binaries of the lockfile

  /// A lockfile may lack the binaries of systems that it was not written on: npm leaves them out when it adds to an
  /// old one.
  private mutating func checkPlatforms(_ lockfile: String, in tree: ProjectTree) {
    // What bun.lockb holds cannot be read.
    guard !lockfile.hasSuffix(".lockb"), let bytes = try? tree.bytes(lockfile) else { return }
    let place = Place.source(file: lockfile, line: 1)
    let locked = LockedBinaries(bytes: bytes, isNpm: lockfile.hasSuffix("package-lock.json"))
    for family in NativeTable.families {
      let libcs = locked.libcs(of: family)
      if libcs.isEmpty {
        noteForeign(family, locked, at: place)
      } else if libcs.count == 1 {
        note(family, for: libcs[0], at: place)
      }
    }
    packages.sort { ProjectTree.precedes($0.name, $1.name) }
  }

  private mutating func noteForeign(
    _ family: NativeTable.Family, _ locked: LockedBinaries, at place: Place
  ) {
    guard locked.hasForeign(family) else { return }
    findings.note(
      "FORGE-N055", family.severity,
      "the lockfile has \(family.name)'s binaries for the machine that wrote it, but none for Linux",
      at: place, fix: "delete node_modules and the lockfile, and install again")
  }

  /// The base is chosen by the C library that the lockfile has binaries for.
  private mutating func note(
    _ family: NativeTable.Family, for libc: NativePackage.Libc, at place: Place
  ) {
    packages.removeAll { $0.name == family.name }
    packages.append(NativePackage(name: family.name, libc: [libc], source: place.description))
    let system: String
    switch libc {
    case .glibc: system = "glibc alone: the image needs a Debian base"
    case .musl: system = "musl alone: the image needs an Alpine base"
    }
    findings.note(
      "FORGE-N070", .warning, "the lockfile has \(family.name)'s binaries for \(system)",
      at: place,
      fix: "to be free in the choice, delete node_modules and the lockfile, and install again")
  }
}

/// Which binaries for one system a lockfile has entries for.
private struct LockedBinaries {
  let bytes: [UInt8]
  let isNpm: Bool

  /// In a fixed order.
  func libcs(of family: NativeTable.Family) -> [NativePackage.Libc] {
    var found: [NativePackage.Libc] = []
    if has(family, family.glibc) { found.append(.glibc) }
    if has(family, family.musl) { found.append(.musl) }
    return found
  }

  func hasForeign(_ family: NativeTable.Family) -> Bool {
    has(family, "darwin-{cpu}") || has(family, "win32-{cpu}") || has(family, "win32-{cpu}-msvc")
  }

  private func has(_ family: NativeTable.Family, _ system: String) -> Bool {
    ["x64", "arm64"].contains { processor in
      hasEntry(family.prefix + system.replacing("{cpu}", with: processor))
    }
  }

  /// An entry, and no mere wish for one: `node_modules/NAME"` in npm's lockfile, `NAME@` in the others.
  private func hasEntry(_ name: String) -> Bool {
    var entry = "\(name)@"
    if isNpm { entry = "node_modules/\(name)\"" }
    return bytes.holds(Array(entry.utf8))
  }
}
