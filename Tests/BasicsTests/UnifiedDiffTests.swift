import Testing

@testable import ForgeBasics

@Suite struct UnifiedDiffTests {
  @Test func showsChangesWithContext() {
    let old = (1...12).map { "line \($0)\n" }.joined()
    let new = old.replacing("line 6\n", with: "line six\nand more\n")
    #expect(
      UnifiedDiff.between(old, new, oldName: "a/f", newName: "b/f") == """
        --- a/f
        +++ b/f
        @@ -3,7 +3,8 @@
         line 3
         line 4
         line 5
        -line 6
        +line six
        +and more
         line 7
         line 8
         line 9

        """)
  }

  @Test func emptySidesAndMissingLineEnds() {
    #expect(UnifiedDiff.between("a\n", "a\n", oldName: "x", newName: "y") == "")
    #expect(
      UnifiedDiff.between("", "a\nb\n", oldName: "x", newName: "y")
        == "--- x\n+++ y\n@@ -0,0 +1,2 @@\n+a\n+b\n")
    #expect(
      UnifiedDiff.between("a", "a\n", oldName: "x", newName: "y")
        == "--- x\n+++ y\n@@ -1,1 +1,1 @@\n-a (no line end)\n+a\n")
  }

  @Test func escapesWhatATerminalWouldActOn() {
    let diff = UnifiedDiff.between(
      "a\u{1B}[2Jb\tc\r\n", "", oldName: "\u{1B}]0;x\u{7}", newName: "y")
    #expect(!diff.unicodeScalars.contains("\u{1B}"))
    #expect(diff.contains("-a\\x1b[2Jb\tc\\x0d\n"))
  }

  /// Applying the diff to the old text gives the new one: for random edits, near and far apart.
  @Test func appliesToTheOldText() throws {
    var generator = SeededGenerator(state: 7)
    for _ in 0..<300 {
      let old = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
        "\(Int.random(in: 0...9, using: &generator))"
      }
      var new = old
      for _ in 0..<Int.random(in: 0...6, using: &generator) {
        let position = Int.random(in: 0...new.count, using: &generator)
        if Bool.random(using: &generator) || position == new.count {
          new.insert("new \(position)", at: position)
        } else {
          new.remove(at: position)
        }
      }
      let diff = UnifiedDiff.between(text(old), text(new), oldName: "a", newName: "b")
      #expect(try apply(diff, to: old) == new)
    }
  }

  /// A file made to be slow to compare: no line of one side is on the other.
  @Test(.timeLimit(.minutes(1)))
  func largeFilesAreReplacedWhole() throws {
    let old = (0..<20_000).map { "old \($0)" }
    let new = (0..<20_000).map { "new \($0)" }
    #expect(
      try apply(UnifiedDiff.between(text(old), text(new), oldName: "a", newName: "b"), to: old)
        == new)
  }

  private func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

  private func apply(_ diff: String, to old: [String]) throws -> [String] {
    var result: [String] = []
    var position = 0
    for line in diff.split(separator: "\n").dropFirst(2) {
      if let header = line.wholeMatch(of: /@@ -(\d+),(\d+) \+(\d+),(\d+) @@/) {
        let start = try #require(Int(header.1))
        let first = header.2 == "0" ? start : start - 1
        result += old[position..<first]
        position = first
        #expect(Int(header.3) == (header.4 == "0" ? result.count : result.count + 1))
        continue
      }
      switch line.first {
      case "+": result.append(String(line.dropFirst()))
      case "-":
        #expect(old[position] == line.dropFirst())
        position += 1
      default:
        #expect(old[position] == line.dropFirst())
        result.append(old[position])
        position += 1
      }
    }
    return result + old[position...]
  }
}

/// SplitMix64, so that a failure repeats.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
