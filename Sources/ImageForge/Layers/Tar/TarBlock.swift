extension UnsafeRawBufferPointer {
  /// Whether all bytes are 0.
  var isZero: Bool {
    let words = count & ~7
    for offset in stride(from: 0, to: words, by: 8)
    where loadUnaligned(fromByteOffset: offset, as: UInt64.self) != 0 { return false }
    return self[words...].allSatisfy { $0 == 0 }
  }
}

/// One header block of 512 bytes: the fields of ustar (POSIX.1-1988), GNU tar and star, as they stand.
package struct TarBlock {
  /// Bytes.
  package static let size = 512

  /// Whether a file that starts with these bytes may be a tar archive.
  package static func isHeader(_ start: [UInt8]) -> Bool {
    start.count == size && start.withUnsafeBytes { TarBlock(bytes: $0).isSound }
  }

  /// The bytes that data of this size takes in a tar: whole blocks.
  static func padded(_ size: Int64) -> Int64 { (size + 511) & ~511 }

  enum Dialect {
    case v7, ustar, star, gnu
  }

  /// Borrowed: valid only while the block is parsed.
  let bytes: UnsafeRawBufferPointer

  var isZero: Bool { bytes.isZero }

  /// Whether the header's own checksum holds, over unsigned bytes, or signed ones as some old writers summed.
  var isSound: Bool {
    guard let expected = number(148, 8) else { return false }
    // The field itself counts as eight blanks.
    func sum<Value: BinaryInteger>(_ value: (UInt8) -> Value) -> Int {
      var total = 0
      for byte in bytes { total += Int(value(byte)) }
      for byte in bytes[148..<156] { total += 0x20 - Int(value(byte)) }
      return total
    }
    return expected == sum { $0 } || expected == sum { Int8(bitPattern: $0) }
  }

  var type: UInt8 { bytes[156] }

  var dialect: Dialect {
    let magic = bytes[257..<265]
    if magic.elementsEqual("ustar  \0".utf8) { return .gnu }
    guard magic.prefix(6).elementsEqual("ustar\0".utf8) else { return .v7 }
    if bytes[508..<512].elementsEqual("tar\0".utf8) { return .star }
    return .ustar
  }

  /// A field of text: up to its first NUL.
  func text(_ offset: Int, _ length: Int) -> Slice<UnsafeRawBufferPointer> {
    bytes[offset..<offset + length].prefix { $0 != 0 }
  }

  /// The whole name, `prefix/name` where the dialect has a prefix.
  var name: [UInt8] {
    let name = text(0, 100)
    let prefix: Slice<UnsafeRawBufferPointer> =
      switch dialect {
      case .ustar: text(345, 155)
      case .star: text(345, 131)
      case .v7, .gnu: bytes[0..<0]
      }
    guard !prefix.isEmpty else { return Array(name) }
    return prefix + [UInt8(ascii: "/")] + name
  }

  /// A field of octal digits between blanks and NULs, or of GNU's base-256. Nil when it is neither, or too large.
  func number(_ offset: Int, _ length: Int) -> Int64? {
    let field = bytes[offset..<offset + length]
    guard bytes[offset] & 0x80 == 0 else { return Self.base256(field) }
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0 }
    var value: Int64 = 0
    var digits = field.drop(while: isBlank)
    while let byte = digits.first, !isBlank(byte) {
      guard (0x30...0x37).contains(byte), value < 1 << 60 else { return nil }
      value = value << 3 | Int64(byte - 0x30)
      digits = digits.dropFirst()
    }
    guard digits.allSatisfy(isBlank) else { return nil }
    return value
  }

  /// Two's complement, big-endian; the first bit only hits the form, the second is the sign.
  private static func base256(_ field: Slice<UnsafeRawBufferPointer>) -> Int64? {
    let first = field[field.startIndex]
    // The seven bits of the first byte, with their sign carried on to the left.
    var value = Int64(Int8(bitPattern: first << 1) >> 1)
    let sign = value >> 63
    for byte in field.dropFirst() {
      guard value >> 55 == sign else { return nil }
      value = value << 8 | Int64(byte)
    }
    return value
  }
}
