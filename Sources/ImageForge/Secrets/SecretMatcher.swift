import Foundation

/// Decides whether a secret stands at a keyword. Every method looks at each byte of its window a few times at most.
struct SecretMatcher {
  let bytes: UnsafeRawBufferPointer
  /// Whether values stand without quotes.
  let isSettings: Bool

  private func byte(_ at: Int) -> UInt8? { at >= 0 && at < bytes.count ? bytes[at] : nil }
  private func isAlphanumeric(_ at: Int) -> Bool {
    byte(at).map { ByteSet.alphanumeric.contains($0) } ?? false
  }

  /// Whether a token may begin here: not in the midst of a word, but after an escape such as `\n` or `%3D`.
  private func isBoundary(_ at: Int) -> Bool {
    guard isAlphanumeric(at - 1) || byte(at - 1) == UInt8(ascii: "_") else { return true }
    if byte(at - 2) == UInt8(ascii: "\\"), let letter = byte(at - 1), "nrtbfv".utf8.contains(letter)
    {
      return true
    }
    return byte(at - 3) == UInt8(ascii: "%") && isHex(at - 1) && isHex(at - 2)
  }

  private func isHex(_ at: Int) -> Bool {
    byte(at).map { "0123456789abcdefABCDEF".utf8.contains($0) } ?? false
  }

  /// A token of a shape that begins at `start`.
  func token(_ shape: TokenShape, start: Int) -> Range<Int>? {
    guard start >= 0 else { return nil }
    if let end = marshalledEnd(start) {
      let string = UnsafeRawBufferPointer(rebasing: bytes[..<end])
      if shape.match(string, at: start) == end { return start..<end }
    }
    guard
      isBoundary(start) || shape.runs[0].literal.map({ !ByteSet.alphanumeric.contains($0) }) == true
    else { return nil }
    return shape.match(bytes, at: start).map { start..<$0 }
  }

  /// Where a short string of Python's bytecode ends that starts at `start`. Its type and length stand in front of it,
  /// and the next object follows at once: either may look like a part of the token.
  private func marshalledEnd(_ start: Int) -> Int? {
    guard let type = byte(start - 2), let length = byte(start - 1),
      type & 0x7F == UInt8(ascii: "z") || type & 0x7F == UInt8(ascii: "Z"),
      start + Int(length) <= bytes.count
    else { return nil }
    return start + Int(length)
  }

  /// A token of one of the shapes that is assigned to the name that ends near `end`.
  func named(_ shapes: [TokenShape], after end: Int) -> Range<Int>? {
    guard let (start, _) = value(after: end) else { return nil }
    for shape in shapes {
      if let stop = shape.match(bytes, at: start), !isAlphanumeric(stop) { return start..<stop }
    }
    return nil
  }

  // MARK: Assignments

  /// Where the value begins that is assigned to a name, and its quote: `NAME=v`, `name: "v"`, `\"name\":\"v\"`.
  private func value(after end: Int) -> (start: Int, quote: UInt8?)? {
    var at = end
    while at < end + 40, let next = byte(at),
      ByteSet.alphanumeric.contains(next) || "_.-".utf8.contains(next)
    {
      at += 1
    }
    skipQuote(&at)
    if byte(at) == UInt8(ascii: "]") { at += 1 }
    skipSpace(&at)
    guard let sign = byte(at), sign == UInt8(ascii: "=") || sign == UInt8(ascii: ":") else {
      return nil
    }
    at += 1
    if let more = byte(at),
      more == UInt8(ascii: ">") || (more == UInt8(ascii: "=") && sign == UInt8(ascii: ":"))
    {
      at += 1
    }
    // A comparison assigns nothing.
    if byte(at) == UInt8(ascii: "=") { return nil }
    skipSpace(&at)
    let quote = skipQuote(&at)
    return (at, quote)
  }

  private func skipSpace(_ at: inout Int) {
    let limit = at + 8
    while at < limit, let next = byte(at), next == 0x20 || next == 0x09 { at += 1 }
  }

  @discardableResult private func skipQuote(_ at: inout Int) -> UInt8? {
    var start = at
    if byte(start) == UInt8(ascii: "\\") { start += 1 }
    guard let quote = byte(start), "\"'`".utf8.contains(quote) else { return nil }
    at = start + 1
    return quote
  }

