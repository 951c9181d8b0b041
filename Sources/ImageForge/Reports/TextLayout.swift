import ForgeBasics
import ForgeFindings

/// How text for people is laid out.
public struct TextStyle: Sendable, Equatable {
  /// Whether to colour with ANSI escapes.
  public var isColoured: Bool
  /// Columns of the terminal; lines are wrapped to it where words allow.
  public var width: Int

  /// A style; a width below 40 columns counts as 40.
  public init(isColoured: Bool = false, width: Int = 80) {
    self.isColoured = isColoured
    self.width = max(40, width)
  }
}

/// Lays out one text report, line by line.
struct TextLayout {
  enum Ink: String {
    case bold = "1"
    case faint = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
  }

  enum Alignment {
    case left, right
    /// A path, of which the end tells most: cut at its start.
    case path
  }

  let style: TextStyle
  private(set) var text = ""

  init(_ style: TextStyle) { self.style = style }

  func ink(_ text: String, _ ink: Ink) -> String {
    guard style.isColoured, !text.isEmpty else { return text }
    return "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m"
  }

  mutating func line(_ line: String = "") { text += DisplayText.line(line) + "\n" }

  /// A file's own text, as it is.
  mutating func raw(_ contents: String) { text += contents }

  /// A heading, with a blank line in front.
  mutating func heading(_ title: String) {
    if !text.isEmpty { line() }
    line(ink(title, .bold))
  }

  /// Words wrapped to the width; further lines are indented like the text of the first.
  mutating func paragraph(_ words: String, label: String = "", ink labelInk: Ink? = nil) {
    let indent = String(repeating: " ", count: label.count)
    var front = label
    if let labelInk { front = ink(label, labelInk) }
    for part in Self.wrap(words, width: max(20, style.width - label.count)) {
      line(front + part)
      front = indent
    }
  }

  /// The last line of a report: `passed: ` or `failed: `, and what was judged.
  mutating func verdict(_ words: String, passed: Bool) {
    if passed {
      paragraph(words, label: "passed: ", ink: .green)
    } else {
      paragraph(words, label: "failed: ", ink: .red)
    }
  }

  /// Rows of columns; all but the last one are as wide as their widest cell, and the last one is cut to the width.
  mutating func table(
    _ rows: [[String]], aligned alignments: [Alignment] = [], header: [String]? = nil,
    indent: Int = 2
  ) {
    var widths: [Int] = []
    for row in [header ?? []] + rows {
      for (column, cell) in row.enumerated() {
        if column == widths.count { widths.append(0) }
        widths[column] = max(widths[column], cell.count)
      }
    }
    let columns = widths.enumerated().map { column, width in
      Column(width: width, alignment: alignments.dropFirst(column).first ?? .left)
    }
    if let header { line(ink(tableRow(header, columns, indent: indent), .faint)) }
    for row in rows { line(tableRow(row, columns, indent: indent)) }
  }

  private struct Column {
    let width: Int
    let alignment: Alignment
  }

  private func tableRow(_ cells: [String], _ columns: [Column], indent: Int) -> String {
    var out = String(repeating: " ", count: indent)
    for (cell, column) in zip(cells, columns).dropLast() {
      out += Self.pad(cell, to: column.width, column.alignment) + "  "
    }
    if let last = cells.last {
      let column = columns[cells.count - 1]
      let room = max(8, style.width - out.count)
      switch column.alignment {
      case .left: out += Self.cut(last, to: room)
      case .right: out += Self.pad(last, to: column.width, .right)
      case .path: out += Self.cutStart(last, to: room)
      }
    }
    while out.hasSuffix(" ") { out.removeLast() }
    return out
  }

  mutating func findings(_ findings: [Finding]) {
    for finding in findings {
      let severity = finding.severity.rawValue
      let front = "  \(Self.pad(severity, to: 7, .left))  "
      paragraph(
        "\(finding.id)  \(DisplayText.escape(finding.message))", label: front,
        ink: Self.ink(finding.severity))
      if let location = finding.location {
        paragraph(DisplayText.escape(location), label: "           at   ")
      }
      if let fix = finding.placedFix {
        paragraph(DisplayText.escape(fix), label: "           fix  ")
      }
      if let change = finding.change {
        paragraph(DisplayText.escape(change.words), label: "           edit ")
      }
    }
  }

  static func ink(_ severity: Severity) -> Ink {
    switch severity {
    case .error: .red
    case .warning: .yellow
    case .info: .cyan
    }
  }

  /// The first characters, with `…` where something was cut off.
  static func cut(_ text: String, to width: Int) -> String {
    guard text.count > width else { return text }
    return text.prefix(max(1, width - 1)) + "…"
  }

  /// The last characters, with `…` where something was cut off in front.
  private static func cutStart(_ text: String, to width: Int) -> String {
    guard text.count > width else { return text }
    return "…" + text.suffix(width - 1)
  }

  private static func pad(_ text: String, to width: Int, _ alignment: Alignment) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    switch alignment {
    case .right: return space + text
    case .left, .path: return text + space
    }
  }

  /// Breaks at spaces; a word longer than a line stands alone, uncut, so that it can be copied.
  private static func wrap(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var current = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if current.isEmpty {
        current = String(word)
      } else if current.count + 1 + word.count <= width {
        current += " " + word
      } else {
        lines.append(current)
        current = String(word)
      }
    }
    return lines + [current]
  }
}

/// `1 error, 2 warnings`; empty when there is nothing.
func tally(_ findings: [Finding]) -> String {
  Severity.allCases.reversed().compactMap { severity in
    let count = findings.count { $0.severity == severity }
    guard count > 0 else { return nil }
    guard severity != .info else { return "\(count) info" }
    return DisplayText.count(count, severity.rawValue)
  }.joined(separator: ", ")
}

/// The parts that say something, in one line: `2.1 MB of 200 MB allowed; 1 warning`.
func sentence(_ parts: String..., separator: String = "; ") -> String {
  parts.filter { !$0.isEmpty }.joined(separator: separator)
}

extension TextLayout {
  /// A unified diff, coloured.
  mutating func diff(_ text: String) {
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let shown = DisplayText.escape(String(line))
      switch line.first {
      case "+": self.line(ink(shown, .green))
      case "-": self.line(ink(shown, .red))
      case "@": self.line(ink(shown, .cyan))
      default: self.line(shown)
      }
    }
  }
}
