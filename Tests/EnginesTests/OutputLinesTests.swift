import Testing

@testable import ForgeEngines

@Suite struct OutputLinesTests {
  private func split(_ pieces: [[UInt8]]) -> [String] {
    var splitter = LineSplitter()
    var lines: [String] = []
    for piece in pieces { piece.withUnsafeBytes { splitter.add($0) { lines.append($0) } } }
    splitter.flush { lines.append($0) }
    return lines
  }

  @Test func linesAreJoinedAcrossPieces() {
    let pieces = ["one\ntw", "o\r\n\nthr", "ee\rfour"].map { Array($0.utf8) }
    #expect(split(pieces) == ["one", "two", "three", "four"])
  }

  @Test func anEndlessLineIsCut() throws {
    let piece = [UInt8](repeating: 0x61, count: 1 << 20)
    let lines = split([piece, piece, Array("\nnext\n".utf8)])
    #expect(lines.count == 2)
    #expect(lines.first?.utf8.count == LineSplitter.maximumLength + "…".utf8.count)
    #expect(lines.last == "next")
  }

  @Test(arguments: [
    ("plain text", "plain text"),
    ("\u{1b}[1;32mgreen\u{1b}[0m", "green"),
    ("\u{1b}[m\u{1b}[31", "\\x1b[31"),
    ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\x1b[2J\\x1b]0;title\\x07"),
    ("a\tb", "a  b"),
    ("caf\u{e9} \u{202e}gpj.exe", "café \\u{202e}gpj.exe"),
    ("::error::\u{2028}forged", "::error::\\u{2028}forged"),
  ])
  func textIsSafeToPrint(raw: String, clean: String) {
    #expect(OutputText.clean(raw) == clean)
  }

  @Test func invalidBytesAreReplaced() {
    #expect(split([[0x61, 0xff, 0xfe, 0x0a]]) == ["a\u{fffd}\u{fffd}"])
  }

  @Test func onlyTheLastLinesAreKept() {
    var tail = OutputTail()
    for number in 1...1000 { tail.add("line \(number)") }
    #expect(tail.lines == (981...1000).map { "line \($0)" })
  }
}
