import ForgeBasics

/// Turns the bytes of a Python file into tokens, with indentation as `indent` and `dedent`.
struct PythonTokenizer {
  private let source: SourceText
  private let bytes: [UInt8]
  private let end: Int
  private var position: Int
  private var tokens: [PythonToken] = []
  private(set) var literals: [PythonStringLiteral] = []
  private var indentation = [0]
  private var brackets: [UInt8] = []

  init(_ source: SourceText) {
    self.source = source
    bytes = source.bytes
    position = 0
    end = bytes.count
  }

  /// For the expression of a replacement field: line breaks do not count in there.
  private init(_ source: SourceText, field: Range<Int>) {
    self.source = source
    bytes = source.bytes
    position = field.lowerBound
    end = field.upperBound
    brackets = [UInt8(ascii: "(")]
  }

  static func tokens(of source: SourceText) throws(SyntaxError) -> (
    [PythonToken], [PythonStringLiteral]
  ) {
    var tokenizer = PythonTokenizer(source)
    try tokenizer.module()
    return (tokenizer.tokens, tokenizer.literals)
  }

  static func tokens(
    of source: SourceText, field: Range<Int>
  ) throws(SyntaxError) -> ([PythonToken], [PythonStringLiteral]) {
    var tokenizer = PythonTokenizer(source, field: field)
    while try tokenizer.token() {}
    tokenizer.add(.end, at: field.upperBound)
    return (tokenizer.tokens, tokenizer.literals)
  }

  // MARK: Lines

  private mutating func module() throws(SyntaxError) {
    while position < end {
      if brackets.isEmpty {
        guard try beginLine() else { continue }
      }
      while try token() {}
    }
    guard brackets.isEmpty else { throw failure("a bracket is not closed", at: end) }
    if let last = tokens.last, !last.kind.isNewline { add(.newline, at: end) }
    for _ in indentation.dropFirst() { add(.dedent, at: end) }
    add(.end, at: end)
  }

  /// Reads the indentation of a line. False when the line is blank or a comment, and has been skipped.
  private mutating func beginLine() throws(SyntaxError) -> Bool {
    var column = 0
    scan: while position < end {
      switch bytes[position] {
      case UInt8(ascii: " "): column += 1
      case UInt8(ascii: "\t"): column = (column / 8 + 1) * 8
      case 0x0C: column = 0
      default: break scan
      }
      position += 1
    }
    guard position < end else { return false }
    if bytes[position] == UInt8(ascii: "#") { skipComment() }
    if position >= end { return false }
    if isLineBreak(bytes[position]) {
      position += 1
      return false
    }
    let current = indentation[indentation.count - 1]
    if column > current {
      guard indentation.count < PythonLimits.indentation else {
        throw failure("too many levels of indentation")
      }
      indentation.append(column)
      add(.indent, at: position)
    } else if column < current {
      while let last = indentation.last, column < last {
        indentation.removeLast()
        add(.dedent, at: position)
      }
      guard indentation.last == column else {
        throw failure("the indentation matches no outer level")
      }
    }
    return true
  }

  private mutating func skipComment() {
    while position < end, !isLineBreak(bytes[position]) { position += 1 }
  }

  // MARK: Tokens

