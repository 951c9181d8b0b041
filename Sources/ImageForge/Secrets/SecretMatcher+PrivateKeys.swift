import ForgeBasics

extension SecretMatcher {
  /// Base64 of a key that its header must have behind it; a line of OpenVPN's has 32 digits.
  private static let shortest = 40
  private static let base64 = ByteSet(ByteSet.alphanumeric.bytes + Array("+/".utf8))
  /// What may stand between the lines of a key: line breaks, also escaped ones, and the signs of string literals.
  private static let between = ByteSet(Array("\r\n \t\"'`,+=#*>|()[\\".utf8))

  /// The base64 behind the header of a private key (RFC 7468, RFC 1421, RFC 4716, OpenVPN's), at most 400 bytes of it.
  func privateKey(_ keyword: Int) -> Range<Int>? {
    var at = keyword
    while byte(at) == UInt8(ascii: "-") { at += 1 }
    let label = at
    while at < label + 60, let next = byte(at), next == 0x20 || ByteSet.alphanumeric.contains(next)
    {
      at += 1
    }
    let words = text(label..<at).split(separator: " ").map(String.init)
    guard byte(at) == UInt8(ascii: "-"), words.first == "BEGIN" else { return nil }
    let name = words.dropFirst().joined(separator: " ")
    let isKey = name.hasSuffix("PRIVATE KEY") || name.hasSuffix("PRIVATE KEY BLOCK")
    guard isKey || name.hasPrefix("OpenVPN Static key") else { return nil }
    while byte(at) == UInt8(ascii: "-") { at += 1 }
    return body(at, shortest: isKey ? Self.shortest : 32)
  }

  /// The first line of base64 from `at` on, and what follows it; lines of headers in front of it are skipped.
  private func body(_ at: Int, shortest: Int) -> Range<Int>? {
    var at = at
    let limit = min(bytes.count, at + 900)
    while at < limit {
      skipBetween(&at, limit)
      let start = at
      skipLine(&at, limit)
      if at - start >= shortest { return start..<end(of: start, limit) }
      guard isHeader(start, &at, limit) else { return nil }
    }
    return nil
  }

  /// To the end of a line of base64, in which JSON may escape slashes.
  private func skipLine(_ at: inout Int, _ limit: Int) {
    while at < limit {
      var next = at
      while byte(next) == UInt8(ascii: "\\") { next += 1 }
      if next > at {
        guard byte(next) == UInt8(ascii: "/") else { return }
        at = next
      }
      guard Self.base64.contains(bytes[at]) else { return }
      at += 1
    }
  }

  /// `Proc-Type: 4,ENCRYPTED`, `Comment: "x"` and the blank line behind them; what has no colon is no header.
  private func isHeader(_ start: Int, _ at: inout Int, _ limit: Int) -> Bool {
    // A checksum, or the rest of what was escaped.
    if at - start < 5, byte(at) != UInt8(ascii: "-"), byte(at) != UInt8(ascii: ":"), at > start {
      return true
    }
    var isField = false
    while at < limit, bytes[at] != UInt8(ascii: "\n") {
      if bytes[at] == UInt8(ascii: "\\"), let next = byte(at + 1), "nr".utf8.contains(next) {
        break
      }
      if bytes[at] == UInt8(ascii: ":") { isField = true }
      at += 1
    }
    return isField && at < limit
  }

  private func skipBetween(_ at: inout Int, _ limit: Int) {
    while at < limit {
      if bytes[at] == UInt8(ascii: "\\") {
        while byte(at) == UInt8(ascii: "\\") { at += 1 }
        if let next = byte(at), "nrt".utf8.contains(next) { at += 1 }
        if byte(at) == UInt8(ascii: "u"), byte(at + 1) == UInt8(ascii: "0") { at += 5 }
      } else if Self.between.contains(bytes[at]) {
        at += 1
      } else {
        return
      }
    }
  }

  /// As far as base64 and line breaks go, 400 bytes at most.
  private func end(of start: Int, _ limit: Int) -> Int {
    var at = start
    while at < min(limit, start + 400),
      Self.base64.contains(bytes[at]) || Self.between.contains(bytes[at])
    {
      at += 1
    }
    return at
  }

  /// Whether base64 at `start` is the body of a key with a header, which is reported already.
  func isBehindHeader(_ start: Int) -> Bool {
    var at = start - 1
    while at > start - 24, let last = byte(at),
      Self.between.contains(last) || "nr".utf8.contains(last)
    {
      at -= 1
    }
    return byte(at) == UInt8(ascii: "-")
  }

  // MARK: DER

  /// What the first bytes of a file tell: a private key in DER, by its structure (RFC 8017 A.1.2, RFC 5958, RFC 5915).
  static func isDerKey(_ head: UnsafeRawBufferPointer) -> Bool {
    guard let body = element(head, at: 0, tag: 0x30) else { return false }
    guard let version = element(head, at: body.start, tag: 0x02), version.count == 1 else {
      return isEncryptedKey(head, body.start)
    }
    let next = version.start + 1
    switch head[version.start] {
    case 0:
      // PKCS#1 goes on with the modulus; PKCS#8 with the algorithm and the key in an octet string.
      if let modulus = element(head, at: next, tag: 0x02) {
        return modulus.count >= 64
          && element(head, at: modulus.start + modulus.count, tag: 0x02) != nil
      }
      guard let algorithm = element(head, at: next, tag: 0x30) else { return false }
      return element(head, at: algorithm.start, tag: 0x06) != nil
        && element(head, at: algorithm.start + algorithm.count, tag: 0x04) != nil
    case 1:
      guard let key = element(head, at: next, tag: 0x04) else { return false }
      return (20...72).contains(key.count)
        && element(head, at: key.start + key.count, tag: 0xA0) != nil
    default: return false
    }
  }

  /// PKCS#8 under a password: the algorithm is one of PKCS#5 or PKCS#12.
  private static func isEncryptedKey(_ head: UnsafeRawBufferPointer, _ at: Int) -> Bool {
    guard let algorithm = element(head, at: at, tag: 0x30),
      let oid = element(head, at: algorithm.start, tag: 0x06), oid.count >= 9
    else { return false }
    let prefix: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01]
    let family = head[oid.start + 7]
    return head[oid.start..<oid.start + 7].elementsEqual(prefix)
      && (family == 0x05 || family == 0x0C)
      && element(head, at: algorithm.start + algorithm.count, tag: 0x04) != nil
  }

  private static func element(_ head: UnsafeRawBufferPointer, at: Int, tag: UInt8) -> (
    start: Int, count: Int
  )? {
    guard at + 2 <= head.count, head[at] == tag else { return nil }
    let first = head[at + 1]
    guard first & 0x80 != 0 else {
      return at + 2 + Int(first) <= head.count || at == 0 ? (at + 2, Int(first)) : nil
    }
    let size = Int(first & 0x7F)
    guard (1...3).contains(size), at + 2 + size <= head.count else { return nil }
    let count = head[(at + 2)..<(at + 2 + size)].reduce(0) { $0 << 8 | Int($1) }
    return (at + 2 + size, count)
  }
}
