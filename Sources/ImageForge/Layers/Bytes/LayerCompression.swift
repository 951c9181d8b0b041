/// How a layer blob is compressed, told from its first bytes and never from its media type.
package enum LayerCompression: String, Sendable {
  case none, gzip, zstd, xz, bzip2

  /// How many of the first bytes tell.
  package static let magicSize = 6

  /// What the first bytes of a blob tell; `none` where they tell nothing.
  package init(magic: some Collection<UInt8>) {
    let bytes = Array(magic.prefix(Self.magicSize))
    self =
      switch bytes {
      case _ where bytes.starts(with: [0x1F, 0x8B]): .gzip
      case _ where Self.isZstandard(bytes): .zstd
      case _ where bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]): .xz
      case _ where Self.isBzip2(bytes): .bzip2
      default: .none
      }
  }

  /// A frame, or a skippable frame, whose first byte is 0x50 to 0x5F (RFC 8878, section 3.1).
  private static func isZstandard(_ bytes: [UInt8]) -> Bool {
    if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) { return true }
    return bytes.count >= 4 && bytes[0] & 0xF0 == 0x50
      && bytes[1...3].elementsEqual([0x2A, 0x4D, 0x18])
  }

  /// `BZh` and the size of a block, a digit from 1.
  private static func isBzip2(_ bytes: [UInt8]) -> Bool {
    guard bytes.starts(with: "BZh".utf8), bytes.count > 3 else { return false }
    return (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(bytes[3])
  }
}
