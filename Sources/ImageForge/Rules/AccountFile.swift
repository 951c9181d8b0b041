/// `/etc/passwd` or `/etc/group` as runtimes read them (moby/sys/user, ParsePasswdFilter): a line ends at a line feed
/// and a field at a colon, whatever Unicode says; what lacks is empty, and a number that is none is 0.
struct AccountFile {
  typealias Text = ArraySlice<Unicode.Scalar>

  /// Fields of each line that is not empty.
  let rows: [[Text]]

  /// Nil where the image has no such file.
  init(_ bytes: [UInt8]?) {
    rows = (bytes ?? []).split(separator: UInt8(ascii: "\n")).compactMap { line in
      let text = Self.trimmed(Array(String(decoding: line, as: UTF8.self).unicodeScalars)[...])
      return text.isEmpty ? nil : text.split(separator: ":", omittingEmptySubsequences: false)
    }
  }

  private static func trimmed(_ text: Text) -> Text {
    let start = text.drop { $0.properties.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.properties.isWhitespace }) else { return [] }
    return start[...last]
  }

  /// The first row whose field is this text, scalar by scalar.
  func first(_ field: Int, is text: some Collection<Unicode.Scalar>) -> [Text]? {
    rows.first { $0.count > field && $0[field].elementsEqual(text) }
  }

  /// The first row whose field is this number.
  func first(_ field: Int, is id: Int64) -> [Text]? { rows.first { Self.id($0, field) == id } }

  /// A uid or gid: of 32 bits, to which runtimes cut it.
  static func id(_ row: [Text], _ field: Int) -> Int64 {
    guard row.count > field, let number = number(row[field]) else { return 0 }
    return Int64(UInt32(truncatingIfNeeded: number))
  }

  /// As Go's Atoi: nil for what is no number, the nearest of 64 bits for what is beyond them.
  static func number(_ text: some Collection<Unicode.Scalar>) -> Int64? {
    let digits =
      text.first.map { $0 == "+" || $0 == "-" } == true ? text.dropFirst() : text.dropFirst(0)
    guard !digits.isEmpty, digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
    return Int64(String(String.UnicodeScalarView(text))) ?? (text.first == "-" ? .min : .max)
  }
}
