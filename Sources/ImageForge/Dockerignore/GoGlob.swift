/// A pattern of Go's `filepath.Match`, which COPY and ADD use for their sources: `*` and `?` match no slash, `[…]` is
/// a class, and a backslash escapes.
package struct GoGlob: Sendable {
  private let expression: GoExpression

  /// - Throws: `BadPattern` as Go's `ErrBadPattern`.
  package init(_ pattern: String) throws(BadPattern) {
    guard GlobSyntax.isValid(pattern) else {
      throw BadPattern(reason: "is malformed: a class or an escape is not closed")
    }
    var out = "^"
    var isInClass = false
    var rest = Array(pattern.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\\":
        if let next = rest.popFirst() { out += Self.literal(next) }
      case "[" where !isInClass:
        isInClass = true
        out += "["
        if rest.first == "^" {
          rest.removeFirst()
          out += "^"
        }
      case "]" where isInClass:
        isInClass = false
        out += "]"
      case "-" where isInClass: out += "-"
      case "*" where !isInClass:
        while rest.first == "*" { rest.removeFirst() }
        out += "[^/]*"
      case "?" where !isInClass: out += "[^/]"
      default: out += Self.literal(scalar)
      }
    }
    expression = try GoExpression(out + "$")
  }

  package func matches(_ path: String) -> Bool { expression.matches(path) }

  /// Whether a text has anything that a glob reads.
  package static func isGlob(_ text: String) -> Bool {
    text.unicodeScalars.contains { "*?[".unicodeScalars.contains($0) }
  }

  private static func literal(_ scalar: Unicode.Scalar) -> String {
    let isWord = scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || !scalar.isASCII
    return isWord ? String(scalar) : "\\" + String(scalar)
  }
}
