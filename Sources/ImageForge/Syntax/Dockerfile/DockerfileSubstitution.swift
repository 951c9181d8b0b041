/// What BuildKit refuses in the substitutions of a word (frontend/dockerfile/shell/lex.go, `processDollar`).
package enum DockerfileSubstitution {
  /// The first substitution that stops a build, in BuildKit's words; nil where all are understood.
  package static func fault(in word: String, escape: Character = "\\") -> String? {
    var rest = Array(word.unicodeScalars)[...]
    let escape = escape.unicodeScalars.first
    var isDoubleQuoted = false
    while let scalar = rest.popFirst() {
      switch scalar {
      case escape: _ = rest.popFirst()
      case "\"": isDoubleQuoted.toggle()
      case "'" where !isDoubleQuoted:
        rest = rest.drop { $0 != "'" }.dropFirst()
      case "$" where rest.first == "{":
        rest.removeFirst()
        if let fault = fault(at: &rest) { return fault }
      default: break
      }
    }
    return nil
  }

  /// Reads a name and its modifier behind `${`; what stands behind them is a word of its own.
  private static func fault(at rest: inout ArraySlice<Unicode.Scalar>) -> String? {
    guard let first = rest.first else { return "missing '}'" }
    guard !"{}:".unicodeScalars.contains(first) else { return "bad substitution" }
    if "@*#?-$!".unicodeScalars.contains(first) {
      rest.removeFirst()
    } else {
      rest = rest.drop { $0 == "_" || $0.properties.isAlphabetic || ("0"..."9").contains($0) }
    }
    guard let modifier = rest.popFirst() else { return "missing '}'" }
    if modifier == "}" { return nil }
    if modifier == ":" {
      guard let next = rest.popFirst() else { return "missing '}'" }
      guard !"+-?".unicodeScalars.contains(next) else { return nil }
      return "unsupported modifier (:\(next)) in substitution"
    }
    guard !"+-?#%/".unicodeScalars.contains(modifier) else { return nil }
    return "unsupported modifier (\(modifier)) in substitution"
  }
}
