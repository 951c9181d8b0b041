/// How the content of a file is packed, by its first bytes.
enum ArchiveForm {
  case zip, tar, compressed, gitObject, gitPack
  /// An archive that nothing here unpacks.
  case unknown

  private static let compressions: [[UInt8]] = [
    [0x1F, 0x8B, 0x08], [0x42, 0x5A, 0x68], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00],
    [0x28, 0xB5, 0x2F, 0xFD],
  ]
  private static let others: [[UInt8]] = [
    [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], [0x52, 0x61, 0x72, 0x21, 0x1A, 0x07],
  ]

  /// Nil for what is no archive.
  init?(_ head: UnsafeRawBufferPointer, path: [UInt8]) {
    if head.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
      self = .zip
    } else if Self.compressions.contains(where: { head.starts(with: $0) }) {
      self = .compressed
    } else if Self.others.contains(where: { head.starts(with: $0) }) {
      self = .unknown
    } else if head.count >= 262, head[257..<262].elementsEqual("ustar".utf8) {
      self = .tar
    } else if head.starts(with: "PACK\0\0\0".utf8) {
      self = .gitPack
    } else if head.count > 2, head[0] == 0x78, (Int(head[0]) << 8 | Int(head[1])) % 31 == 0,
      Self.isGitObject(path)
    {
      self = .gitObject
    } else {
      return nil
    }
  }

  /// `objects/` and 2 and 38 hexadecimal digits.
  private static func isGitObject(_ path: [UInt8]) -> Bool {
    let parts = path.split(separator: UInt8(ascii: "/")).suffix(3)
    guard parts.count == 3, let first = parts.first, first.elementsEqual("objects".utf8) else {
      return false
    }
    return parts.dropFirst().map(\.count).elementsEqual([2, 38])
  }
}

/// A member of a zip archive (APPNOTE.TXT), as the central directory has it.
struct ZipMember {
  let name: [UInt8]
  let method: Int
  let isEncrypted: Bool
  let compressed: Int
  private let header: Int

  /// Nil for an archive without a sound directory.
  static func all(_ bytes: UnsafeRawBufferPointer) -> [ZipMember]? {
    guard let end = directoryEnd(bytes) else { return nil }
    let count = number(bytes, end + 10, 2)
    var at = number(bytes, end + 16, 4)
    var members: [ZipMember] = []
    for _ in 0..<count {
      guard at + 46 <= bytes.count, number(bytes, at, 4) == 0x0201_4B50 else { return nil }
      let (nameLength, extra) = (number(bytes, at + 28, 2), number(bytes, at + 30, 2))
      let comment = number(bytes, at + 32, 2)
      guard at + 46 + nameLength <= bytes.count else { return nil }
      members.append(
        ZipMember(
          name: Array(bytes[(at + 46)..<(at + 46 + nameLength)]),
          method: number(bytes, at + 10, 2), isEncrypted: number(bytes, at + 8, 2) & 1 == 1,
          compressed: number(bytes, at + 20, 4), header: number(bytes, at + 42, 4)))
      at += 46 + nameLength + extra + comment
    }
    return members
  }

  /// The packed bytes; nil where they are not where they should be.
  func data(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard header + 30 <= bytes.count, Self.number(bytes, header, 4) == 0x0403_4B50 else {
      return nil
    }
    let start =
      header + 30 + Self.number(bytes, header + 26, 2) + Self.number(bytes, header + 28, 2)
    guard start <= bytes.count, compressed <= bytes.count - start else { return nil }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + compressed])
  }

  private static func directoryEnd(_ bytes: UnsafeRawBufferPointer) -> Int? {
    guard bytes.count >= 22 else { return nil }
    let last = bytes.count - 22
    // A comment of at most 64 KiB may follow.
    for at in stride(from: last, through: max(0, last - 0xFFFF), by: -1)
    where number(bytes, at, 4) == 0x0605_4B50 { return at }
    return nil
  }

  /// An unsigned number, little end first; what is beyond the bytes counts as 0.
  private static func number(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ count: Int) -> Int {
    guard at >= 0, at + count <= bytes.count else { return 0 }
    return (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
  }
}

/// An object of a git pack.
enum PackEntry {
  /// Where the packed data of the entry at an offset begins; nil for what is no entry.
  static func dataStart(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int? {
    var at = start
    func next() -> UInt8? {
      guard at < bytes.count else { return nil }
      defer { at += 1 }
      return bytes[at]
    }
    guard var byte = next() else { return nil }
    let type = byte >> 4 & 7
    while byte & 0x80 != 0 {
      guard let more = next(), at - start < 12 else { return nil }
      byte = more
    }
    switch type {
    case 1, 2, 3, 4: return at
    case 6:
      // The distance of what it is a change of.
      repeat {
        guard let more = next(), at - start < 24 else { return nil }
        byte = more
      } while byte & 0x80 != 0
      return at
    case 7: return at + 20
    default: return nil
    }
  }
}
