import ForgeBasics
import Foundation

/// Decides whether a secret stands at a keyword. Every method looks at each byte of its window a few times at most.
struct SecretMatcher {
  let bytes: UnsafeRawBufferPointer
  let file: SecretPlace.File

  func byte(_ at: Int) -> UInt8? { at >= 0 && at < bytes.count ? bytes[at] : nil }

  func isAlphanumeric(_ at: Int) -> Bool {
    byte(at).map { ByteSet.alphanumeric.contains($0) } ?? false
  }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

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
    for length in statedLengths(start) where start + length <= bytes.count && isStated(start) {
      let string = UnsafeRawBufferPointer(rebasing: bytes[..<(start + length)])
      if shape.match(string, at: start) == start + length { return start..<start + length }
    }
    // Columns of a SQLite record stand side by side, and nothing parts them.
    if file.isDatabase {
      return shape.match(bytes, at: start, isWhole: false).map { start..<$0 }
    }
    guard
      isBoundary(start) || shape.runs[0].literal.map({ !ByteSet.alphanumeric.contains($0) }) == true
    else { return nil }
    return shape.match(bytes, at: start).map { start..<$0 }
  }

  /// Whether what stands in front of `start` can be a length: in a text, a letter within a word is none.
  private func isStated(_ start: Int) -> Bool {
    guard file.isText else { return true }
    guard let last = byte(start - 1), !" \n\"".utf8.contains(last), let before = byte(start - 2)
    else {
      return false
    }
    return !ByteSet.alphanumeric.contains(last)
      || (!ByteSet.alphanumeric.contains(before) && !"+/_-=".utf8.contains(before))
  }

  /// How long the string at `start` is, if what stands in front of it states that: formats such as Python's bytecode,
  /// pickle, MessagePack, CBOR and Protocol Buffers put the length there, and let the next value follow at once. Either
  /// may look like a part of the token.
  func statedLengths(_ start: Int) -> [Int] {
    guard let last = byte(start - 1) else { return [] }
    var lengths = [Int(last)]
    if let first = byte(start - 2) {
      // Big-endian 16 bits, and the varint of Protocol Buffers.
      if first < 4 { lengths.append(Int(first) << 8 | Int(last)) }
      if first & 0x80 != 0, last < 8 { lengths.append(Int(first & 0x7F) | Int(last) << 7) }
    }
    // Little-endian 32 bits.
    if last == 0, byte(start - 2) == 0, let low = byte(start - 4), let high = byte(start - 3) {
      lengths.append(Int(high) << 8 | Int(low))
    }
    // MessagePack's short strings have the length in the low five bits of one byte.
    if last & 0xE0 == 0xA0 { lengths.append(Int(last & 0x1F)) }
    return lengths.filter { $0 >= 4 }
  }

  /// A token of one of the shapes that is assigned to the name that ends near `end`.
  func named(_ shapes: [TokenShape], after end: Int) -> Range<Int>? {
    guard isNameOfSecret(end) else { return nil }
    if let value = value(after: end) {
      for shape in shapes {
        if let stop = shape.match(bytes, at: value.start), !isAlphanumeric(stop) {
          return value.start..<stop
        }
      }
    }
    return packed(after: end).first { range in
      let string = UnsafeRawBufferPointer(rebasing: bytes[..<range.upperBound])
      return shapes.contains { $0.match(string, at: range.lowerBound) == range.upperBound }
    }
  }

  /// Whether the name that goes on at `end` tells of a secret, and not only of a service.
  private func isNameOfSecret(_ end: Int) -> Bool {
    var begin = end
    while begin > end - 60, let last = byte(begin - 1), Self.nameBytes.contains(last) { begin -= 1 }
    var stop = end
    skip(&stop, Self.nameBytes, most: 40)
    let name = text(begin..<stop).lowercased()
    return ["key", "token", "secret", "pass", "pat", "auth", "cred", "bearer"].contains(
      where: name.contains)
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
    "yourtoken", "yourkey", "xxxx", "dummy", "redacted", "notasecret", "not-a-secret",
    "not_a_secret", "insert", "abcdef0123", "0123456789", "1234567890", "abcdefghij", "${", "{{",
    "<", "process.env", "environ",
  ].map { Array($0.utf8) }

  /// Whether a token is a sample in a manual rather than a secret: a word tells, or one letter that stands for any.
  /// Long tokens hold binary data, in which zeros make long runs of a letter.
  static func isPlaceholder(_ value: Slice<UnsafeRawBufferPointer>) -> Bool {
    let lower = value.map { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
    var (run, longest) = (1, 1)
    for index in lower.indices.dropFirst() {
      run = lower[index] == lower[index - 1] ? run + 1 : 1
      longest = max(longest, run)
    }
    if longest >= 8, longest * 4 >= lower.count { return true }
    // By chance, a long random value holds any short word.
    return placeholders.contains { word in
      guard lower.count >= word.count, word.count > 4 || lower.count < 200 else { return false }
      return (0...(lower.count - word.count)).contains {
        lower[$0] == word[0] && lower[$0..<$0 + word.count].elementsEqual(word)
      }
    }
  }

  /// A JSON Web Token that is meant for browsers, such as Supabase's `anon` key.
  static func isAnonymousToken(_ value: Slice<UnsafeRawBufferPointer>) -> Bool {
    let parts = value.split(separator: UInt8(ascii: "."))
    guard parts.count == 3 else { return false }
    let payload = String(decoding: Base64.decoded(parts[1]), as: UTF8.self)
    return payload.contains(#""role":"anon""#)
  }
}
