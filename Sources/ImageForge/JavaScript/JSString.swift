/// The value of a string literal or of a piece of a template.
package enum JSString {
  /// - Parameter literal: the token's bytes with their delimiters: quotes, `` ` ``, `}` and `${`.
  package static func value(_ literal: ArraySlice<UInt8>) -> String {
    var body = literal.dropFirst()
    if body.suffix(2).elementsEqual("${".utf8), literal.first != UInt8(ascii: "\""),
      literal.first != UInt8(ascii: "'")
    {
      body = body.dropLast(2)
    } else {
      body = body.dropLast()
    }
    guard body.contains(UInt8(ascii: "\\")) else { return String(decoding: body, as: UTF8.self) }
    var out: [UInt8] = []
    var index = body.startIndex
    while index < body.endIndex {
      guard body[index] == UInt8(ascii: "\\"), index + 1 < body.endIndex else {
        out.append(body[index])
        index += 1
        continue
      }
      index = escape(body, at: index + 1, into: &out)
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// Appends the meaning of the escape whose character after the backslash is at `index`; gives the index after it.
  private static func escape(_ body: ArraySlice<UInt8>, at index: Int, into out: inout [UInt8])
    -> Int
  {
    switch body[index] {
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "v"): out.append(0x0B)
    case UInt8(ascii: "0"): out.append(0)
    case 0x0A: break
    case UInt8(ascii: "x"):
      return code(body, from: index + 1, to: index + 3, next: index + 3, into: &out)
    case UInt8(ascii: "u"):
      guard index + 1 < body.endIndex, body[index + 1] == UInt8(ascii: "{") else {
        return code(body, from: index + 1, to: index + 5, next: index + 5, into: &out)
      }
      let end = body[(index + 2)...].prefix(8).firstIndex(of: UInt8(ascii: "}")) ?? body.endIndex
      return code(body, from: index + 2, to: end, next: min(end + 1, body.endIndex), into: &out)
    default: out.append(body[index])
    }
    return index + 1
  }

  private static func code(
    _ body: ArraySlice<UInt8>, from start: Int, to end: Int, next: Int, into out: inout [UInt8]
  ) -> Int {
    guard end <= body.endIndex, start <= end,
      let number = UInt32(String(decoding: body[start..<end], as: UTF8.self), radix: 16),
      let scalar = Unicode.Scalar(number)
    else {
      out.append(contentsOf: "\u{FFFD}".utf8)
      return min(next, body.endIndex)
    }
    out.append(contentsOf: String(scalar).utf8)
    return next
  }
}
