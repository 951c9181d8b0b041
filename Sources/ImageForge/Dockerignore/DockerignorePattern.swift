/// Why a pattern is refused.
package struct BadPattern: Error, Sendable, Equatable {
  package let reason: String
}

/// One pattern, compiled as moby's `patternmatcher` does: what it cannot express itself, it turns into a regular
/// expression character by character, with all the oddities that this has; so do we.
package struct DockerignorePattern: Sendable {
  /// Cleaned, without `!`.
  package let cleaned: String
  package let isException: Bool
  let kind: Kind

  enum Kind: Sendable {
    case exact
    /// What stands before a trailing `**`.
    case prefix([UInt8])
    /// What stands after a leading `**`.
    case suffix([UInt8])
    case expression(String, GoExpression)
  }

  /// - Parameter text: as `ignorefile.ReadAll` hands it on: trimmed, cleaned, with `!` perhaps.
  package init(_ text: String) throws(BadPattern) {
    var text = GoPath.clean(text)
    isException = text.utf8.first == UInt8(ascii: "!")
    if isException { text = String(text.unicodeScalars.dropFirst()) }
    guard !text.isEmpty else { throw BadPattern(reason: "is an exception of nothing") }
    guard GlobSyntax.isValid(text) else {
      throw BadPattern(reason: "is malformed: a class or an escape is not closed")
    }
    cleaned = text
    kind = try Self.compile(Array(text.unicodeScalars))
  }

  /// Whether the pattern matches this very path; parents are the caller's.
  package func matches(_ path: String) -> Bool {
    switch kind {
    case .exact: return path.utf8.elementsEqual(cleaned.utf8)
    case .prefix(let start): return path.utf8.starts(with: start)
    case .suffix(let end):
      if path.utf8.count >= end.count, path.utf8.suffix(end.count).elementsEqual(end) {
        return true
      }
      // `**/foo` matches `foo`.
      return end.first == UInt8(ascii: "/") && path.utf8.elementsEqual(end.dropFirst())
    case .expression(_, let expression): return expression.matches(path)
    }
  }

  private enum Detected { case exact, prefix, suffix, expression }

  /// `Pattern.compile`, with its order of decisions.
  private static func compile(_ pattern: [Unicode.Scalar]) throws(BadPattern) -> Kind {
    var expression = "^"
    var detected = Detected.exact
    var index = 0
    while index < pattern.count {
      let isFirst = index == 0
      let scalar = pattern[index]
      index += 1
      switch scalar {
      case "*" where index < pattern.count && pattern[index] == "*":
        index += 1
        if index < pattern.count, pattern[index] == "/" { index += 1 }
        if index == pattern.count {
          if detected == .exact {
            detected = .prefix
          } else {
            expression += ".*"
            detected = .expression
          }
        } else {
          expression += "(.*/)?"
          detected = .expression
        }
        if isFirst { detected = .suffix }
      case "*":
        expression += "[^/]*"
        detected = .expression
      case "?":
        expression += "[^/]"
        detected = .expression
      case ".", "+", "(", ")", "|", "{", "}", "$":
        expression += "\\"
        expression.unicodeScalars.append(scalar)
      case "\\":
        expression += "\\"
        if index < pattern.count {
          expression.unicodeScalars.append(pattern[index])
          index += 1
          detected = .expression
        }
      case "[", "]":
        expression.unicodeScalars.append(scalar)
        detected = .expression
      default: expression.unicodeScalars.append(scalar)
      }
    }
    let bytes = Array(String(String.UnicodeScalarView(pattern)).utf8)
    switch detected {
    case .exact: return .exact
    case .prefix: return .prefix(bytes.dropLast(2))
    case .suffix: return .suffix(Array(bytes.dropFirst(2)))
    case .expression:
      expression += "$"
      return .expression(expression, try GoExpression(expression))
    }
  }
}

/// The syntax of Go's `filepath.Match`.
enum GlobSyntax {
  static func isValid(_ pattern: String) -> Bool {
    var rest = Array(pattern.unicodeScalars)[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\\":
        guard rest.popFirst() != nil else { return false }
      case "[":
        guard skipClass(&rest) else { return false }
      default: break
      }
    }
    return true
  }

  private static func skipClass(_ rest: inout ArraySlice<Unicode.Scalar>) -> Bool {
    if rest.first == "^" { rest.removeFirst() }
    var count = 0
    while true {
      if rest.first == "]", count > 0 {
        rest.removeFirst()
        return true
      }
      guard skipMember(&rest) else { return false }
      if rest.first == "-" {
        rest.removeFirst()
        guard skipMember(&rest) else { return false }
      }
      count += 1
    }
  }

  private static func skipMember(_ rest: inout ArraySlice<Unicode.Scalar>) -> Bool {
    guard let first = rest.popFirst(), first != "-", first != "]" else { return false }
    if first == "\\" { guard rest.popFirst() != nil else { return false } }
    // A class cannot end the pattern here.
    return !rest.isEmpty
  }
}