  /// Reads one token. False at the end of the logical line or of the text.
  private mutating func token() throws(SyntaxError) -> Bool {
    guard position < end else { return false }
    let byte = bytes[position]
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\t"), 0x0C:
      position += 1
    case UInt8(ascii: "#"):
      skipComment()
    case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
      let start = position
      position += 1
      if byte == UInt8(ascii: "\r"), peek(0) == UInt8(ascii: "\n") { position += 1 }
      if brackets.isEmpty {
        add(.newline, at: start)
        return false
      }
    case UInt8(ascii: "\\"):
      guard let next = peek(1), isLineBreak(next) else {
        throw failure("a backslash in the middle of a line")
      }
      position += 2
      if next == UInt8(ascii: "\r"), peek(0) == UInt8(ascii: "\n") { position += 1 }
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      try string(at: position, prefix: position..<position)
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      number()
    case UInt8(ascii: ".") where peek(1).map(isDigit) == true:
      number()
    case _ where isNameByte(byte):
      try name()
    default:
      try operation()
    }
    return true
  }

  private mutating func name() throws(SyntaxError) {
    let start = position
    while position < end, isNameByte(bytes[position]) || isDigit(bytes[position]) { position += 1 }
    if let quote = peek(0), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
      Self.isStringPrefix(bytes[start..<position])
    {
      return try string(at: position, prefix: start..<position)
    }
    add(.name, at: start, text: String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func number() {
    let start = position
    if bytes[position] == UInt8(ascii: "0"), let letter = peek(1), "xXoObB".utf8.contains(letter) {
      position += 2
      while let byte = peek(0), isDigit(byte) || isHexLetter(byte) || byte == UInt8(ascii: "_") {
        position += 1
      }
    } else {
      digits()
      if peek(0) == UInt8(ascii: ".") {
        position += 1
        digits()
      }
      if let byte = peek(0), byte | 0x20 == UInt8(ascii: "e") {
        var lead = 1
        if peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-") { lead = 2 }
        if let digit = peek(lead), isDigit(digit) {
          position += lead
          digits()
        }
      }
      if let byte = peek(0), byte | 0x20 == UInt8(ascii: "j") { position += 1 }
    }
    add(.number, at: start, text: String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func digits() {
    while let byte = peek(0), isDigit(byte) || byte == UInt8(ascii: "_") { position += 1 }
  }

  private static let longOperators: Set<String> = [
    "**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "->", ":=", "==", "!=", "<=", ">=",
    "+=", "-=", "*=",
    "/=", "%=", "&=", "|=", "^=", "@=",
  ]

  private mutating func operation() throws(SyntaxError) {
    let start = position
    for length in [3, 2] where position + length <= end {
      let text = String(decoding: bytes[position..<position + length], as: UTF8.self)
      if Self.longOperators.contains(text) {
        position += length
        add(.operation, at: start, text: text)
        return
      }
    }
    let byte = bytes[position]
    switch byte {
    case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
      guard brackets.count < PythonLimits.brackets else {
        throw failure("brackets are nested too deeply")
      }
      brackets.append(byte)
    case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
      guard let opening = brackets.popLast(), Self.closing(opening) == byte else {
        throw failure("a closing bracket matches no opening one")
      }
    case _ where "+-*/%&|^~<>=.,:;@".utf8.contains(byte):
      break
    default:
      throw failure("a character that Python does not know")
    }
    position += 1
    add(.operation, at: start, text: String(UnicodeScalar(byte)))
  }

  // MARK: Strings

  private mutating func string(at quote: Int, prefix: Range<Int>) throws(SyntaxError) {
    let (literal, next) = try scanString(at: quote, prefix: prefix, nesting: 0)
    add(.string(index: literals.count), at: prefix.lowerBound)
    literals.append(literal)
    position = next
  }

  /// Reads the literal whose opening quote is at `quote`; gives it and the offset after it.
  private func scanString(
    at quote: Int, prefix: Range<Int>, nesting: Int
  ) throws(SyntaxError) -> (PythonStringLiteral, Int) {
    guard nesting < PythonLimits.formattedNesting else {
      throw failure("f-strings are nested too deeply", at: quote)
    }
    let letters = bytes[prefix].map { $0 | 0x20 }
    let isRaw = letters.contains(UInt8(ascii: "r"))
    let isFormatted = letters.contains(UInt8(ascii: "f")) || letters.contains(UInt8(ascii: "t"))
    let mark = bytes[quote]
    let isTriple = quote + 2 < end && bytes[quote + 1] == mark && bytes[quote + 2] == mark
    let width = if isTriple { 3 } else { 1 }
    var fields: [Range<Int>] = []
    var at = quote + width
    while at < end {
      let byte = bytes[at]
      if byte == mark, !isTriple || (at + 2 < end && bytes[at + 1] == mark && bytes[at + 2] == mark)
      {
        let literal = PythonStringLiteral(
          body: quote + width..<at, isRaw: isRaw, isBytes: letters.contains(UInt8(ascii: "b")),
          isFormatted: isFormatted, fields: fields)
        return (literal, at + width)
      }
      switch byte {
      case UInt8(ascii: "\\"):
        at = skipEscape(at, isFormatted: isFormatted, isRaw: isRaw)
      case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        guard isTriple else { throw failure("a string is not closed", at: quote) }
        at += 1
      case UInt8(ascii: "{") where isFormatted:
        if at + 1 < end, bytes[at + 1] == UInt8(ascii: "{") {
          at += 2
        } else {
          at = try scanField(at, into: &fields, nesting: nesting)
        }
      default:
        at += 1
      }
    }
    throw failure("a string is not closed", at: quote)
  }

  private func skipEscape(_ at: Int, isFormatted: Bool, isRaw: Bool) -> Int {
    guard at + 1 < end else { return at + 1 }
    if bytes[at + 1] == UInt8(ascii: "\r"), at + 2 < end, bytes[at + 2] == UInt8(ascii: "\n") {
      return at + 3
    }
    guard isFormatted else { return at + 2 }
    // A backslash does not take a brace with it, except in \N{NAME}.
    if bytes[at + 1] == UInt8(ascii: "{") { return at + 1 }
    if !isRaw, bytes[at + 1] == UInt8(ascii: "N"), at + 2 < end, bytes[at + 2] == UInt8(ascii: "{")
    {
      var next = at + 3
      while next < end, bytes[next] != UInt8(ascii: "}"), !isLineBreak(bytes[next]) { next += 1 }
      return next + 1
    }
    return at + 2
  }

  /// Reads a replacement field `{expression!r:format}`; gives the offset after its closing brace (PEP 701).
  private func scanField(
    _ opening: Int, into fields: inout [Range<Int>], nesting: Int
  ) throws(SyntaxError) -> Int {
    guard nesting < PythonLimits.formattedNesting else {
      throw failure("f-strings are nested too deeply", at: opening)
    }
    var at = opening + 1
    var depth = 0
    expression: while true {
      guard at < end else { throw failure("a field of an f-string is not closed", at: opening) }
      let byte = bytes[at]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        var start = at
        while start > opening + 1, isNameByte(bytes[start - 1]) { start -= 1 }
        if !Self.isStringPrefix(bytes[start..<at]) { start = at }
        let prefix = start..<at
        at = try scanString(at: at, prefix: prefix, nesting: nesting + 1).1
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        at += 1
      case UInt8(ascii: "}") where depth == 0, UInt8(ascii: ":") where depth == 0:
        break expression
      case UInt8(ascii: "!")
      where depth == 0 && !(at + 1 < end && bytes[at + 1] == UInt8(ascii: "=")):
        break expression
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        at += 1
      case UInt8(ascii: "!"):
        at += 2
      case UInt8(ascii: "#"):
        while at < end, !isLineBreak(bytes[at]) { at += 1 }
      default:
        at += 1
      }
    }
    fields.append(fieldExpression(opening + 1..<at))
    while at < end, bytes[at] != UInt8(ascii: ":"), bytes[at] != UInt8(ascii: "}") { at += 1 }
    if at < end, bytes[at] == UInt8(ascii: ":") {
      at += 1
      while at < end, bytes[at] != UInt8(ascii: "}") {
        if bytes[at] == UInt8(ascii: "{") {
          at = try scanField(at, into: &fields, nesting: nesting + 1)
        } else {
          at += 1
        }
      }
    }
    guard at < end else { throw failure("a field of an f-string is not closed", at: opening) }
    return at + 1
  }

  /// Drops the `=` of `{name = }`.
  private func fieldExpression(_ range: Range<Int>) -> Range<Int> {
    var upper = range.upperBound
    while upper > range.lowerBound, bytes[upper - 1] == UInt8(ascii: " ") { upper -= 1 }
    guard upper - 1 > range.lowerBound, bytes[upper - 1] == UInt8(ascii: "="),
      !"=!<>".utf8.contains(bytes[upper - 2])
    else { return range }
    return range.lowerBound..<upper - 1
  }

  private static let stringPrefixes: Set<String> = [
    "r", "u", "b", "f", "t", "br", "rb", "fr", "rf", "tr", "rt",
  ]

  private static func isStringPrefix(_ bytes: ArraySlice<UInt8>) -> Bool {
    (1...2).contains(bytes.count)
      && stringPrefixes.contains(String(decoding: bytes.map { $0 | 0x20 }, as: UTF8.self))
  }

  // MARK: Bytes

  private func peek(_ distance: Int) -> UInt8? {
    guard position + distance < end else { return nil }
    return bytes[position + distance]
  }

  private static func closing(_ opening: UInt8) -> UInt8 {
    switch opening {
    case UInt8(ascii: "("): UInt8(ascii: ")")
    case UInt8(ascii: "["): UInt8(ascii: "]")
    default: UInt8(ascii: "}")
    }
  }

  private func isLineBreak(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

  private func isHexLetter(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
  }

  /// A byte that may begin a name; everything beyond ASCII is taken for a letter.
  private func isNameByte(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || byte == UInt8(ascii: "_")
      || byte >= 0x80
  }

  private mutating func add(_ kind: PythonToken.Kind, at offset: Int, text: String = "") {
    tokens.append(PythonToken(kind: kind, offset: offset, text: text))
  }

  private func failure(_ reason: String, at offset: Int? = nil) -> SyntaxError {
    SyntaxError(source, at: offset ?? position, reason: reason)
  }
}

extension PythonToken.Kind {
  var isNewline: Bool { if case .newline = self { true } else { false } }
}
