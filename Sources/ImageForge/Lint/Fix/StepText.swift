import ForgeSyntax

/// A step as it is written, with the place of each of its commands: what an edit of one command goes by.
struct StepText {
  private let characters: [Character]
  /// In the order of the text.
  let commands: [ShellCommand.Located]

  // Compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  private nonisolated(unsafe) static let head =
    /[ \t]*[A-Za-z]+(?:(?:[ \t]|\\\n)+--[^\s\\]+)*(?:[ \t]|\\\n)+/

  /// - Parameter raw: the lines of the instruction.
  /// - Returns: nil where the commands cannot be told apart as the builder reads them.
  init?(_ raw: String, of instruction: DockerfileInstruction, escape: Character) {
    guard escape == "\\", instruction.execForm == nil, instruction.heredocs.isEmpty,
      let head = raw.prefixMatch(of: Self.head)
    else { return nil }
    characters = Array(raw)
    var masked = Self.maskingComments(characters)
    for index in 0..<raw.distance(from: raw.startIndex, to: head.range.upperBound) {
      masked[index] = " "
    }
    commands = ShellCommand.located(in: masked)
    // What the parser joined must be what stands here.
    guard commands.map(\.command) == ShellCommand.all(of: instruction) else { return nil }
  }

  /// The text with the lines of comments between continued lines turned to spaces.
  private static func maskingComments(_ text: [Character]) -> [Character] {
    var masked = text
    var start = 0
    while start < text.count {
      let end = text[start...].firstIndex(of: "\n") ?? text.count
      let isComment = text[start..<end].first { $0 != " " && $0 != "\t" } == "#"
      if isComment, start > 0 {
        for index in start..<min(end + 1, text.count) { masked[index] = " " }
      }
      start = end + 1
    }
    return masked
  }

  /// Whether the last command ends the text, so that another may be chained to it.
  var endsInCommand: Bool {
    guard let end = commands.last?.range.upperBound else { return false }
    return characters[end...].allSatisfy { $0 == " " || $0 == "\n" || $0 == "\t" }
  }

  /// The text with words put in behind others.
  /// - Parameter insertions: each behind the character at its place.
  func inserting(_ insertions: [(place: Int, text: String)]) -> String {
    var text = characters
    for insertion in insertions.sorted(by: { $0.place > $1.place }) {
      text.insert(contentsOf: insertion.text, at: insertion.place)
    }
    return String(text)
  }

  /// The text with a command, or a part of its words, replaced.
  func replacing(_ range: Range<Int>, with text: String) -> String {
    String(characters[..<range.lowerBound]) + text + String(characters[range.upperBound...])
  }
}

extension ShellCommand.Located {
  /// The end of the first word of this text.
  func end(of word: String) -> Int? { words.first { $0.text == word }?.range.upperBound }
}
