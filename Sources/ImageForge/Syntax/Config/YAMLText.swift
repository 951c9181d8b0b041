import ForgeBasics
import Yams

/// YAML files of a project, of which forge wants single lists.
package enum YAMLText {
  /// The texts of the list at a key of the top level; empty when there is none.
  /// - Throws: `SyntaxError` when the file is not YAML.
  package static func strings(_ source: SourceText, key: String) throws(SyntaxError) -> [String] {
    let root: Node?
    do { root = try Yams.compose(yaml: source.text) } catch {
      var line = 1
      if case .parser(_, _, let mark, _)? = error as? YamlError { line = mark.line }
      throw SyntaxError(source, line: line, reason: "not valid YAML")
    }
    return root?[key]?.sequence?.compactMap(\.string) ?? []
  }
}
