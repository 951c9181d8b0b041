import ForgeBasics
import ForgeFindings

/// How text for people is laid out.
public struct TextStyle: Sendable, Equatable {
  /// Whether to colour with ANSI escapes.
  public var isColoured: Bool
  /// Columns of the terminal; lines are wrapped to it where words allow.
  public var width: Int

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
    style.isColoured && !text.isEmpty ? "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m" : text
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
    let indent = label.count
    let lines = Self.wrap(words, width: max(20, style.width - indent))
    for (index, part) in lines.enumerated() {
      let front =
        index == 0
        ? (labelInk.map { ink(label, $0) } ?? label) : String(repeating: " ", count: indent)
      line(front + part)
    }
  }

  /// Rows of columns; all but the last one are as wide as their widest cell, and the last one is cut to the width.
  mutating func table(
    _ rows: [[String]], aligned alignments: [Alignment] = [], header: [String]? = nil,
    indent: Int = 2
  ) {
    let all = (header.map { [$0] } ?? []) + rows
    guard let columns = all.map(\.count).max(), columns > 0 else { return }
    let widths = (0..<columns).map { column in
      all.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    for (index, row) in all.enumerated() {
      var out = String(repeating: " ", count: indent)
      for (column, cell) in row.enumerated() {
        let isLast = column == row.count - 1
        if isLast {
          let room = max(8, style.width - out.count)
          switch column < alignments.count ? alignments[column] : .left {
          case .left: out += Self.cut(cell, to: room)
          case .right: out += Self.pad(cell, to: widths[column], .right)
          case .path: out += cell.count <= room ? cell : "…" + cell.suffix(room - 1)
          }
        } else {
          out +=
            Self.pad(
              cell, to: widths[column], column < alignments.count ? alignments[column] : .left)
            + "  "
        }
      }
      while out.hasSuffix(" ") { out.removeLast() }
      line(index == 0 && header != nil ? ink(out, .faint) : out)
    }
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
    text.count <= width ? text : text.prefix(max(1, width - 1)) + "…"
  }

  private static func pad(_ text: String, to width: Int, _ alignment: Alignment) -> String {
    let space = String(repeating: " ", count: max(0, width - text.count))
    return alignment == .right ? space + text : text + space
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
    return severity == .info
      ? "\(count) info" : "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
  }.joined(separator: ", ")
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
