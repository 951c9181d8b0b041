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

  let packages: [Package]

  static let table: [String: Package] = {
    let table = try? Catalogue.decode(NativeTable.self, from: "data/node-packages.yaml")
    return Dictionary((table?.packages ?? []).map { ($0.name, $0) }) { first, _ in first }
  }()
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

  /// A lockfile that was written on a Mac may lack what Linux needs: npm leaves optional packages of other systems out
  /// when it adds to an old one.
  private mutating func checkPlatforms(_ lockfile: String, in tree: ProjectTree) {
    guard lockfile.hasSuffix("package-lock.json"), let bytes = try? tree.bytes(lockfile) else {
      return
    }
    let binaries: [(package: String, prefix: String, severity: Severity)] = [
      ("sharp", "node_modules/@img/sharp-", .error), ("next", "node_modules/@next/swc-", .warning),
    ]
    for (package, prefix, severity) in binaries {
      func has(_ system: String) -> Bool { bytes.holds(Array((prefix + system).utf8)) }
      guard has("darwin") || has("win32"), !has("linux") else { continue }
      findings.note(
        "FORGE-N055", severity,
        "the lockfile has \(package)'s binaries for the machine that wrote it, but none for Linux",
        at: .source(file: lockfile, line: 1),
        fix: "delete node_modules and package-lock.json, and run npm install")
    }
  }
}
