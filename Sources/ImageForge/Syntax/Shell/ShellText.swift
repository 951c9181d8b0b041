/// A shell script, character by character, with what quoting makes of each. Nothing is expanded.
struct ShellText {
  /// What a character is to the shell.
  enum Role {
    /// Outside of quotes: an operator, white space or a part of a word.
    case plain
    /// Begins or ends a quotation.
    case quoteMark
    case quoted
    /// Takes its meaning from the character behind it.
    case backslash
    /// Stands behind a backslash.
    case escaped
  }

  /// The most characters of a script that are looked at.
  static let limit = 1 << 16

  let characters: [Character]
  let roles: [Role]
  /// Whether the script ends in the middle of a quotation or behind a backslash.
  let isCutOff: Bool

  /// - Parameter quoteMarks: the characters that begin a quotation and end it again.
  init(_ script: some StringProtocol, quoteMarks: Set<Character> = ["'", "\""]) {
    characters = Array(script.prefix(Self.limit))
    var roles: [Role] = []
    roles.reserveCapacity(characters.count)
    var quote: Character?
    for character in characters {
      if roles.last == .backslash {
        roles.append(.escaped)
      } else if character == "\\", quote != "'" {
        roles.append(.backslash)
      } else if let open = quote {
        if character == open {
          roles.append(.quoteMark)
          quote = nil
        } else {
          roles.append(.quoted)
        }
      } else if quoteMarks.contains(character) {
        roles.append(.quoteMark)
        quote = character
      } else {
        roles.append(.plain)
      }
    }
    self.roles = roles
    isCutOff = quote != nil || roles.last == .backslash
  }
}
