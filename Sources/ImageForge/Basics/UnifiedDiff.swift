/// The changes between two texts, as `diff -u` writes them (POSIX, "diff": unified context). For reading, not for
/// `patch`: what could act on a terminal is escaped.
public enum UnifiedDiff {
  fileprivate enum Edit {
    case keep(String)
    case remove(String)
    case insert(String)
  }

  /// How many lines before and after a change are shown.
  private static let context = 3
  /// Beyond this many changed lines on both sides together, the shortest edit is not looked for: the whole stretch is
  /// removed and inserted anew. It bounds the time and memory that a hostile file can take.
  private static let searchLimit = 2000

  /// The diff; empty when the texts are equal.
  public static func between(_ old: String, _ new: String, oldName: String, newName: String)
    -> String
  {
    guard old != new else { return "" }
    let edits = edits(lines(old), lines(new))
    var out = "--- \(DisplayText.escape(oldName))\n+++ \(DisplayText.escape(newName))\n"
    var oldLine = 1
    var newLine = 1
    var index = 0
    while index < edits.count {
      guard let hunk = nextHunk(edits, from: index) else { break }
      oldLine += hunk.lowerBound - index
      newLine += hunk.lowerBound - index
      var body = ""
      var (removed, inserted) = (0, 0)
      for edit in edits[hunk] {
        switch edit {
        case .keep(let line):
          body += " \(line)\n"
          removed += 1
          inserted += 1
        case .remove(let line):
          body += "-\(line)\n"
          removed += 1
        case .insert(let line):
          body += "+\(line)\n"
          inserted += 1
        }
      }
      // An empty side names the line before it.
      let oldStart = removed == 0 ? oldLine - 1 : oldLine
      let newStart = inserted == 0 ? newLine - 1 : newLine
      out += "@@ -\(oldStart),\(removed) +\(newStart),\(inserted) @@\n" + body
      oldLine += removed
      newLine += inserted
      index = hunk.upperBound
    }
    return out
  }

  /// The next changes from `index` on that stand less than two contexts apart, with their context.
  private static func nextHunk(_ edits: [Edit], from index: Int) -> Range<Int>? {
    guard let first = edits[index...].firstIndex(where: { !$0.isKept }) else { return nil }
    var last = first
    for position in first..<edits.count {
      if !edits[position].isKept { last = position }
      if position - last > 2 * context { break }
    }
    return max(index, first - context)..<min(edits.count, last + context + 1)
  }

  private static func edits(_ old: [String], _ new: [String]) -> [Edit] {
    let shared = min(old.count, new.count)
    var prefix = 0
    while prefix < shared, old[prefix] == new[prefix] { prefix += 1 }
    var suffix = 0
    while suffix < shared - prefix, old[old.count - 1 - suffix] == new[new.count - 1 - suffix] {
      suffix += 1
    }
    let oldMiddle = Array(old[prefix..<(old.count - suffix)])
    let newMiddle = Array(new[prefix..<(new.count - suffix)])

    var removed: Set<Int> = Set(oldMiddle.indices)
    var inserted: Set<Int> = Set(newMiddle.indices)
    if oldMiddle.count + newMiddle.count <= searchLimit {
      let difference = newMiddle.difference(from: oldMiddle)
      removed = Set(difference.removals.map(offset))
      inserted = Set(difference.insertions.map(offset))
    }
    var edits = old[..<prefix].map(Edit.keep)
    var position = 0
    for (offset, line) in oldMiddle.enumerated() {
      if removed.contains(offset) {
        edits.append(.remove(line))
        continue
      }
      while inserted.contains(position) {
        edits.append(.insert(newMiddle[position]))
        position += 1
      }
      edits.append(.keep(line))
      position += 1
    }
    edits += newMiddle[position...].map(Edit.insert)
    return edits + old[(old.count - suffix)...].map(Edit.keep)
  }

  private static func offset(_ change: CollectionDifference<String>.Change) -> Int {
    switch change {
    case .insert(let offset, _, _), .remove(let offset, _, _): offset
    }
  }

  /// The lines, made safe to show; tabs stay. A last line without an end carries a note, so that it differs.
  private static func lines(_ text: String) -> [String] {
    guard !text.isEmpty else { return [] }
    // By bytes: to a Swift `Character`, CR and LF together are one.
    var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map
    { line in
      line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
        .map { DisplayText.escape(String(decoding: $0, as: UTF8.self)) }.joined(separator: "\t")
    }
    if lines.last == "" {
      lines.removeLast()
    } else {
      lines[lines.count - 1] += " (no line end)"
    }
    return lines
  }
}

extension UnifiedDiff.Edit {
  fileprivate var isKept: Bool {
    if case .keep = self { true } else { false }
  }
}
