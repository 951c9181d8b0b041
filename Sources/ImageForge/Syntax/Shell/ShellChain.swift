/// Scripts of the form `a && b; c`, taken apart into the commands as they are written.
package enum ShellChain {
  /// The commands of a script, each with its quotes and redirections.
  /// - Returns: nil for a script of another form, such as one with `if` or `&`: it cannot be taken apart.
  package static func split(_ script: String) -> [String]? {
    let text = ShellText(script, quoteMarks: ["'", "\"", "`"])
    guard !text.isCutOff, let parts = pieces(of: text), !parts.isEmpty else { return nil }
    guard parts.allSatisfy(isPlain) else { return nil }
    return parts
  }

  /// The pieces between `&&`, `;` and line ends outside of quotes and parentheses, trimmed, without empty ones.
  private static func pieces(of text: ShellText) -> [String]? {
    var pieces: [String] = []
    var piece = ""
    var depth = 0
    func end() {
      let trimmed = trim(piece)
      if !trimmed.isEmpty { pieces.append(trimmed) }
      piece = ""
    }
    var index = 0
    while index < text.characters.count {
      let character = text.characters[index]
      let next = text.characters[(index + 1)...].first
      let isOperator = text.roles[index] == .plain && depth == 0
      index += 1
      switch character {
      case "(" where text.roles[index - 1] == .plain: depth += 1
      case ")" where text.roles[index - 1] == .plain: depth -= 1
      case "&" where isOperator && next == "&":
        index += 1
        end()
        continue
      // What goes on beside the step; `2>&1` and `&>` are none.
      case "&" where isOperator && piece.last != ">" && next != ">": return nil
      case ";" where isOperator && next == ";": return nil
      case ";" where isOperator, "\n" where isOperator:
        end()
        continue
      default: break
      }
      piece.append(character)
    }
    guard depth == 0 else { return nil }
    end()
    return pieces
  }

  private static func trim(_ text: String) -> String {
    let start = text.drop { $0.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }

  private static let compoundWords: Set<Substring> = [
    "if", "for", "while", "until", "case", "function", "{", "}", "then", "else", "fi", "do",
    "done",
  ]

  /// Whether a piece is a command, and no part of a compound one, a function or a subshell.
  private static func isPlain(_ piece: String) -> Bool {
    guard let first = piece.split(whereSeparator: \.isWhitespace).first else { return false }
    return !compoundWords.contains(first) && !first.hasSuffix("()") && !piece.hasPrefix("(")
  }
}