  /// Something random that is assigned to a name which tells of a secret.
  func assignment(_ keyword: Int, _ length: Int) -> Range<Int>? {
    var begin = keyword
    while begin > keyword - 40, let last = byte(begin - 1),
      ByteSet.alphanumeric.contains(last) || last == 0x5F
    {
      begin -= 1
    }
    guard let (start, quote) = value(after: keyword + length), quote != nil || isSettings else {
      return nil
    }
    var end = start
    while end < start + 200, let next = byte(end) {
      if let quote, next == quote || next == UInt8(ascii: "\\") { break }
      if next <= 0x20 || next >= 0x7F || (quote == nil && ",;#".utf8.contains(next)) { break }
      end += 1
    }
    // A longer one is something else, such as a certificate.
    guard (16..<200).contains(end - start) else { return nil }
    if let quote, let stop = byte(end), stop != quote, stop != UInt8(ascii: "\\") { return nil }
    var stop = keyword + length
    while stop < keyword + length + 40, let next = byte(stop),
      ByteSet.alphanumeric.contains(next) || next == 0x5F
    {
      stop += 1
    }
    guard isSecretName(bytes[begin..<stop]), isRandom(bytes[start..<end]) else { return nil }
    return start..<end
  }

  /// `clientSecret`, `CLIENT_SECRET` and `client-secret` alike, but not `tokenUrl` or `secretName`.
  private func isSecretName(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
    let harmless = [
      "url", "uri", "name", "type", "path", "file", "id", "endpoint", "length", "size", "expiry",
      "ttl", "header",
      "prefix", "public", "field", "label", "placeholder", "hash", "class", "regex", "pattern",
      "message", "error",
      "internals", "publishable", "integrity",
    ]
    let lower = String(decoding: name, as: UTF8.self).lowercased()
    return !harmless.contains { lower.hasSuffix($0) } && !lower.contains("public")
  }

