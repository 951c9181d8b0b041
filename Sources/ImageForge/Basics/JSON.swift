/// A JSON value (RFC 8259) with the byte offset at which it starts. Objects keep the order of their members.
public struct JSON: Sendable {
  /// What a value is.
  public enum Value: Sendable {
    case null
    case bool(Bool)
    /// The number as it was written; JSON does not limit its size.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])
  }

  /// One member of an object.
  public struct Member: Sendable {
    /// The key, its escapes resolved.
    public let key: String
    /// Offset of the key's opening quote.
    public let keyOffset: Int
    /// What stands behind the colon.
    public let value: JSON

    package init(key: String, keyOffset: Int, value: JSON) {
      self.key = key
      self.keyOffset = keyOffset
      self.value = value
    }
  }

  /// What it is.
  public let value: Value
  /// Of its first byte in the text.
  public let offset: Int

  package init(value: Value, offset: Int) {
    self.value = value
    self.offset = offset
  }

  /// The value of a member; the last one where a key stands twice, as JavaScript reads it.
  public subscript(key: String) -> JSON? { member(key)?.value }

  /// A member of an object; the last one where a key stands twice.
  public func member(_ key: String) -> Member? { members.last { $0.key == key } }

  /// Of an object; empty for anything else.
  public var members: [Member] { if case .object(let members) = value { members } else { [] } }
  /// Of an array; empty for anything else.
  public var elements: [JSON] { if case .array(let elements) = value { elements } else { [] } }
  /// Nil for what is no string.
  public var string: String? { if case .string(let text) = value { text } else { nil } }
  /// Nil for what is no boolean.
  public var bool: Bool? { if case .bool(let flag) = value { flag } else { nil } }
  /// Nil for what is no whole number, or none of 64 bits.
  public var integer: Int64? { if case .number(let digits) = value { Int64(digits) } else { nil } }
  /// Whether it is `null`.
  public var isNull: Bool { if case .null = value { true } else { false } }
  /// Whether it is an object.
  public var isObject: Bool { if case .object = value { true } else { false } }
  /// Whether it is an array.
  public var isArray: Bool { if case .array = value { true } else { false } }
}

/// Why a text is not acceptable JSON, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The name of the text.
  public let file: String
  /// From 1.
  public let line: Int
  /// From 1, in bytes.
  public let column: Int
  /// What is wrong there.
  public let reason: String

  package init(_ source: SourceText, at offset: Int, reason: String) {
    file = source.name
    line = source.line(at: offset)
    column = source.column(at: offset)
    self.reason = reason
  }

  /// `file:line`.
  public var location: String { "\(file):\(line)" }
  public var description: String { "\(location), column \(column): \(reason)" }
}

extension JSON {
  /// What a reader accepts.
  public struct Options: Sendable {
    /// What becomes of an object that has a key twice.
    public enum DuplicateKeys: Sendable {
      /// The last one counts, as in JavaScript.
      case keepLast
      /// Refuses keys that are equal.
      case rejectEqual
      /// Refuses keys that are equal, or differ only by Unicode simple case folding: Go's decoder takes those for
      /// the same field, so two readers of one image would see two images.
      case rejectFolded
    }

    /// What becomes of an object that has a key twice.
    public var duplicateKeys: DuplicateKeys
    /// Comments and trailing commas (JSONC, as in `tsconfig.json` and `bun.lock`).
    public var allowsComments: Bool
    /// Arrays and objects within one another.
    public var maximumDepth: Int
    /// Bytes.
    public var maximumSize: Int

    /// What a reader accepts, part by part.
    public init(
      duplicateKeys: DuplicateKeys, allowsComments: Bool = false, maximumDepth: Int = 128,
      maximumSize: Int
    ) {
      self.duplicateKeys = duplicateKeys
      self.allowsComments = allowsComments
      self.maximumDepth = maximumDepth
      self.maximumSize = maximumSize
    }

    /// For files of an image, which a gate must read as every runtime does. 4 MiB, as registries allow.
    public static let image = Options(duplicateKeys: .rejectFolded, maximumSize: 4 << 20)
    /// For manifests and lockfiles of a project.
    public static let project = Options(duplicateKeys: .keepLast, maximumSize: 64 << 20)
    /// The same with comments and trailing commas.
    public static let projectWithComments = Options(
      duplicateKeys: .keepLast, allowsComments: true, maximumSize: 64 << 20)
  }

