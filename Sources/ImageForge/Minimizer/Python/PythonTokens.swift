/// Cuts a Python source into the tokens that tell code from text (Python Language Reference, "Lexical analysis"): words,
/// strings of all kinds, comments, brackets and ends of lines. It reads any bytes to their end, and says of those that
/// are no Python as it is known here that they are not.
package struct PythonTokens {
  /// A string, its prefix and quotes included.
  package struct Text {
    /// Where its first quote stands.
    package var start: Int
    /// Between the quotes.
    package var content: Range<Int>
    /// Where the first replacement field begins, in a formatted string.
    package var field: Int?
  }

  package enum Token {
    case word(Range<Int>)
    /// With an end; `fields` holds what stands in its replacement fields.
    case text(Text)
    /// From `#` to before the end of the line.
    case comment(Range<Int>)
    /// Of a line of the file: in brackets no statement ends with it.
    case lineEnd
    /// A backslash at the end of a line.
    case continuation
    case bracket
    /// One byte: an operator, or half of one.
    case other(UInt8)
  }

  package let bytes: [UInt8]
  var position = 0
  /// The line of `position`, from 1.
  package private(set) var line = 1
  /// Brackets that are open.
  package var open: [UInt8] = []
  /// The words and strings in the replacement fields of the last string, in their order.
  private(set) var fields: [Token] = []
  /// Whether a string has no end: what comes after it may be anything.
  private(set) var isBroken = false
  /// Whether anything was read that is no Python, or none that these few rules understand.
  package private(set) var isUnusual = false

  /// Fields in fields, and strings in these; CPython reads 150.
  private static let maximumDepth = 100
  /// Formats in formats; CPython reads two.
  private static let maximumFormats = 8

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Zero beyond both ends.
  package func at(_ index: Int) -> UInt8 { index >= 0 && index < bytes.count ? bytes[index] : 0 }

  static func isWord(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || byte == 0x5F || (0x41...0x5A).contains(byte)
      || (0x30...0x39).contains(byte)
      || byte >= 0x80
  }

  /// Nil at the end. Blanks are passed over.
  package mutating func next() -> Token? {
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case 0x20, 0x09: position += 1
      case 0x0A, 0x0D:
        endLine()
        return .lineEnd
      case UInt8(ascii: "#"):
        let start = position
        while position < bytes.count, bytes[position] != 0x0A, bytes[position] != 0x0D {
          position += 1
        }
        return .comment(start..<position)
      case UInt8(ascii: "\\"):
        position += 1
        if at(position) == 0x0A || at(position) == 0x0D {
          endLine()
        } else {
          isUnusual = true
          position += 1
        }
        return .continuation
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        open.append(byte)
        position += 1
        return .bracket
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        let opening = byte == UInt8(ascii: ")") ? UInt8(ascii: "(") : byte - 2
        if open.popLast() != opening { isUnusual = true }
        position += 1
        return .bracket
      case UInt8(ascii: "'"), UInt8(ascii: "\""):
        if !fields.isEmpty { fields = [] }
        if let text = text("", 0) { return .text(text) }
      case _ where Self.isWord(byte):
        if !fields.isEmpty { fields = [] }
        if let token = word(0) { return token }
      default:
        if byte == 0 { isUnusual = true }
        position += 1
        return .other(byte)
      }
    }
    return nil
  }

  /// Ends of lines as Python reads them; those of old systems are unusual.
  private mutating func endLine() {
    if at(position) == 0x0D {
      if at(position + 1) == 0x0A { position += 1 } else { isUnusual = true }
    }
    position += 1
    line += 1
  }

  private static let prefixes: Set<String> = [
    "r", "u", "b", "f", "t", "br", "rb", "fr", "rf", "tr", "rt",
  ]

  /// A word, or the string that it is the prefix of.
  private mutating func word(_ depth: Int) -> Token? {
    let start = position
    var end = start + 1
    while end < bytes.count, Self.isWord(bytes[end]) { end += 1 }
    position = end
    let next = at(position)
    guard position - start <= 2, next == UInt8(ascii: "'") || next == UInt8(ascii: "\"") else {
      return .word(start..<position)
    }
    // `in"text"` has none.
    let prefix = String(decoding: bytes[start..<position], as: UTF8.self).lowercased()
    return text(Self.prefixes.contains(prefix) ? prefix : "", depth).map { .text($0) }
  }

  /// Nil where it has no end; then `position` is at the end of the line or of all.
  private mutating func text(_ prefix: String, _ depth: Int) -> Text? {
    let quote = bytes[position]
    let isTriple = at(position + 1) == quote && at(position + 2) == quote
    let isFormatted = prefix.contains("f") || prefix.contains("t")
    var text = Text(start: position, content: position..<position)
    position += isTriple ? 3 : 1
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\\") {
        // `f"\{x}"` is a backslash and a field.
        if isFormatted, at(position + 1) == UInt8(ascii: "{") {
          position += 1
        } else {
          // The end of a line may be two bytes.
          let isLineEnd = at(position + 1) == 0x0D && at(position + 2) == 0x0A
          if isLineEnd || at(position + 1) == 0x0A { line += 1 }
          position += isLineEnd ? 3 : 2
        }
      } else if byte == quote, !isTriple || at(position + 1) == quote && at(position + 2) == quote {
        text.content = start..<position
        position += isTriple ? 3 : 1
        return text
      } else if byte == 0x0A {
        guard isTriple else { break }
        line += 1
        position += 1
      } else if isFormatted, byte == UInt8(ascii: "{") {
        if at(position + 1) == byte {
          position += 2
        } else {
          text.field = text.field ?? position
          position += 1
          field(quote, isTriple: isTriple, depth: depth + 1, formats: 0)
        }
      } else {
        position += 1
      }
    }
    (isBroken, isUnusual) = (true, true)
    return nil
  }

  /// A replacement field of a formatted string, to behind its closing brace (PEP 701).
  private mutating func field(_ quote: UInt8, isTriple: Bool, depth: Int, formats: Int) {
    guard depth < Self.maximumDepth, formats < Self.maximumFormats else {
      (isBroken, isUnusual) = (true, true)
      return
    }
    var open = 0
    var inFormat = false
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "}") where open == 0:
        position += 1
        return
      case UInt8(ascii: "{") where inFormat:
        position += 1
        field(quote, isTriple: isTriple, depth: depth + 1, formats: formats + 1)
      case quote where inFormat:
        isUnusual = true
        if !isTriple { return }
        position += 1
      case _ where inFormat:
        if byte == UInt8(ascii: "\\") { isUnusual = true }
        if byte == 0x0A { line += 1 }
        position += 1
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        open += 1
        position += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        open -= 1
        if open < 0 { isUnusual = true }
        position += 1
      case UInt8(ascii: ":") where open == 0:
        inFormat = true
        position += 1
      case UInt8(ascii: "'"), UInt8(ascii: "\""):
        if let text = text("", depth) { fields.append(.text(text)) }
      case _ where Self.isWord(byte):
        if let token = word(depth) { fields.append(token) }
      default:
        // A backslash, and a comment: Python 3.12 allows them.
        if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "#") { isUnusual = true }
        if byte == 0x0A { line += 1 }
        position += 1
      }
    }
    (isBroken, isUnusual) = (true, true)
  }
}
