import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Whether `npm ci` takes a lockfile: it builds the tree anew from the manifests and the lockfile, and stops where that
/// has a package which the lockfile has not, or in another version.
struct NpmLockCheck {
  /// What is wrong with one dependency.
  struct Problem {
    /// The package that is missing, or another one.
    let package: String
    let message: String
    let place: Place
  }

  private(set) var problems: [Problem] = []
  private let lock: NpmLock
  private let name: String
  private let packages: [String: NpmLock.Package]
  /// The manifests on the disk, by their folders below the lockfile's; empty for the same folder.
  private let manifests: [String: NodeManifest]
  private let checksPeers: Bool
  /// Names whose ranges another part of the manifest replaces.
  private let overridden: Set<String>

  private struct Edge {
    enum Kind { case plain, optional, peer }
    let name: String
    let range: String
    let kind: Kind
    let place: Place
  }

  /// - Parameters:
  ///   - manifests: by their folders below the lockfile's; empty for the same folder.
  ///   - checksPeers: false where `.npmrc` leaves peers alone.
  init(
    _ lock: NpmLock, name: String, manifests: [String: NodeManifest], checksPeers: Bool
  ) {
    self.lock = lock
    self.name = name
    self.manifests = manifests
    self.checksPeers = checksPeers
    packages = lock.packages
    var names: Set<String> = []
    if let overrides = manifests[""]?.root["overrides"] {
      Self.collect(overrides, &names, depth: 0)
    }
    overridden = names
    // Format 1 does not tell what its packages depend on.
    guard lock.root["packages"] != nil else { return }
    visitAll()
  }

  private static func collect(_ value: JSON, _ names: inout Set<String>, depth: Int) {
    guard depth < 8 else { return }
    for member in value.members {
      let key = member.key
      let at = key.dropFirst().firstIndex(of: "@")
      names.insert(at.map { String(key[..<$0]) } ?? key)
      collect(member.value, &names, depth: depth + 1)
    }
  }

  // MARK: The tree

  private mutating func visitAll() {
    var seen: Set<String> = [""]
    var waiting = [""]
    for (folder, manifest) in manifests where !folder.isEmpty {
      if let name = manifest.name { requireMember(name, at: folder, manifest) }
    }
    for folder in manifests.keys.sorted() where seen.insert(folder).inserted {
      waiting.append(folder)
    }
    // What nothing depends on any more is marked so, and dropped.
    for (location, package) in packages.sorted(by: { $0.key < $1.key })
    where !location.isEmpty && !package.isLink && package.entry["extraneous"]?.bool != true {
      if seen.insert(location).inserted { waiting.append(location) }
    }
    while let location = waiting.popLast(), problems.count < 100 {
      for edge in edges(of: location) {
        guard let found = check(edge, from: location) else { continue }
        var target = found
        if let link = packages[found], link.isLink, let resolved = link.resolved {
          target = resolved
        }
        if seen.insert(target).inserted { waiting.append(target) }
      }
    }
  }

  private mutating func requireMember(_ name: String, at folder: String, _ manifest: NodeManifest) {
    guard packages["node_modules/\(name)"] == nil, packages[folder] == nil else { return }
    problems.append(
      Problem(
        package: name,
        message: "\(self.name) does not know the workspace's member \(DisplayText.escape(name))",
        place: manifest.place))
  }

  private func edges(of location: String) -> [Edge] {
    if let manifest = manifests[location] { return edges(of: manifest) }
    guard let package = packages[location], !package.isBundled, !package.hasShrinkwrap else {
      return []
    }
    let place = lock.source.place(at: package.entry.offset)
    let bundled = package.bundled
    let optional = package.names(of: "optionalDependencies")
    let optionalNames = Set(optional.map(\.name))
    var edges = package.names(of: "dependencies").filter { !optionalNames.contains($0.name) }.map {
      Edge(name: $0.name, range: $0.range, kind: .plain, place: place)
    }
    edges += optional.map { Edge(name: $0.name, range: $0.range, kind: .optional, place: place) }
    if checksPeers {
      let optionalPeers = package.optionalPeers
      edges += package.names(of: "peerDependencies").filter { !optionalPeers.contains($0.name) }.map
      {
        Edge(name: $0.name, range: $0.range, kind: .peer, place: place)
      }
    }
    return edges.filter { !bundled.contains($0.name) }
  }

  private func edges(of manifest: NodeManifest) -> [Edge] {
    var edges = manifest.dependencies.map {
      Edge(name: $0.name, range: $0.range, kind: .plain, place: $0.place)
    }
    guard checksPeers else { return edges }
    let meta = manifest.root["peerDependenciesMeta"]
    let own = Set(edges.map(\.name))
    edges += manifest.peers.filter {
      meta?[$0.name]?["optional"]?.bool != true && !own.contains($0.name)
    }.map { Edge(name: $0.name, range: $0.range, kind: .peer, place: $0.place) }
    return edges
  }

  /// The place of what a dependency resolves to; nil where it is missing.
  private mutating func check(_ edge: Edge, from location: String) -> String? {
    guard let found = resolve(edge.name, from: location) else {
      if edge.kind != .optional { note("has no entry for", edge, from: location) }
      return nil
    }
    guard edge.kind != .peer, !overridden.contains(edge.name), let package = packages[found],
      !package.isLink, !package.isBundled, let text = package.version,
      let version = SemanticVersion(text), version.prerelease.isEmpty,
      let range = Self.range(edge.range), !range.intervals.isEmpty, !range.contains(version)
    else { return found }
    note("pins \(version) of", edge, from: location)
    return found
  }

  /// The versions that a dependency allows; nil where it is asked for in another way.
  private static func range(_ text: String) -> SemanticRange? {
    guard text.hasPrefix("npm:") else { return SemanticRange(text) }
    guard let at = text.dropFirst(5).firstIndex(of: "@") else { return nil }
    return SemanticRange(String(text[text.index(after: at)...]))
  }

  private mutating func note(_ verb: String, _ edge: Edge, from location: String) {
    let name = DisplayText.escape(edge.name)
    let range = DisplayText.escape(edge.range)
    var owner = DisplayText.escape(location)
    if manifests[location] != nil { owner = edge.place.description }
    let ask = edge.kind == .peer ? "wants as a peer" : "asks for"
    problems.append(
      Problem(
        package: name, message: "\(self.name) \(verb) \(name), which \(owner) \(ask) (\(range))",
        place: edge.place))
  }

  /// As Node.js looks for a module: in the package's own folder, then in those above it.
  private func resolve(_ name: String, from location: String) -> String? {
    var current = location[...]
    while true {
      let prefix = current.isEmpty ? "" : current + "/"
      let key = "\(prefix)node_modules/\(name)"
      if packages[key] != nil { return key }
      guard !current.isEmpty else { return nil }
      current = Self.owner(of: current)
    }
  }

  /// `a` of `a/node_modules/b`; empty for what lies in the root's own folder of modules.
  private static func owner(of location: Substring) -> Substring {
    let mark = "/node_modules/".utf8
    var end = location.utf8.endIndex
    while let slash = location.utf8[..<end].lastIndex(of: UInt8(ascii: "/")) {
      if location.utf8[slash...].starts(with: mark) { return location[..<slash] }
      end = slash
    }
    return ""
  }
}