  /// Reads one JSON text. Nothing but white space may follow it.
  public static func parse(_ source: SourceText, _ options: Options) throws(JSONError) -> JSON {
    var parser = JSONParser(source: source, options: options)
    return try parser.document()
  }
}

private struct JSONParser {
  let source: SourceText
  let options: JSON.Options
  private let bytes: [UInt8]
  private var at = 0

  init(source: SourceText, options: JSON.Options) {
    self.source = source
    self.options = options
    bytes = source.bytes
  }

  mutating func document() throws(JSONError) -> JSON {
    guard bytes.count <= options.maximumSize else {
      throw failure("larger than the limit of \(options.maximumSize) bytes")
    }
    let value = try parseValue(depth: 0)
    try skipSpace()
    guard at == bytes.count else { throw failure("unexpected text after the end of the value") }
    return value
  }

  private func failure(_ reason: String, at offset: Int? = nil) -> JSONError {
    let offset = min(offset ?? at, bytes.count)
    return JSONError(source, at: offset, reason: reason)
  }

  private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func skipSpace() throws(JSONError) {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      case UInt8(ascii: "/") where options.allowsComments: try skipComment()
      default: return
      }
    }
  }

  private mutating func skipComment() throws(JSONError) {
    let start = at
    switch at + 1 < bytes.count ? bytes[at + 1] : 0 {
    case UInt8(ascii: "/"):
      while at < bytes.count, bytes[at] != 0x0A { at += 1 }
    case UInt8(ascii: "*"):
      at += 2
      while at + 1 < bytes.count,
        bytes[at] != UInt8(ascii: "*") || bytes[at + 1] != UInt8(ascii: "/")
      { at += 1 }
      guard at + 1 < bytes.count else { throw failure("comment is not closed", at: start) }
      at += 2
    default: throw failure("unexpected '/'")
    }
  }

  private mutating func parseValue(depth: Int) throws(JSONError) -> JSON {
    guard depth <= options.maximumDepth else {
      throw failure("nested deeper than \(options.maximumDepth) levels")
    }
    try skipSpace()
    let start = at
    guard let byte = current else { throw failure("the text ends where a value is expected") }
    let value: JSON.Value
    switch byte {
    case UInt8(ascii: "{"): value = try parseObject(depth: depth)
    case UInt8(ascii: "["): value = try parseArray(depth: depth)
    case UInt8(ascii: "\""): value = .string(try parseString())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      value = .number(try parseNumber())
    case UInt8(ascii: "t"): value = try keyword("true", .bool(true))
    case UInt8(ascii: "f"): value = try keyword("false", .bool(false))
    case UInt8(ascii: "n"): value = try keyword("null", .null)
    default: throw failure("expected a value")
    }
    return JSON(value: value, offset: start)
  }

  private mutating func keyword(_ word: StaticString, _ value: JSON.Value) throws(JSONError)
    -> JSON.Value
  {
    let count = word.utf8CodeUnitCount
    let matches = word.withUTF8Buffer {
      at + count <= bytes.count && bytes[at..<at + count].elementsEqual($0)
    }
    guard matches else { throw failure("expected a value") }
    at += count
    return value
  }

  private mutating func parseObject(depth: Int) throws(JSONError) -> JSON.Value {
    at += 1
    var members: [JSON.Member] = []
    var seen: Set<String> = []
    try skipSpace()
    if current == UInt8(ascii: "}") {
      at += 1
      return .object([])
    }
    while true {
      try skipSpace()
      let keyOffset = at
      guard current == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
      let key = try parseString()
      let isNew =
        switch options.duplicateKeys {
        case .keepLast: true
        case .rejectEqual: seen.insert(key).inserted
        case .rejectFolded: seen.insert(JSON.foldKey(key)).inserted
        }
      guard isNew else {
        throw failure(
          "the key \"\(DisplayText.escape(key))\" stands twice in one object", at: keyOffset)
      }
      try skipSpace()
      guard current == UInt8(ascii: ":") else { throw failure("expected ':' after a key") }
      at += 1
      members.append(
        JSON.Member(key: key, keyOffset: keyOffset, value: try parseValue(depth: depth + 1)))
      if try !another(closing: UInt8(ascii: "}")) { return .object(members) }
    }
  }

  private mutating func parseArray(depth: Int) throws(JSONError) -> JSON.Value {
    at += 1
    var elements: [JSON] = []
    try skipSpace()
    if current == UInt8(ascii: "]") {
      at += 1
      return .array([])
    }
    while true {
      elements.append(try parseValue(depth: depth + 1))
      if try !another(closing: UInt8(ascii: "]")) { return .array(elements) }
    }
  }

  /// After an element: true when another one follows.
  private mutating func another(closing: UInt8) throws(JSONError) -> Bool {
    try skipSpace()
    if current == closing {
      at += 1
      return false
    }
    guard current == UInt8(ascii: ",") else {
      throw failure("expected ',' or '\(String(UnicodeScalar(closing)))'")
    }
    at += 1
    if options.allowsComments {
      try skipSpace()
      if current == closing {
        at += 1
        return false
      }
    }
    return true
  }

  private mutating func parseNumber() throws(JSONError) -> String {
    let start = at
    func digits(_ parser: inout JSONParser) -> Int {
      let first = parser.at
      while let byte = parser.current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
        parser.at += 1
      }
      return parser.at - first
    }
    if current == UInt8(ascii: "-") { at += 1 }
    let leading = current
    let whole = digits(&self)
    guard whole > 0, leading != UInt8(ascii: "0") || whole == 1 else {
      throw failure("malformed number", at: start)
    }
    if current == UInt8(ascii: ".") {
      at += 1
      guard digits(&self) > 0 else { throw failure("malformed number", at: start) }
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      at += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { at += 1 }
      guard digits(&self) > 0 else { throw failure("malformed number", at: start) }
    }
    return String(decoding: bytes[start..<at], as: UTF8.self)
  }

  private mutating func parseString() throws(JSONError) -> String {
    let start = at
    at += 1
    var run = at
    var decoded: [UInt8] = []
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        let tail = bytes[run..<at]
        at += 1
        let text =
          decoded.isEmpty
          ? String(validating: tail, as: UTF8.self)
          : String(validating: decoded + tail, as: UTF8.self)
        guard let text else { throw failure("string is not valid UTF-8", at: start) }
        return text
      case UInt8(ascii: "\\"):
        decoded.append(contentsOf: bytes[run..<at])
        at += 1
        try appendEscape(to: &decoded)
        run = at
      case 0..<0x20: throw failure("control character in a string")
      default: at += 1
      }
    }
    throw failure("string is not closed", at: start)
  }

  private mutating func appendEscape(to out: inout [UInt8]) throws(JSONError) {
    guard let byte = current else { throw failure("the text ends in an escape") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexDigits()
      if (0xD800..<0xDC00).contains(code) {
        guard current == UInt8(ascii: "\\"), at + 1 < bytes.count,
          bytes[at + 1] == UInt8(ascii: "u")
        else {
          throw failure("half of a surrogate pair")
        }
        at += 2
        let low = try hexDigits()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half of a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair") }
      out.append(contentsOf: String(scalar).utf8)
    default: throw failure("unknown escape")
    }
  }

  private mutating func hexDigits() throws(JSONError) -> UInt32 {
    guard at + 4 <= bytes.count else { throw failure("the text ends in an escape") }
    var code: UInt32 = 0
    for byte in bytes[at..<at + 4] {
      guard let digit = Character(UnicodeScalar(byte)).hexDigitValue, byte < 0x80 else {
        throw failure("expected four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
    }
    at += 4
    return code
  }
}

extension JSON {
  /// Unicode simple case folding, near enough to Go's: upper case and back to lower case.
  package static func foldKey(_ key: String) -> String {
    if key.utf8.allSatisfy({ $0 < 0x80 }) { return key.lowercased() }
    return String(
      String.UnicodeScalarView(
        key.unicodeScalars.flatMap { scalar in
          scalar.properties.uppercaseMapping.unicodeScalars.flatMap {
            $0.properties.lowercaseMapping.unicodeScalars
          }
        }))
  }
}
