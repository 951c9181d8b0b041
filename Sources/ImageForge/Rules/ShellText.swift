/// The little of a shell's language that rules ask about: where one command ends and the next begins.
enum ShellText {
  /// The commands of a script at its top level, each as its words, quotes taken off.
  static func commands(_ script: String) -> [[String]] {
    var commands: [[String]] = []
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    func flushed(_ word: String?) -> [String] { word.map { [$0] } ?? [] }
    for character in script {
      if isEscaped {
        word = (word ?? "") + String(character)
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if ";&|\n(){}".contains(character), word?.hasSuffix("$") != true, !isExpansion(word) {
        words += flushed(word)
        word = nil
        if !words.isEmpty { commands.append(words) }
        words = []
      } else if character.isWhitespace {
        words += flushed(word)
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    words += flushed(word)
    if !words.isEmpty { commands.append(words) }
    return commands
  }

  /// Whether a word is within `${…}` or `$(…)` still.
  private static func isExpansion(_ word: String?) -> Bool {
    guard let word else { return false }
    return word.count { $0 == "{" } > word.count { $0 == "}" }
      || word.count { $0 == "(" } > word.count { $0 == ")" }
  }

  /// Whether a script hands its process over to a program: its first or last command is `exec`, behind assignments.
  static func endsWithExec(_ script: String) -> Bool {
    let commands = commands(script)
    return [commands.first, commands.last].contains { command in
      command?.first { !isAssignment($0) } == "exec"
    }
  }

  /// Whether a word is `NAME=value`.
  static func isAssignment(_ word: String) -> Bool {
    guard let sign = word.firstIndex(of: "="), sign > word.startIndex else { return false }
    return word[..<sign].allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
  }
}
