import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// A `package.json`.
struct NodeManifest: Sendable {
  let source: SourceText
  let root: JSON
  var path: String { source.name }

  /// The names that package managers look for, in their order: pnpm reads the last one, which is JSON5.
  static let names = ["package.json", "package.json5"]

  /// Nil when the folder has none.
  /// - Throws: `AnalysisError` when it is not a JSON object.
  static func read(_ folder: String, in tree: ProjectTree) throws(AnalysisError) -> NodeManifest? {
    for name in names {
      // A manifest is written by hand; what is larger than this is something else.
      guard let source = try tree.read(ProjectTree.join(folder, name), limit: 4 << 20) else {
        continue
      }
      let root: JSON
      do {
        root = try name.hasSuffix("5") ? JSON5.parse(source) : JSON.parse(source, .project)
      } catch {
        throw AnalysisError(error)
      }
      guard root.isObject else {
        throw .malformed(location: source.location(at: 0), reason: "a \(name) is a JSON object")
      }
      return NodeManifest(source: source, root: root)
    }
    return nil
  }

  var name: String? { root["name"]?.string }

  /// A text of an object of the manifest, such as `scripts.build`, with where it stands.
  func text(_ section: String, _ key: String) -> (value: String, source: String)? {
    guard let member = root[section]?.member(key), let value = member.value.string else {
      return nil
    }
    return (value, source.location(at: member.keyOffset))
  }

  /// What the manifest asks for of a package.
  func dependency(_ name: String) -> (value: String, source: String)? {
    text("dependencies", name) ?? text("devDependencies", name)
      ?? text("optionalDependencies", name)
  }

  func script(_ name: String) -> (value: String, source: String)? { text("scripts", name) }

  /// All dependencies with what is asked for; sorted by name.
  var dependencies: [(name: String, range: String, source: String)] {
    dependencies(of: ["dependencies", "devDependencies", "optionalDependencies"])
  }

  var peers: [(name: String, range: String, source: String)] {
    dependencies(of: ["peerDependencies"])
  }

  func dependencies(of sections: [String]) -> [(name: String, range: String, source: String)] {
    sections.flatMap { section in
      (root[section]?.members ?? []).compactMap { member in
        member.value.string.map { (member.key, $0, source.location(at: member.keyOffset)) }
      }
    }.sorted { ProjectTree.precedes($0.0, $1.0) }
  }

  func has(_ package: String) -> Bool { dependency(package) != nil }

  /// The globs of the members, when this is the root of a workspace of npm, Yarn or Bun.
  var workspaces: [String]? {
    guard let value = root["workspaces"] else { return nil }
    return (value["packages"] ?? value).elements.compactMap(\.string)
  }
}
