/// Finds the few malformed texts at which toml++ 3.4, the parser below, stops the process by an assertion instead of
/// throwing an error.
///
/// It goes through a document as that parser does, token by token, and looks at the four places where the parser
/// asserts what it has not checked: the first character of a header's key, of an array's element, of what follows a
/// date and a space, and of the time in a date-time. Where the text is malformed in any other way it stops: the parser
/// throws there, and never sees the rest.
struct TOMLGuard {
  /// What is malformed, and the offset in bytes.
  struct Problem: Error, Equatable {
    let reason: String
    let offset: Int
  }

  /// toml++ throws at this depth of nested values.
  private static let maximumDepth = 256

  private let bytes: [UInt8]
  private var position = 0

  /// - Returns: nil where the parser may read the text.
  static func problem(in bytes: [UInt8]) -> Problem? {
    var scan = TOMLGuard(bytes: bytes)
    do throws(Problem) {
      try scan.document()
      return nil
    } catch {
      return error
    }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  // MARK: Statements

  private mutating func document() throws(Problem) {
    while position < bytes.count {
      guard skipBlanks() else { return }
      switch current {
      case nil: return
      case UInt8(ascii: "["):
        guard try header() else { return }
      case let byte? where Self.beginsKey(byte):
        guard try keyAndValue(depth: 0) else { return }
      default: return
      }
      skipSpaces()
      guard current == nil || isAtBlank else { return }
    }
  }

  /// `[a.b]` or `[[a.b]]`. False where the parser throws.
  private mutating func header() throws(Problem) -> Bool {
    position += 1
    skipSpaces()
    let isArray = current == UInt8(ascii: "[")
    if isArray {
      position += 1
      skipSpaces()
    }
    guard let first = current, first != UInt8(ascii: "]") else { return false }
    guard Self.beginsKey(first) else { throw problem("a table's name was expected") }
    guard key() else { return false }
    for _ in 0..<(isArray ? 2 : 1) {
      guard take(UInt8(ascii: "]")) else { return false }
    }
    return true
  }

  /// A dotted key, with the spaces behind it. False where the parser throws.
  private mutating func key() -> Bool {
    while let byte = current {
      if Self.isQuote(byte) {
        guard !isTripled(byte), string() else { return false }
      } else {
        guard Self.isBareKey(byte) else { return false }
        while let byte = current, Self.isBareKey(byte) { position += 1 }
      }
      skipSpaces()
      guard take(UInt8(ascii: ".")) else { return true }
      skipSpaces()
    }
    return false
  }

  private mutating func keyAndValue(depth: Int) throws(Problem) -> Bool {
    guard key(), take(UInt8(ascii: "=")) else { return false }
    skipSpaces()
    guard let byte = current, !Self.endsValue(byte) else { return false }
    return try value(depth: depth)
  }

  // MARK: Values

  /// False where the parser throws.
  private mutating func value(depth: Int) throws(Problem) -> Bool {
    guard depth < Self.maximumDepth, let byte = current else { return false }
    switch byte {
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "{"): return try inlineTable(depth: depth)
    case UInt8(ascii: "\""), UInt8(ascii: "'"): return string()
    default: return try plainValue()
    }
  }

  private mutating func array(depth: Int) throws(Problem) -> Bool {
    position += 1
    var isAfterValue = false
    while skipBlanks(), let byte = current {
      switch byte {
      case UInt8(ascii: "]"):
        position += 1
        return true
      case UInt8(ascii: ",") where isAfterValue:
        position += 1
        isAfterValue = false
      case _ where isAfterValue || byte == UInt8(ascii: ","): return false
      case UInt8(ascii: "}"), 0x80...: throw problem("a value was expected in the array")
      default:
        guard try value(depth: depth + 1) else { return false }
        isAfterValue = true
      }
    }
    return false
  }