  /// Digits and letters without the look of words, paths, addresses or code.
  private func isRandom(_ value: Slice<UnsafeRawBufferPointer>) -> Bool {
    var (digits, upper, lower, other, changes) = (0, 0, 0, 0, 0)
    var last = 0
    for byte in value {
      let type: Int
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): (digits, type) = (digits + 1, 1)
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): (upper, type) = (upper + 1, 2)
      case UInt8(ascii: "a")...UInt8(ascii: "z"): (lower, type) = (lower + 1, 3)
      case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        type = last
      case UInt8(ascii: "!"), UInt8(ascii: "@"), UInt8(ascii: "#"), UInt8(ascii: "%"),
        UInt8(ascii: "^"),
        UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: "?"):
        (other, type) = (other + 1, 4)
      default: return false
      }
      if type != last { changes += 1 }
      last = type
    }
    guard digits >= 1, upper + lower >= 2, other * 4 <= value.count else { return false }
    // Random text of these sets changes between them about every second byte; identifiers do so rarely.
    return changes * (digits > 1 ? 5 : 2) >= value.count
  }

  // MARK: Addresses

  /// `scheme://user:password@host`: the password.
  func url(_ keyword: Int) -> Range<Int>? {
    var at = keyword
    while at < keyword + 32, let next = byte(at), next != UInt8(ascii: ":") { at += 1 }
    guard byte(at) == UInt8(ascii: ":"), byte(at + 1) == 0x2F, byte(at + 2) == 0x2F else {
      return nil
    }
    let user = at + 3
    var colon: Int?
    var sign: Int?
    var end = user
    scan: while end < user + 300, let next = byte(end) {
      switch next {
      case UInt8(ascii: ":"): colon = colon ?? end
      case UInt8(ascii: "@"): sign = end
      case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "\""),
        UInt8(ascii: "'"),
        UInt8(ascii: "`"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"),
        UInt8(ascii: ")"),
        UInt8(ascii: "("), UInt8(ascii: "{"), UInt8(ascii: "$"), UInt8(ascii: "["),
        UInt8(ascii: "|"),
        UInt8(ascii: ","), 0...0x20, 0x7F...:
        break scan
      default: break
      }
      end += 1
    }
    guard let colon, let sign, colon + 1 < sign, sign + 1 < end else { return nil }
    let password = colon + 1..<sign
    let text = String(decoding: bytes[password], as: UTF8.self).lowercased()
    let name = String(decoding: bytes[user..<colon], as: UTF8.self).lowercased()
    let host = String(decoding: bytes[(sign + 1)..<end], as: UTF8.self).lowercased()
    let samples = [
      "password", "passwd", "pass", "pwd", "secret", "user", "username", "postgres", "mysql",
      "root", "admin", "guest",
      "test", "token", "pw", "foo", "bar", "x-oauth-basic", "redis", "mypassword", "p%40ss",
      "pass%40word",
    ]
    guard text.count >= 3, !samples.contains(text), text != name, !host.hasPrefix("localhost"),
      !host.hasPrefix("127."), !host.hasPrefix("example."), !host.contains(".example"),
      !host.hasPrefix("host"),
      !text.contains("%s"), !text.allSatisfy({ $0 == "*" || $0 == "x" || $0 == "." })
    else { return nil }
    return password
  }

  // MARK: Private keys

  /// A PEM header that is followed by enough of a key; line breaks may be escaped or quoted.
  func privateKey(_ keyword: Int) -> Range<Int>? {
    var at = keyword + "-----BEGIN".utf8.count
    let label = at
    while at < label + 40, let next = byte(at),
      next == 0x20 || ByteSet.alphanumeric.contains(next) && next < UInt8(ascii: "a")
    {
      at += 1
    }
    let text = String(decoding: bytes[label..<min(at, bytes.count)], as: UTF8.self)
    guard text.hasSuffix("PRIVATE KEY") || text.hasSuffix("PRIVATE KEY BLOCK"),
      byte(at) == UInt8(ascii: "-")
    else {
      return nil
    }
    while byte(at) == UInt8(ascii: "-") { at += 1 }
    // Headers of old keys end with a blank line.
    var start = at
    var count = 0
    var line = 0
    while at < bytes.count, count < 400, let next = byte(at) {
      if ByteSet.alphanumeric.contains(next) || next == UInt8(ascii: "+")
        || next == UInt8(ascii: "/")
      {
        // `\n` and `\r` of a string literal.
        if byte(at - 1) == UInt8(ascii: "\\"),
          next == UInt8(ascii: "n") || next == UInt8(ascii: "r")
        {
          line = 0
        } else {
          if line == 0, count < 48 { (start, count) = (at, 0) }
          count += 1
          line += 1
        }
      } else if next == UInt8(ascii: ":") || next == UInt8(ascii: ";") {
        (count, line) = (0, 0)
        while let skipped = byte(at), skipped != UInt8(ascii: "\n"), skipped != UInt8(ascii: "\\") {
          at += 1
        }
        continue
      } else if "\r\n\\\"' \t+,=".utf8.contains(next) {
        line = 0
      } else {
        break
      }
      at += 1
    }
    return count >= 48 ? start..<at : nil
  }

  // MARK: Values

  /// Shannon's, bits a byte.
  static func entropy(_ value: Slice<UnsafeRawBufferPointer>) -> Double {
    guard !value.isEmpty else { return 0 }
    var counts = [Int](repeating: 0, count: 256)
    for byte in value { counts[Int(byte)] += 1 }
    let total = Double(value.count)
    return counts.reduce(0) { sum, count in
      guard count > 0 else { return sum }
      let share = Double(count) / total
      return sum - share * log2(share)
    }
  }

  private static let placeholders = [
    "example", "placeholder", "changeme", "change-me", "change_me", "replace", "your_", "your-",
    "yourtoken",
    "yourkey", "xxxx", "dummy", "redacted", "notasecret", "not-a-secret", "not_a_secret", "insert",
    "abcdef0123",
    "0123456789", "1234567890", "abcdefghij", "${", "{{", "<", "process.env", "environ",
  ].map { Array($0.utf8) }

  /// Whether it is a word of a manual rather than a secret.
  static func isPlaceholder(_ value: Slice<UnsafeRawBufferPointer>) -> Bool {
    let lower = value.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
    var run = 1
    for index in lower.indices.dropFirst() {
      run = lower[index] == lower[index - 1] ? run + 1 : 1
      if run >= 8 { return true }
    }
    return placeholders.contains { word in
      guard lower.count >= word.count else { return false }
      return (0...(lower.count - word.count)).contains {
        lower[$0..<$0 + word.count].elementsEqual(word)
      }
    }
  }

  /// A JSON Web Token that is meant for browsers, such as Supabase's `anon` key.
  static func isAnonymousToken(_ value: Slice<UnsafeRawBufferPointer>) -> Bool {
    let parts = value.split(separator: UInt8(ascii: "."))
    guard parts.count == 3 else { return false }
    var text = String(decoding: parts[1], as: UTF8.self).replacing("-", with: "+").replacing(
      "_", with: "/")
    text += String(repeating: "=", count: -text.count & 3)
    guard let payload = Data(base64Encoded: text).map({ String(decoding: $0, as: UTF8.self) })
    else { return false }
    return payload.contains(#""role":"anon""#)
  }
}
