import ForgeBasics

/// Values that are assigned to names: `NAME=v`, `name: "v"`, `\"name\":\"v\"` and what sources write beside these.
extension SecretMatcher {
  struct Value {
    var start: Int
    /// What ends it; nil: the end of the word.
    var end: UInt8?
  }

  static let nameBytes = ByteSet(ByteSet.alphanumeric.bytes + Array("_.-".utf8))
  private static let blanks = ByteSet([0x20, 0x09])
  private static let gaps = ByteSet(Array(" \t\r\n,".utf8))
  private static let types = ByteSet(ByteSet.alphanumeric.bytes + Array("_.[]|?<> ".utf8))
  private static let word = ByteSet(ByteSet.alphanumeric.bytes + Array("_.".utf8))

  func skip(_ at: inout Int, _ set: ByteSet, most: Int) {
    let limit = at + most
    while at < limit, let next = byte(at), set.contains(next) { at += 1 }
  }

  private func skipSpace(_ at: inout Int) { skip(&at, Self.blanks, most: 8) }

  @discardableResult private func skipQuote(_ at: inout Int) -> UInt8? {
    var start = at
    while start < at + 3, byte(start) == UInt8(ascii: "\\") { start += 1 }
    guard let quote = byte(start), "\"'`".utf8.contains(quote) else { return nil }
    at = start + 1
    return quote
  }

  private func skip(_ at: inout Int, _ text: String) -> Bool {
    for (offset, wanted) in text.utf8.enumerated() {
      guard let found = byte(at + offset), found | 0x20 == wanted | 0x20 else { return false }
    }
    at += text.utf8.count
    return true
  }

  /// Where the value begins that is assigned to the name that ends at or behind `end`.
  func value(after end: Int) -> Value? {
    var at = end
    skip(&at, Self.nameBytes, most: 40)
    let quote = skipQuote(&at)
    if quote == nil, byte(at) == UInt8(ascii: ">") {
      return byte(at - 1) == UInt8(ascii: "-")
        ? nil : Value(start: at + 1, end: UInt8(ascii: "<"))
    }
    if byte(at) == UInt8(ascii: "]") || byte(at) == UInt8(ascii: ")") { at += 1 }
    if let beside = valueBeside(at) { return beside }
    if quote != nil, isArgument(end), let argument = argument(at) { return argument }
    skipSpace(&at)
    if let fallback = fallback(at) { return fallback }
    // The type of a constant in Go: `const password string = "…"`.
    var typed = at
    if quote == nil, at > end, byte(at - 1) == 0x20 {
      skip(&typed, Self.word, most: 20)
      skipSpace(&typed)
      if typed > at, byte(typed) == UInt8(ascii: "="), let value = literal(typed + 1),
        value.end != nil
      {
        return value
      }
    }
    return assigned(at)
  }

  /// Behind `=`, `:`, `:=`, `=>` or `?=`; a comparison assigns nothing.
  private func assigned(_ at: Int) -> Value? {
    var at = at
    if byte(at) == UInt8(ascii: "?") { at += 1 }
    guard let sign = byte(at), sign == UInt8(ascii: "=") || sign == UInt8(ascii: ":") else {
      return nil
    }
    at += 1
    if let more = byte(at),
      more == UInt8(ascii: ">") || (more == UInt8(ascii: "=") && sign == UInt8(ascii: ":"))
    {
      at += 1
    }
    if byte(at) == UInt8(ascii: "=") { return nil }
    if sign == UInt8(ascii: ":"), let value = annotated(at) { return value }
    return literal(at)
  }

  /// `: str = "…"`: behind the type of an annotation.
  private func annotated(_ at: Int) -> Value? {
    var at = at
    skipSpace(&at)
    let start = at
    skip(&at, Self.types, most: 32)
    guard at > start, byte(at) == UInt8(ascii: "="), let value = literal(at + 1), value.end != nil
    else { return nil }
    return value
  }

  /// A literal, maybe as the argument of a call: `"…"`, `b'…'`, `SecretStr("…")`, `Field(default="…")`.
  private func literal(_ at: Int) -> Value? {
    var at = at
    skipSpace(&at)
    var start = at
    if let quote = skipQuote(&start) { return Value(start: start, end: quote) }
    var inner = at
    skip(&inner, Self.word, most: 24)
    if byte(inner) == UInt8(ascii: "("), inner > at {
      inner += 1
      let name = inner
      skip(&inner, Self.word, most: 16)
      if inner > name, byte(inner) == UInt8(ascii: "=") { inner += 1 } else { inner = name }
      if let quote = skipQuote(&inner) { return Value(start: inner, end: quote) }
    }
    // A prefix such as Python's `b` and `r`, or C#'s `@`.
    var prefixed = at + 1
    if let letter = byte(at), "bBrRfFuU@".utf8.contains(letter), let quote = skipQuote(&prefixed) {
      return Value(start: prefixed, end: quote)
    }
    return Value(start: at, end: nil)
  }

