import ForgeBasics
import ForgeFindings
import Yams

/// A value of a YAML file (of its first document), with where it stands.
package struct YAMLValue {
  private let node: Node
  private let name: String

  /// The most that is looked at of one list or mapping: aliases can make a small file look endless.
  private static let maximumCount = 10_000

  private init(node: Node, name: String) {
    self.node = node
    self.name = name
  }

  /// Nil for an empty file.
  /// - Throws: `SyntaxError` when the text is not YAML.
  package static func parse(_ source: SourceText) throws(SyntaxError) -> YAMLValue? {
    do {
      return try Yams.compose(yaml: source.text).map { YAMLValue(node: $0, name: source.name) }
    } catch {
      let (line, reason) = problem(error)
      throw SyntaxError(source, line: line, reason: reason)
    }
  }

  private static func problem(_ error: any Error) -> (line: Int, reason: String) {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      (max(1, mark.line), "not valid YAML: \(problem)")
    case .duplicatedKeysInMapping(let keys, let context):
      (
        max(1, context.mark.line),
        "the key `\(keys.map { "\($0)" }.sorted().first ?? "")` stands twice"
      )
    default: (1, "not valid YAML")
    }
  }

  /// The line, from 1.
  package var line: Int { node.mark?.line ?? 1 }
  package var place: Place { .source(file: name, line: line) }
  /// `file:line`.
  package var location: String { place.description }

  /// The text of a scalar, as written: `"8080"` for `8080`; nil for `null`.
  package var string: String? {
    guard case .scalar(let scalar) = node, node.tag != Tag(.null) else { return nil }
    if scalar.style == .plain, ["", "~", "null"].contains(scalar.string) { return nil }
    return scalar.string
  }

  package var integer: Int? { string.flatMap { Int($0) } }

  /// YAML 1.2's two, and no more.
  package var bool: Bool? {
    switch string {
    case "true": true
    case "false": false
    default: nil
    }
  }

  package var isMapping: Bool { node.mapping != nil }
  package var isSequence: Bool { node.sequence != nil }
  package var isNull: Bool { if case .scalar = node { string == nil } else { false } }

  package var elements: [YAMLValue] {
    (node.sequence ?? []).prefix(Self.maximumCount).map { YAMLValue(node: $0, name: name) }
  }

  /// The texts of a list.
  package var strings: [String] { elements.compactMap(\.string) }

  package struct Entry {
    package let key: String
    /// The file.
    package let name: String
    /// The line of the key, from 1.
    package let line: Int
    package let value: YAMLValue

    /// Where the key stands.
    package var place: Place { .source(file: name, line: line) }
    /// `file:line` of the key.
    package var location: String { place.description }
  }

  /// The members of a mapping in their order, those merged by `<<` first.
  package var entries: [Entry] { entries(depth: 0) }

  private func entries(depth: Int) -> [Entry] {
    guard let mapping = node.mapping, depth < 8 else { return [] }
    var merged: [Entry] = []
    var own: [Entry] = []
    for (key, value) in mapping.prefix(Self.maximumCount) {
      let member = YAMLValue(node: value, name: name)
      if key.string == "<<", key.scalar?.style == .plain {
        var sources = [member]
        if member.isSequence { sources = member.elements }
        for source in sources.prefix(32) { merged += source.entries(depth: depth + 1) }
        continue
      }
      // Keys that are no texts name nothing.
      guard let text = key.scalar?.string else { continue }
      own.append(
        Entry(
          key: text, name: name, line: YAMLValue(node: key, name: name).line, value: member))
    }
    let keys = Set(own.map(\.key))
    return merged.prefix(Self.maximumCount).filter { !keys.contains($0.key) } + own
  }

  /// A member of a mapping; nil when there is none.
  package subscript(key: String) -> YAMLValue? {
    if let value = node.mapping?[Node(key)] { return YAMLValue(node: value, name: name) }
    guard node.mapping?[Node("<<")] != nil else { return nil }
    return entries.first { $0.key == key }?.value
  }
}
