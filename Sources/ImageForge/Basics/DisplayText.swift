/// Text from the outside world, made safe for a terminal or a log: what could move the cursor, change colours,
/// hide characters or forge a CI command is shown as an escape.
public enum DisplayText {
  /// Escapes control characters, line breaks and bidirectional or invisible formatting characters.
  public static func escape(_ text: String) -> String {
    // Almost all text is printable ASCII, and looking up categories is slow.
    guard text.utf8.contains(where: { !(0x20..<0x7F).contains($0) }) else { return text }
    guard text.unicodeScalars.contains(where: mustEscape) else { return text }
    var out = ""
    for scalar in text.unicodeScalars {
      if mustEscape(scalar) {
        out += escaped(scalar)
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// A number of things: `1 file`, `3 files`.
  /// - Parameter noun: the singular of a word whose plural ends in `s`.
  public static func count(_ number: Int, _ noun: String) -> String {
    if number == 1 { return "1 \(noun)" }
    return "\(number) \(noun)s"
  }

  /// The same for bytes, such as a path in a layer; bytes that are not UTF-8 become `\xNN`.
  public static func escape(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    if let text = String(validating: bytes, as: UTF8.self) { return escape(text) }
    return bytes.map { byte in
      guard (0x20..<0x7f).contains(byte) else { return "\\x" + hex(UInt32(byte), 2) }
      return String(UnicodeScalar(byte))
    }.joined()
  }

  /// A line for a log that a CI runner reads too: what the runner would take for a command of its own (`::error::` at
  /// the start, `##[error]` or `##vso[` anywhere) is broken by an escape.
  public static func line(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "#") }) else {
      return text
    }
    var out = text
    if let start = out.firstIndex(where: { !$0.isWhitespace }), out[start...].hasPrefix("::") {
      out.replaceSubrange(start...start, with: "\\x3a")
    }
    return out.replacing(/##([A-Za-z]*)\[/) { "#\\x23\($0.1)[" }
  }

  private static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
      .unassigned:
      true
    default: false
    }
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    guard scalar.value >= 0x80 else { return "\\x" + hex(scalar.value, 2) }
    return "\\u{" + hex(scalar.value, 4) + "}"
  }

  private static func hex(_ value: UInt32, _ width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