  /// Whether the name that ends at or behind `end` is the first argument of a call.
  private func isArgument(_ end: Int) -> Bool {
    var at = end
    while at > end - 60, let last = byte(at - 1), Self.nameBytes.contains(last) { at -= 1 }
    while at > end - 64, let last = byte(at - 1), "\"'`\\".utf8.contains(last) { at -= 1 }
    return byte(at - 1) == UInt8(ascii: "(")
  }

  /// `getenv("NAME", "…")`.
  private func argument(_ at: Int) -> Value? {
    var at = at
    guard byte(at) == UInt8(ascii: ",") else { return nil }
    at += 1
    guard let value = literal(at), value.end != nil else { return nil }
    return value
  }

  /// `process.env.NAME || "…"`, `?? "…"`, `or "…"`.
  private func fallback(_ at: Int) -> Value? {
    var at = at
    guard skip(&at, "||") || skip(&at, "??") || skip(&at, "or ") else { return nil }
    guard let value = literal(at), value.end != nil else { return nil }
    return value
  }

  /// `name: NAME` with `value: …` behind it, as in Kubernetes and in XML.
  private func valueBeside(_ at: Int) -> Value? {
    var at = at
    let start = at
    skip(&at, Self.gaps, most: 40)
    guard at > start else { return nil }
    skipQuote(&at)
    guard skip(&at, "value") else { return nil }
    skipQuote(&at)
    skipSpace(&at)
    return assigned(at)
  }

  // MARK: Binaries

  /// Strings that follow a name in formats that state lengths, with nothing readable between.
  func packed(after end: Int) -> [Range<Int>] {
    guard !file.isProgram else { return [] }
    if file.isDatabase { return column(after: end).map { [$0] } ?? [] }
    var at = end
    skip(&at, Self.nameBytes, most: 40)
    guard let next = byte(at), next < 0x20 || next > 0x7E, !"\t\r\n".utf8.contains(next) else {
      return []
    }
    return (1...8).flatMap { gap in
      statedLengths(at + gap).compactMap { length in
        let range = at + gap..<at + gap + length
        guard range.upperBound <= bytes.count, bytes[range].allSatisfy({ 0x20...0x7E ~= $0 }) else {
          return nil
        }
        return range
      }
    }
  }

  /// The column that follows a name in a record of SQLite (sqlite.org/fileformat2, Record Format): the sizes of both
  /// stand in front of them.
  private func column(after end: Int) -> Range<Int>? {
    for start in stride(from: end - 4, through: max(0, end - 40), by: -1) {
      guard isAlphanumeric(start) || byte(start) == UInt8(ascii: "_") else { return nil }
      for gap in 0...8 {
        for size in 3...10 where byte(start - gap - size) == UInt8(size) {
          let header = (start - gap - size + 1)..<(start - gap)
          if let found = column(header, from: start - gap, behind: start, end: end) { return found }
        }
      }
    }
    return nil
  }

