import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeJavaScript
import ForgeSyntax

/// A package that a `package.json` depends on.
struct NodeDependency: Sendable {
  let name: String
  /// What is asked for: a range of versions, a tag, or an address.
  let range: String
  let place: Place
}

/// A `package.json`.
struct NodeManifest: Sendable {
  let source: SourceText
  let root: JSON
  var path: String { source.name }
  var folder: String { ProjectTree.parent(path) }
  /// The manifest as a whole.
  var place: Place { source.place(line: 1) }

  /// The names that package managers look for, in their order: pnpm reads the last one, which is JSON5.
  static let names = ["package.json", "package.json5"]
  /// The largest manifest that is read, in bytes. It is written by hand; what is larger is something else.
  private static let maximumSize = 4 << 20

  /// Nil when the folder has none.
  /// - Throws: `AnalysisError` when it is not a JSON object.
  static func read(_ folder: String, in tree: ProjectTree) throws(AnalysisError) -> NodeManifest? {
    for name in names {
      let path = ProjectTree.join(folder, name)
      guard let source = try tree.read(path, limit: maximumSize) else { continue }
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

  /// A text of an object of the manifest, such as `scripts.build`.
  func text(_ section: String, _ key: String) -> Written<String>? {
    guard let member = root[section]?.member(key), let value = member.value.string else {
      return nil
    }
    return Written(value, at: source.place(at: member.keyOffset))
  }

  /// What the manifest asks for of a package.
  func dependency(_ name: String) -> Written<String>? {
    let sections = ["dependencies", "devDependencies", "optionalDependencies"]
    return sections.lazy.compactMap { text($0, name) }.first
  }

  func script(_ name: String) -> Written<String>? { text("scripts", name) }

  /// All dependencies, sorted by name.
  var dependencies: [NodeDependency] {
    dependencies(of: ["dependencies", "devDependencies", "optionalDependencies"])
  }

  var peers: [NodeDependency] { dependencies(of: ["peerDependencies"]) }

  func dependencies(of sections: [String]) -> [NodeDependency] {
    let members = sections.flatMap { root[$0]?.members ?? [] }
    let found = members.compactMap { member -> NodeDependency? in
      guard let range = member.value.string else { return nil }
      return NodeDependency(
        name: member.key, range: range, place: source.place(at: member.keyOffset))
    }
    return found.sorted { ProjectTree.precedes($0.name, $1.name) }
  }

  func has(_ package: String) -> Bool { dependency(package) != nil }

  /// The globs of the members, when this is the root of a workspace of npm, Yarn or Bun.
  var workspaces: [String]? {
    guard let value = root["workspaces"] else { return nil }
    return (value["packages"] ?? value).elements.compactMap(\.string)
  }
}
