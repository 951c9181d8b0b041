import ForgeBasics
import Yams

/// What is wrong with a text that should be YAML, without a word of the text itself but a key.
package struct YAMLProblem {
  /// From 1.
  package let line: Int
  package let reason: String

  package init(_ error: any Error) {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      (line, reason) = (max(1, mark.line), "not valid YAML: \(problem)")
    case .duplicatedKeysInMapping(let keys, let context):
      let key = keys.map { "\($0)" }.sorted().first ?? ""
      (line, reason) = (
        max(1, context.mark.line), "the key `\(DisplayText.escape(key))` stands twice"
      )
    case .reader(let problem, _, _, _): (line, reason) = (1, "not valid YAML: \(problem)")
    default: (line, reason) = (1, "not valid YAML")
    }
  }
}
