/// The commands of `a && b; c`, each as it was written. Nil for a script of another form, such as one with `if`: it
/// cannot be taken apart.
enum ShellChain {
  static func split(_ script: String) -> [String]? {
    var parts: [String] = []
    var part = ""
    var quote: Character?
    var depth = 0
    var isEscaped = false
    var characters = script.prefix(1 << 16)[...]
    func end() {
      let text = part.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      if !text.isEmpty { parts.append(part.trimmingPrefix { $0.isWhitespace }.description) }
      part = ""
    }
    while let character = characters.popFirst() {
      if isEscaped {
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil }
      } else {
        switch character {
        case "'", "\"", "`": quote = character
        case "(": depth += 1
        case ")": depth -= 1
        case "&" where depth == 0 && characters.first == "&":
          characters.removeFirst()
          end()
          continue
        // What goes on beside the step; `2>&1` and `&>` are none.
        case "&" where depth == 0 && part.last != ">" && characters.first != ">": return nil
        case ";" where depth == 0 && characters.first == ";": return nil
        case ";" where depth == 0, "\n" where depth == 0:
          end()
          continue
        default: break
        }
      }
      part.append(character)
    }
    guard quote == nil, depth == 0, !isEscaped else { return nil }
    end()
    parts = parts.map { String($0.reversed().drop { $0.isWhitespace }.reversed()) }
    let forms = [
      "if", "for", "while", "until", "case", "function", "{", "}", "then", "else", "fi", "do",
      "done",
    ]
    let isPlain = parts.allSatisfy { text in
      guard let first = text.split(whereSeparator: \.isWhitespace).first.map(String.init) else {
        return false
      }
      return !forms.contains(first) && !first.hasSuffix("()") && !text.hasPrefix("(")
    }
    return isPlain && !parts.isEmpty ? parts : nil
  }
}
