import Foundation

/// Base64 of both alphabets (RFC 4648), as far as it goes.
enum Base64 {
  /// What may stand in it, line breaks too.
  static let letters = ByteSet(ByteSet.alphanumeric.bytes + Array("+/-_= \r\n".utf8))

  /// The bytes of what is decodable from the start on; line breaks and blanks do not count.
  static func decoded(_ text: some Sequence<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var (bits, count): (UInt32, Int) = (0, 0)
    for letter in text {
      let value: UInt32
      switch letter {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(letter) - 65
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(letter) - 71
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(letter) + 4
      case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
      case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
      case 0x20, 0x09, 0x0A, 0x0D: continue
      default: return bytes
      }
      bits = bits << 6 | value
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }
}

/// How the bytes of a text stand for its letters.
enum TextEncoding {
  /// One byte for each letter of ASCII.
  case bytes
  case utf16LittleEndian
  case utf16BigEndian

  /// By the byte order mark, or by the zeros of a text that is mostly ASCII.
  static func of(_ head: UnsafeRawBufferPointer) -> TextEncoding {
    guard head.count >= 16 else { return .bytes }
    if head[0] == 0xFF, head[1] == 0xFE, head[3] == 0 { return .utf16LittleEndian }
    if head[0] == 0xFE, head[1] == 0xFF, head[2] == 0 { return .utf16BigEndian }
    func isAscii(_ parity: Int) -> Bool {
      stride(from: 0, to: 16, by: 2).allSatisfy {
        head[$0 + 1 - parity] == 0 && (0x09...0x7E).contains(head[$0 + parity])
      }
    }
    if isAscii(0) { return .utf16LittleEndian }
    return isAscii(1) ? .utf16BigEndian : .bytes
  }
}
