/// Writes what TOML 1.1 allows in inline tables as TOML 1.0 has it, which is all that the parser reads: line ends and
/// comments inside become spaces, and so does a comma before the closing brace. No byte moves.
struct TOMLInlineTables {
  private var bytes: [UInt8]
  private var position = 0
  /// The braces and brackets that are open.
  private var open: [UInt8] = []
  /// Where the comma after the last pair of an inline table stands, while nothing has followed it.
  private var comma: Int?
  /// Whether a pair, or a part of one, stands before this place, with no comma between.
  private var followsPair = false
  private var isChanged = false

  /// - Returns: nil where the text needs no change.
  static func rewritten(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.contains(UInt8(ascii: "{")) else { return nil }
    var rewriter = TOMLInlineTables(bytes: bytes)
    rewriter.rewrite()
    return rewriter.isChanged ? rewriter.bytes : nil
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var isInTable: Bool { open.last == UInt8(ascii: "{") }

  private mutating func rewrite() {
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        (comma, followsPair) = (nil, true)
        skipString(byte)
        continue
      case UInt8(ascii: "#"):
        skipComment()
        continue
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        if isInTable { blank(position) }
      case UInt8(ascii: " "), UInt8(ascii: "\t"): break
      case UInt8(ascii: ","):
        comma = isInTable && followsPair ? position : nil
        followsPair = false
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        (comma, followsPair) = (nil, false)
        open.append(byte)
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if byte == UInt8(ascii: "}"), let comma { blank(comma) }
        (comma, followsPair) = (nil, true)
        _ = open.popLast()
      default: (comma, followsPair) = (nil, true)
      }
      position += 1
    }
  }

  private mutating func blank(_ index: Int) {
    bytes[index] = UInt8(ascii: " ")
    isChanged = true
  }

  private mutating func skipComment() {
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
      if isInTable { blank(position) }
      position += 1
    }
  }

  private mutating func skipString(_ quote: UInt8) {
    let isTripled =
      position + 2 < bytes.count && bytes[position + 1] == quote && bytes[position + 2] == quote
    position += isTripled ? 3 : 1
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
        position += 2
      } else if byte == quote {
        let count = isTripled ? bytes[position...].prefix(5).prefix { $0 == quote }.count : 1
        position += count
        if !isTripled || count >= 3 { return }
      } else if byte == UInt8(ascii: "\n"), !isTripled {
        // A string without an end: the parser says so.
        return
      } else {
        position += 1
      }
    }
  }
}
