import ForgeBasics

/// `package-lock.json` or `npm-shrinkwrap.json`.
package struct NpmLock: Sendable {
  package let source: SourceText
  package let root: JSON
  /// The version of the format, as written.
  package var format: String? { root["lockfileVersion"]?.integer.map { "\($0)" } }

  package static func parse(_ source: SourceText) throws(SyntaxError) -> NpmLock {
    NpmLock(source: source, root: try NodeLockfile.parse(source, .project))
  }

  /// One package of formats 2 and 3.
  package struct Package: Sendable {
    package let entry: JSON

    package var version: String? { entry["version"]?.string }
    package var isLink: Bool { entry["link"]?.bool == true }
    /// For a link, where it leads.
    package var resolved: String? { entry["resolved"]?.string }
    /// It came inside of another package, which alone answers for it.
    package var isBundled: Bool { entry["inBundle"]?.bool == true }
    package var hasShrinkwrap: Bool { entry["hasShrinkwrap"]?.bool == true }
    package var hasInstallScript: Bool { entry["hasInstallScript"]?.bool == true }

    /// Whether it can be installed on Linux.
    package var isForLinux: Bool {
      let systems = entry["os"]?.elements.compactMap(\.string) ?? []
      guard !systems.contains("!linux") else { return false }
      return systems.allSatisfy { $0.hasPrefix("!") } || systems.contains("linux")
    }

    package func names(of section: String) -> [(name: String, range: String)] {
      (entry[section]?.members ?? []).compactMap { member in
        member.value.string.map { (member.key, $0) }
      }
    }

    package var optionalPeers: Set<String> {
      let all = entry["peerDependenciesMeta"]?.members ?? []
      return Set(all.filter { $0.value["optional"]?.bool == true }.map(\.key))
    }

    package var bundled: Set<String> {
      let list = entry["bundleDependencies"] ?? entry["bundledDependencies"]
      return Set(list?.elements.compactMap(\.string) ?? [])
    }
  }

  /// The packages by their places, `node_modules/next`; empty for format 1.
  package var packages: [String: Package] {
    var found: [String: Package] = [:]
    for member in root["packages"]?.members ?? [] {
      found[member.key] = Package(entry: member.value)
    }
    return found
  }

  /// The names of the packages that have scripts of installation and can be installed on Linux; sorted. Nil for format
  /// 1, which does not say.
  package var scripted: [String]? {
    guard let packages = root["packages"]?.members else { return nil }
    var names: Set<String> = []
    for member in packages {
      let package = Package(entry: member.value)
      guard package.hasInstallScript, !package.isLink, package.isForLinux,
        let marker = member.key.ranges(of: "node_modules/").last
      else { continue }
      names.insert(String(member.key[marker.upperBound...]))
    }
    return names.sorted()
  }
}