  private func column(_ header: Range<Int>, from first: Int, behind name: Int, end: Int)
    -> Range<Int>?
  {
    var at = header.lowerBound
    var start = first
    var isName = false
    while at < header.upperBound, var type = byte(at).map(Int.init) {
      if type & 0x80 != 0, let low = byte(at + 1) {
        type = (type & 0x7F) << 7 | Int(low)
        at += 1
      }
      at += 1
      let integers = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0]
      let size = type >= 12 ? (type - 12) / 2 : integers[type]
      if isName, type >= 13, size >= 4, start + size <= bytes.count { return start..<start + size }
      isName = start == name && start + size >= end && size <= 64
      start += size
    }
    return nil
  }

  // MARK: Secrets by their names

  /// Something that is assigned to a name which tells of a secret, and looks like one.
  func assignment(_ keyword: Int, _ length: Int) -> Range<Int>? {
    var begin = keyword
    while begin > keyword - 60, let last = byte(begin - 1), Self.nameBytes.contains(last) {
      begin -= 1
    }
    // A keyword may have the sign behind the name with it.
    var stop = keyword
    skip(&stop, Self.nameBytes, most: file.isDatabase ? length : 80)
    let name = text(begin..<stop)
    guard let value = value(after: stop) else {
      return packed(after: stop).first { isSecret(name, $0) }
    }
    let isParameter = isParameter(begin)
    guard let range = extent(of: value, isParameter: isParameter) else { return nil }
    if isParameter, value.end == nil { return isParameterSecret(name, range) ? range : nil }
    return isSecret(name, range) ? range : nil
  }

  /// `…;Password=v;` and `?user=u&password=v`: whatever the value is, it opens what the string connects to.
  private func isParameterSecret(_ name: String, _ range: Range<Int>) -> Bool {
    guard ["password", "pwd"].contains(name.lowercased()) else { return isSecret(name, range) }
    let value = text(range)
    return range.count >= 6 && !SecretValue.isHarmless(value)
      && !Self.samples.contains(value.lowercased())
  }

  /// Whether a name stands among the parts of a connection string.
  private func isParameter(_ begin: Int) -> Bool {
    var at = begin
    while byte(at - 1) == 0x20, at > begin - 3 { at -= 1 }
    return byte(at - 1).map { ";?&".utf8.contains($0) } ?? false
  }

  /// Up to its quote, or to the end of the word.
  private func extent(of value: Value, isParameter: Bool) -> Range<Int>? {
    guard value.end != nil || file.isSettings || isParameter else { return nil }
    var end = value.start
    while end < value.start + 200, let next = byte(end) {
      if let quote = value.end {
        if next == quote || next == UInt8(ascii: "\\") { break }
      } else if isParameter, ";&\"'`<\\,)]".utf8.contains(next) {
        break
      }
      if next <= 0x20 || next >= 0x7F { break }
      end += 1
    }
    guard end - value.start < 200 else { return nil }
    if let quote = value.end {
      guard let stop = byte(end), stop == quote || stop == UInt8(ascii: "\\") else { return nil }
    } else {
      while end > value.start, let last = byte(end - 1), ",;\"'".utf8.contains(last) { end -= 1 }
    }
    return value.start..<end
  }

  private func isSecret(_ name: String, _ range: Range<Int>) -> Bool {
    guard range.count >= 8, range.count < 200 else { return false }
    let value = bytes[range]
    let isRandom = isRandom(value)
    guard isRandom || isPassword(value) else { return false }
    let words = SecretName.words(name)
    guard
      isRandom || words.last == "secret" || words.contains(where: { Self.passwords.contains($0) })
    else { return false }
    let text = String(decoding: value, as: UTF8.self)
    guard SecretName.isSecret(name, setTo: text), !Self.isUnsigned(text) else { return false }
    return !isPublic(words, range)
  }

  private static let passwords: Set<Substring> = [
    "password", "passwd", "pass", "pwd", "passphrase", "pgpassword", "dbpassword", "passwort", "pw",
  ]

  /// Digits and letters without the look of words, paths, addresses or code.
  private func isRandom(_ value: Slice<UnsafeRawBufferPointer>) -> Bool {
    guard value.count >= 16 else { return false }
    var (digits, letters, other, changes) = (0, 0, 0, 0)
    var last = 0
    for byte in value {
      let type: Int
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): (digits, type) = (digits + 1, 1)
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): (letters, type) = (letters + 1, 2)
      case UInt8(ascii: "a")...UInt8(ascii: "z"): (letters, type) = (letters + 1, 3)
      case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        type = last
      case 0x21...0x7E where "!@#%^&*~?".utf8.contains(byte) || value.count >= 40:
        (other, type) = (other + 1, 4)
      default: return false
      }
      if type != last { changes += 1 }
      last = type
    }
    if digits == 0 { return other == 0 && value.count >= 32 && changes * 5 >= value.count * 2 }
    guard letters >= 2, other * 3 <= value.count else { return false }
    // Random text of these sets changes between them about every second byte; identifiers do so rarely.
    return changes * (digits > 1 ? 5 : 2) >= value.count
  }

  /// What people choose where they are told to use digits and signs: no word of a language, and no code.
  private func isPassword(_ value: Slice<UnsafeRawBufferPointer>) -> Bool {
    var (digits, letters, signs) = (0, 0, 0)
    for byte in value {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digits += 1
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
        letters += 1
      case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "{"),
        UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: ":"):
        return false
      case 0x21...0x7E: signs += 1
      default: return false
      }
    }
    return letters >= 2 && digits >= 1 && signs * 3 <= value.count
  }

  /// The head of a JSON Web Token, or JSON in base64: without a signature it proves nothing.
  private static func isUnsigned(_ value: String) -> Bool {
    value.hasPrefix("eyJ") && !value.contains(".")
  }

  /// Keys that pages give to browsers, by what stands around them: those of Firebase, Algolia's searches, PostHog,
  /// Amplitude, Datadog's real user monitoring and their kin.
  private func isPublic(_ words: [Substring], _ range: Range<Int>) -> Bool {
    let names: Set<Substring> = ["api", "apikey", "client", "app", "write", "site", "key", "token"]
    guard words.allSatisfy({ names.contains($0) }), words != ["token"] else {
      return words == ["token"] && file.isForBrowsers
    }
    if file.isForBrowsers { return true }
    let around = max(0, range.lowerBound - 120)..<min(bytes.count, range.upperBound + 160)
    let text = text(around).lowercased()
    return [
      "authdomain", "firebase", "docsearch", "indexname", "posthog", "amplitude", "datadogrum",
      "mixpanel", "mapbox",
    ].contains(where: text.contains)
  }
}
