/// Blocks of a generated file that are the user's: from a line `# forge:keep` to a line `# forge:end`. They survive
/// being generated anew, and are no edit of the file.
package struct KeptBlocks {
  private struct Block {
    let lines: [Substring]
    /// The nearest line of forge's own above it that says something.
    let anchor: Substring?
    /// Which of the equal lines above it the anchor is, from 0.
    let occurrence: Int
  }

  private static let start = "# forge:keep"
  private static let end = "# forge:end"

  /// The text without the blocks.
  package let rest: String
  private let blocks: [Block]
  /// The lines of `rest` between the blocks.
  private let parts: [ArraySlice<Substring>]
  /// Whether a block has no end. It is then no block: the file was edited.
  let isOpen: Bool

  var isEmpty: Bool { blocks.isEmpty }

  package init(of text: String) {
    var rest: [Substring] = []
    var ends: [Int] = []
    var blocks: [Block] = []
    var open: [Substring] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if open.isEmpty, line.hasPrefix(Self.start) {
        open = [line]
      } else if open.isEmpty {
        rest.append(line)
      } else {
        open.append(line)
        if line == Self.end {
          let anchor = rest.last { !$0.isEmpty && !$0.hasPrefix("#") }
          blocks.append(
            Block(lines: open, anchor: anchor, occurrence: rest.count { $0 == anchor } - 1))
          ends.append(rest.count)
          open = []
        }
      }
    }
    isOpen = !open.isEmpty
    rest += open
    self.rest = rest.joined(separator: "\n")
    self.blocks = blocks
    parts = zip([0] + ends, ends + [rest.count]).map { rest[$0..<$1] }
  }

  /// What the text may have been before the blocks: people put blank lines beside them, so where there are any, there
  /// was none, or one. Of many blocks only `rest` is tried.
  var origins: [String] {
    guard !isEmpty, blocks.count <= 6 else { return [rest] }
    var origins: [[Substring]] = [Array(parts[0])]
    for part in parts.dropFirst() {
      origins = origins.flatMap { before in
        let trimmed = before.prefix((before.lastIndex { !$0.isEmpty } ?? -1) + 1)
        let after = part.drop(while: \.isEmpty)
        return [trimmed + after, trimmed + [""] + after].map(Array.init)
      }
    }
    return [rest] + origins.map { $0.joined(separator: "\n") }
  }

  /// `text` with the blocks in it, each below the line that it stood below.
  /// - Returns: nil when a block's line is no longer there: where it belongs only its author knows.
  package func inserted(into text: String) -> String? {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // From the last to the first, so that places do not move; blocks of one place keep their order.
    for block in blocks.reversed() {
      guard let anchor = block.anchor else {
        lines.insert(contentsOf: block.lines, at: min(1, lines.count))
        continue
      }
      let places = lines.indices.filter { lines[$0] == anchor }
      guard let place = places.dropFirst(block.occurrence).first ?? places.last else { return nil }
      lines.insert(contentsOf: block.lines, at: place + 1)
    }
    return lines.joined(separator: "\n")
  }
}
