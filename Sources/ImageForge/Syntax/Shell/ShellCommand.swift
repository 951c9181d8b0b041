/// One simple command of a shell script, as far as its words tell: enough to know an installation when it is seen, and
/// no shell.
package struct ShellCommand: Equatable {
  /// Without variables that are set for it, and without `sudo`, `env`, `exec`. Quotes are dropped; nothing is expanded.
  package let words: [String]

  package init(words: [String]) { self.words = words }

  /// The name of the program, without its folder; empty where there are no words.
  package var program: String {
    guard let word = words.first else { return "" }
    return Self.fileName(word)
  }

  package func has(_ word: String) -> Bool { words.contains(word) }

  /// The words behind the program that are no flags.
  package var operands: [String] { words.dropFirst().filter { !$0.hasPrefix("-") } }

  /// The commands of a `RUN`, `CMD` or `ENTRYPOINT` in exec or shell form, here-documents included.
  package static func all(of instruction: DockerfileInstruction) -> [ShellCommand] {
    guard let words = instruction.execForm else {
      return all(in: instruction.arguments) + instruction.heredocs.flatMap { all(in: $0.content) }
    }
    // `["sh", "-c", "script"]`
    if words.count == 3, ["sh", "bash", "ash"].contains(fileName(words[0])), words[1] == "-c" {
      return all(in: words[2])
    }
    return [ShellCommand(words: words)]
  }

  /// The commands between a script's operators, in their order, without those inside quotes.
  package static func all(in script: String) -> [ShellCommand] {
    located(in: Array(script)).map { ShellCommand(words: $0.words.map(\.text)) }
  }

  /// A command with the place of each of its words in the script.
  package struct Located {
    package struct Word {
      package let text: String
      /// Characters of the script, quotes included.
      package let range: Range<Int>
    }
    package let words: [Word]
    package var command: ShellCommand { ShellCommand(words: words.map(\.text)) }
    /// From its first word to its last.
    package var range: Range<Int> {
      (words.first?.range.lowerBound ?? 0)..<(words.last?.range.upperBound ?? 0)
    }
  }

  /// The commands of a script, with the place of each word.
  package static func located(in script: [Character]) -> [Located] {
    var commands: [Located] = []
    var words: [Located.Word] = []
    var word = ""
    var start = 0
    func endWord(_ index: Int) {
      if !word.isEmpty { words.append(Located.Word(text: word, range: start..<index)) }
      word = ""
    }
    func endCommand(_ index: Int) {
      endWord(index)
      let command = words.drop { leadingWords.contains($0.text) || isAssignment($0.text) }
      if !command.isEmpty { commands.append(Located(words: Array(command))) }
      words = []
    }
    let text = ShellText(String(script))
    for (index, (character, role)) in zip(text.characters, text.roles).enumerated() {
      switch (role, character) {
      case (.quoteMark, _), (.backslash, _), (.escaped, "\n"):
        if word.isEmpty { start = index }
      case (.plain, "&"), (.plain, ";"), (.plain, "|"), (.plain, "\n"), (.plain, ")"):
        endCommand(index)
      case (.plain, " "), (.plain, "\t"), (.plain, "\r"): endWord(index)
      case (.plain, _), (.quoted, _), (.escaped, _):
        if word.isEmpty, role == .plain { start = index }
        word.append(character)
      }
    }
    endCommand(text.characters.count)
    return commands
  }

  /// What may stand in front of a command without being one.
  private static let leadingWords: Set<String> = [
    "sudo", "env", "exec", "then", "do", "else", "if", "!", "{", "(",
  ]

  /// `NAME=value`, which is set for the command behind it.
  private static func isAssignment(_ word: String) -> Bool {
    let name = word.utf8.prefix { $0 != UInt8(ascii: "=") }
    guard name.count < word.utf8.count, let first = name.first else { return false }
    return !isDigit(first) && name.allSatisfy { isLetter($0) || isDigit($0) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private static func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? ""
  }

  /// Whether a shell is needed to run the text: it has more than words.
  package static func needsShell(_ text: String) -> Bool {
    text.contains { "&|;<>()$`*?[]{}~#\"'\\=\n".contains($0) }
  }
}