  private mutating func inlineTable(depth: Int) throws(Problem) -> Bool {
    position += 1
    var isAfterValue = false
    while true {
      skipSpaces()
      switch current {
      case UInt8(ascii: "}"):
        position += 1
        return true
      case UInt8(ascii: ",") where isAfterValue:
        position += 1
        isAfterValue = false
      case let byte? where !isAfterValue && Self.beginsKey(byte):
        guard try keyAndValue(depth: depth + 1) else { return false }
        isAfterValue = true
      default: return false
      }
    }
  }

  /// A number, boolean, date or time.
  private mutating func plainValue() throws(Problem) -> Bool {
    var text = plainText()
    if Self.isDateLike(text), current == UInt8(ascii: " "), let digit = byte(at: position + 1),
      Self.isDigit(digit)
    {
      if text.contains(UInt8(ascii: "_")) { throw problem("a date holds an underscore") }
      if let next = byte(at: position + 2), Self.endsValue(next) || next >= 0x80 {
        throw problem("a time was expected behind the date")
      }
      position += 1
      text = bytes[text.startIndex..<plainText().endIndex]
    }
    let time = text.startIndex + 11
    if Self.isDateLike(text.prefix(10)), time < text.endIndex,
      text[time - 1] | 0x20 == UInt8(ascii: "t") || text[time - 1] == UInt8(ascii: " "),
      !Self.isDigit(text[time])
    {
      throw problem("a time was expected behind the date")
    }
    return current.map { $0 < 0x80 } ?? true
  }

  /// Up to what ends a value, or to what no value holds.
  private mutating func plainText() -> ArraySlice<UInt8> {
    let start = position
    while let byte = current, !Self.endsValue(byte), byte < 0x80 { position += 1 }
    return bytes[start..<position]
  }

  /// What toml++ takes for a date by its look: ten characters, underscores left out, with dashes in their places.
  private static func isDateLike(_ text: ArraySlice<UInt8>) -> Bool {
    let dash = UInt8(ascii: "-")
    let text = text.filter { $0 != UInt8(ascii: "_") }
    return text.count == 10 && isDigit(text[0]) && text[4] == dash && text[7] == dash
      && text.allSatisfy { isDigit($0) || $0 == dash }
  }

  // MARK: Strings

  /// A string of any kind. False where it has no end.
  private mutating func string() -> Bool {
    guard let quote = current else { return false }
    let isBasic = quote == UInt8(ascii: "\"")
    let isMultiline = isTripled(quote)
    position += isMultiline ? 3 : 1
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\\") where isBasic: position += 2
      case quote:
        let count = isMultiline ? bytes[position...].prefix(5).prefix { $0 == quote }.count : 1
        position += count
        if !isMultiline || count >= 3 { return true }
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        guard isMultiline else { return false }
        position += 1
      default: position += 1
      }
    }
    return false
  }

  private func isTripled(_ quote: UInt8) -> Bool {
    byte(at: position + 1) == quote && byte(at: position + 2) == quote
  }

  // MARK: Bytes

  private var current: UInt8? { byte(at: position) }

  private func byte(at index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpaces() {
    while let byte = current, byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
      position += 1
    }
  }

  /// Whether a comment or the end of the line is next.
  private var isAtBlank: Bool {
    switch current {
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "#"): true
    default: false
    }
  }

  /// Skips spaces, ends of lines and comments. False where the parser throws.
  private mutating func skipBlanks() -> Bool {
    while true {
      skipSpaces()
      switch current {
      case UInt8(ascii: "\n"): position += 1
      case UInt8(ascii: "\r"):
        guard byte(at: position + 1) == UInt8(ascii: "\n") else { return false }
        position += 2
      case UInt8(ascii: "#"):
        while let byte = current, !(0x0A...0x0D).contains(byte) { position += 1 }
      case 0x0B, 0x0C: return false
      default: return true
      }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isQuote(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
  }

  private static func isBareKey(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }

  private static func beginsKey(_ byte: UInt8) -> Bool { isBareKey(byte) || isQuote(byte) }

  /// White space, and what closes or parts values.
  private static func endsValue(_ byte: UInt8) -> Bool {
    (0x09...0x0D).contains(byte) || " ]},#".utf8.contains(byte)
  }

  private func problem(_ reason: String) -> Problem { Problem(reason: reason, offset: position) }
}
