import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The table `recipes/data/node-packages.yaml`.
private struct NativeTable: Decodable, Sendable {
  struct Package: Decodable, Sendable {
    let name: String
    let prebuilt: [String]
    let build: [String]?
    let runtime: [String]?
    /// The first version that this is no longer true of.
    let until: String?
  }

  let packages: [Package]

  static let table: [String: Package] = {
    let table = try? DataFile.decode(NativeTable.self, from: "data/node-packages.yaml")
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
    for manifest in manifests {
      // What only development needs never reaches the image.
      for (name, range, source) in manifest.dependencies(of: [
        "dependencies", "optionalDependencies",
      ]) {
        guard let known = NativeTable.table[name], seen.insert(name).inserted else { continue }
        if let until = known.until.flatMap({ SemanticVersion($0) }),
          let lowest = SemanticRange(range)?.lowest,
          until <= lowest
        {
          continue
        }
        add(known, source)
      }
    }
    packages.sort { ProjectTree.precedes($0.name, $1.name) }
    system.build = Set(system.build).sorted()
    system.runtime = Set(system.runtime).sorted()
    if let lockfile { judge(lockfile, tree) }
  }

  private mutating func add(_ known: NativeTable.Package, _ source: String) {
    packages.append(
      NativePackage(
        name: known.name, libc: known.prebuilt.compactMap { NativePackage.Libc(rawValue: $0) },
        source: source))
    system.build += known.build ?? []
    system.runtime += known.runtime ?? []
    if !known.prebuilt.contains("musl") {
      findings.append(
        Finding(
          id: "FORGE-N056", severity: .warning,
          message: known.prebuilt.isEmpty
            ? "\(known.name) is compiled by the installation"
            : "\(known.name) is published for glibc alone: not for Alpine",
          location: source, fix: "build on a Debian base, with the packages that it needs"))
    }
  }

  /// A lockfile that was written on a Mac may lack what Linux needs: npm leaves optional packages of other systems out
  /// when it adds to an old one.
  private mutating func judge(_ lockfile: String, _ tree: ProjectTree) {
    guard lockfile.hasSuffix("package-lock.json"), let bytes = try? tree.bytes(lockfile) else {
      return
    }
    for (package, prefix) in [
      ("sharp", "node_modules/@img/sharp-"), ("next", "node_modules/@next/swc-"),
    ] {
      let text = Array(prefix.utf8)
      let hasOther =
        bytes.holds(text + Array("darwin".utf8)) || bytes.holds(text + Array("win32".utf8))
      guard hasOther, !bytes.holds(text + Array("linux".utf8)) else { continue }
      findings.append(
        Finding(
          id: "FORGE-N055", severity: package == "sharp" ? .error : .warning,
          message:
            "the lockfile has \(package)'s binaries for the machine that wrote it, but none for Linux",
          location: lockfile + ":1",
          fix: "delete node_modules and package-lock.json, and run npm install"))
    }
  }
}
