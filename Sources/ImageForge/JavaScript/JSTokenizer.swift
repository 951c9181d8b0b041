import ForgeBasics

/// Splits JavaScript, TypeScript and JSX into tokens. It accepts every input: what is not well-formed becomes a
/// punctuator of one byte, so that one broken line does not hide the rest of a file.
package struct JSTokenizer {
  private enum Context {
    /// `{`, `(` or `[` of code.
    case bracket
    /// `${` of a template.
    case substitution
    /// Between `<` and `>` of a JSX tag; whether it is a closing one.
    case tag(closing: Bool)
    /// Between an opening and a closing JSX tag.
    case children
    /// `{` in JSX.
    case jsxExpression

    var isJSX: Bool {
      switch self {
      case .tag, .children, .jsxExpression: true
      case .bracket, .substitution: false
      }
    }
  }

  private let bytes: [UInt8]
  private var at = 0
  private var tokens: [JSToken] = []
  private var contexts: [Context] = []
  private var lineBreak = false
  /// How many tokens there were when the last JSX element ended: after it comes an operator, not an expression.
  private var lastClosedElement = -1
  /// Up to here there is no end for a string in single or double quotes, a template or a regex. Remembered, so that
  /// input which opens many and closes none is not searched again and again.
  private var endless: (single: Int, double: Int, template: Int, regex: Int) = (0, 0, 0, 0)
  private let readsJSX: Bool
  /// Deeper brackets are not code that people write.
  private static let maximumDepth = 4096
  private static let maximumRegex = 4096

  /// The tokens of a source, the last one of kind `end`.
  /// - Parameter jsx: whether `<` may open an element where an expression may stand (`.js`, `.jsx`, `.tsx`).
  package static func tokenize(_ source: SourceText, jsx: Bool = true) -> [JSToken] {
    var tokenizer = JSTokenizer(bytes: source.bytes, jsx: jsx)
    tokenizer.run()
    // An element without an end was no element, but a type parameter such as `<T>(x: T) => x`.
    if jsx, tokenizer.contexts.contains(where: { $0.isJSX }) { return tokenize(source, jsx: false) }
    return tokenizer.tokens
  }

  private init(bytes: [UInt8], jsx: Bool) {
    self.bytes = bytes
    readsJSX = jsx
    tokens.reserveCapacity(bytes.count / 4)
  }

  private mutating func run() {
    if bytes.starts(with: "#!".utf8) { skipLine() }
    while true {
      if case .children = contexts.last {
        if !readChildren() { break }
        continue
      }
      skipSpaceAndComments()
      guard at < bytes.count else { break }
      if case .tag = contexts.last { readInTag() } else { readCode() }
    }
    tokens.append(JSToken(kind: .end, range: bytes.count..<bytes.count, followsLineBreak: true))
  }

  private func peek(_ distance: Int = 0) -> UInt8 {
    guard at + distance < bytes.count else { return 0 }
    return bytes[at + distance]
  }

  private mutating func add(_ kind: JSToken.Kind, from start: Int) {
    tokens.append(JSToken(kind: kind, range: start..<at, followsLineBreak: lineBreak))
    lineBreak = false
  }

  private mutating func punctuator(_ length: Int) {
    let start = at
    at = min(at + length, bytes.count)
    add(.punctuator, from: start)
  }

  private mutating func push(_ context: Context) {
    if contexts.count < Self.maximumDepth { contexts.append(context) }
  }

  // MARK: Space

  private mutating func skipSpaceAndComments() {
    while at < bytes.count {
      switch bytes[at] {
      case 0x0A, 0x0D:
        lineBreak = true
        at += 1
      case 0x20, 0x09, 0x0B, 0x0C: at += 1
      case 0xC2 where peek(1) == 0xA0: at += 2
      case 0xE2 where peek(1) == 0x80 && (peek(2) == 0xA8 || peek(2) == 0xA9):
        lineBreak = true
        at += 3
      case 0xEF where peek(1) == 0xBB && peek(2) == 0xBF: at += 3
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"): skipLine()
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"):
        at += 2
        while at < bytes.count, bytes[at] != UInt8(ascii: "*") || peek(1) != UInt8(ascii: "/") {
          if bytes[at] == 0x0A { lineBreak = true }
          at += 1
        }
        at = min(at + 2, bytes.count)
      default: return
      }
    }
  }

  private mutating func skipLine() {
    while at < bytes.count, bytes[at] != 0x0A, bytes[at] != 0x0D { at += 1 }
  }

  // MARK: Code

  private mutating func readCode() {
    let start = at
    let byte = bytes[at]
    switch byte {
    case _ where Self.isIdentifierStart(byte): readIdentifier()
    case UInt8(ascii: "#") where Self.isIdentifierStart(peek(1)):
      at += 1
      readIdentifier(from: start)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): readNumber()
    case UInt8(ascii: ".") where Self.isDigit(peek(1)): readNumber()
    case UInt8(ascii: "\""), UInt8(ascii: "'"): readString(byte)
    case UInt8(ascii: "`"):
      at += 1
      readTemplate(from: start, whole: .template, open: .templateHead)
    case UInt8(ascii: "{"), UInt8(ascii: "("), UInt8(ascii: "["):
      push(.bracket)
      punctuator(1)
    case UInt8(ascii: "}"): closeBrace()
    case UInt8(ascii: ")"), UInt8(ascii: "]"):
      if case .bracket = contexts.last { contexts.removeLast() }
      punctuator(1)
    case UInt8(ascii: "/") where expectsExpression:
      if !readRegex() { punctuator(1) }
    case UInt8(ascii: "<") where readsJSX && expectsExpression && opensElement:
      push(.tag(closing: false))
      punctuator(1)
    default: punctuator(operatorLength())
    }
  }

  private mutating func closeBrace() {
    let start = at
    switch contexts.last {
    case .substitution:
      contexts.removeLast()
      at += 1
      readTemplate(from: start, whole: .templateTail, open: .templateMiddle)
    case .bracket, .jsxExpression:
      contexts.removeLast()
      punctuator(1)
    default: punctuator(1)
    }
  }

  /// Whether an expression may start here, so that `/` opens a regular expression and `<` an element.
  private var expectsExpression: Bool {
    guard let last = tokens.last else { return true }
    if lastClosedElement == tokens.count { return false }
    switch last.kind {
    case .number, .string, .template, .templateTail, .regex, .jsxText: return false
    case .templateHead, .templateMiddle, .end: return true
    case .identifier: return Self.expressionKeywords.contains(Array(bytes[last.range]))
    case .punctuator:
      switch bytes[last.offset] {
      // After `)` and `}` either may stand; a division or comparison is likelier after `)`, a statement after `}`.
      case UInt8(ascii: ")"), UInt8(ascii: "]"): return false
      case UInt8(ascii: "+"), UInt8(ascii: "-"): return last.range.count < 2 || !isPostfix
      default: return true
      }
    }
  }

  /// `x++` against `++x`.
  private var isPostfix: Bool {
    guard tokens.count >= 2 else { return false }
    switch tokens[tokens.count - 2].kind {
    case .identifier, .number: return true
    case .punctuator:
      let byte = bytes[tokens[tokens.count - 2].offset]
      return byte == UInt8(ascii: ")") || byte == UInt8(ascii: "]")
    default: return false
    }
  }

  private static let expressionKeywords: Set<[UInt8]> = Set(
    [
      "return", "typeof", "case", "do", "else", "in", "of", "instanceof", "new", "void", "delete",
      "throw", "await",
      "yield", "default", "extends",
    ].map { Array($0.utf8) })

  private mutating func readIdentifier(from start: Int? = nil) {
    let start = start ?? at
    while at < bytes.count, Self.isIdentifierPart(bytes[at]) { at += 1 }
    add(.identifier, from: start)
  }

  private mutating func readNumber() {
    let start = at
    while at < bytes.count {
      let byte = bytes[at]
      if Self.isIdentifierPart(byte) || byte == UInt8(ascii: ".") {
        at += 1
      } else if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"),
        bytes[at - 1] | 0x20 == UInt8(ascii: "e"),
        !(start + 1 < bytes.count && bytes[start + 1] | 0x20 == UInt8(ascii: "x"))
      {
        at += 1
      } else {
        break
      }
    }
    add(.number, from: start)
  }

  private mutating func readString(_ quote: UInt8) {
    let start = at
    let isSingle = quote == UInt8(ascii: "'")
    let known = if isSingle { endless.single } else { endless.double }
    guard start >= known else { return punctuator(1) }
    at += 1
    while at < bytes.count {
      switch bytes[at] {
      case quote:
        at += 1
        return add(.string, from: start)
      case UInt8(ascii: "\\"): at += 2
      case 0x0A, 0x0D: return notAString(from: start, isSingle)
      default: at += 1
      }
    }
    notAString(from: start, isSingle)
  }

  private mutating func notAString(from start: Int, _ isSingle: Bool) {
    if isSingle { endless.single = at } else { endless.double = at }
    at = start
    punctuator(1)
  }

  private mutating func readTemplate(from start: Int, whole: JSToken.Kind, open: JSToken.Kind) {
    guard start >= endless.template else {
      at = start
      return punctuator(1)
    }
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "`"):
        at += 1
        return add(whole, from: start)
      case UInt8(ascii: "$") where peek(1) == UInt8(ascii: "{"):
        at += 2
        add(open, from: start)
        return push(.substitution)
      case UInt8(ascii: "\\"): at += 2
      default: at += 1
      }
    }
    endless.template = bytes.count
    at = start
    punctuator(1)
  }

  private mutating func readRegex() -> Bool {
    let start = at
    guard start >= endless.regex else { return false }
    var inClass = false
    var end = at + 1
    search: while end < min(bytes.count, start + Self.maximumRegex) {
      switch bytes[end] {
      case 0x0A, 0x0D: break search
      case UInt8(ascii: "\\"): end += 1
      case UInt8(ascii: "["): inClass = true
      case UInt8(ascii: "]"): inClass = false
      case UInt8(ascii: "/") where !inClass:
        at = end + 1
        while at < bytes.count, Self.isIdentifierPart(bytes[at]) { at += 1 }
        add(.regex, from: start)
        return true
      default: break
      }
      end += 1
    }
    endless.regex = end
    return false
  }

  private static let operators: [[UInt8]] = [
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=",
    "<=", ">=", "&&",
    "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "**",
  ].map { Array($0.utf8) }

  private static let operatorTails: Set<UInt8> = Set("=.<>&|?+-*".utf8)

  private func operatorLength() -> Int {
    if bytes[at] < 0x80, !Self.operatorTails.contains(peek(1)) { return 1 }
    for candidate in Self.operators where bytes[at...].starts(with: candidate) {
      // `a ?.5 : b` is a condition.
      if candidate == Array("?.".utf8), Self.isDigit(peek(2)) { continue }
      // `Array<Array<T>>` is two closing brackets: leave `>` alone, comparisons do not matter here.
      if candidate[0] == UInt8(ascii: ">"), candidate.count > 1, candidate[1] == UInt8(ascii: ">") {
        return 1
      }
      return candidate.count
    }
    // A character outside of ASCII stays whole.
    var length = 1
    while peek(length) & 0xC0 == 0x80 { length += 1 }
    return length
  }

  // MARK: JSX

  /// `<div`, `<>`, `<A.B`; but not `<T,>` or `<T extends`, which open type parameters.
  private var opensElement: Bool {
    var next = at + 1
    guard next < bytes.count else { return false }
    if bytes[next] == UInt8(ascii: ">") { return true }
    guard Self.isIdentifierStart(bytes[next]) else { return false }
    while next < bytes.count, Self.isIdentifierPart(bytes[next]) { next += 1 }
    while next < bytes.count, bytes[next] == 0x20 { next += 1 }
    guard next < bytes.count else { return false }
    return bytes[next] != UInt8(ascii: ",") && !bytes[next...].starts(with: "extends ".utf8)
  }

  private mutating func readInTag() {
    let start = at
    switch bytes[at] {
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      // Attribute strings have no escapes and may span lines.
      let quote = bytes[at]
      at += 1
      while at < bytes.count, bytes[at] != quote { at += 1 }
      at = min(at + 1, bytes.count)
      add(.string, from: start)
    case UInt8(ascii: "{"):
      push(.jsxExpression)
      punctuator(1)
    case UInt8(ascii: "/") where peek(1) == UInt8(ascii: ">"):
      contexts.removeLast()
      punctuator(2)
      elementEnded()
    case UInt8(ascii: ">"):
      guard case .tag(let closing)? = contexts.popLast() else { return punctuator(1) }
      if closing {
        if case .children = contexts.last { contexts.removeLast() }
        punctuator(1)
        elementEnded()
      } else {
        punctuator(1)
        push(.children)
      }
    case let byte where Self.isIdentifierStart(byte):
      // Names may hold hyphens: `aria-label`.
      while at < bytes.count, Self.isIdentifierPart(bytes[at]) || bytes[at] == UInt8(ascii: "-") {
        at += 1
      }
      add(.identifier, from: start)
    default: punctuator(1)
    }
  }

  private mutating func elementEnded() { lastClosedElement = tokens.count }

  /// One step between tags: text, `{`, or a tag. False at the end of the source.
  private mutating func readChildren() -> Bool {
    let start = at
    while at < bytes.count, bytes[at] != UInt8(ascii: "{"), bytes[at] != UInt8(ascii: "<") {
      at += 1
    }
    if at > start { add(.jsxText, from: start) }
    guard at < bytes.count else { return false }
    if bytes[at] == UInt8(ascii: "{") {
      push(.jsxExpression)
      punctuator(1)
    } else {
      let closing = peek(1) == UInt8(ascii: "/")
      push(.tag(closing: closing))
      if closing { punctuator(2) } else { punctuator(1) }
    }
    return true
  }

  // MARK: Characters

  private static func isIdentifierStart(_ byte: UInt8) -> Bool {
    (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") && byte >= 0x41)
      || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$") || byte >= 0x80
      || byte == UInt8(ascii: "\\")
  }

  private static func isIdentifierPart(_ byte: UInt8) -> Bool {
    isIdentifierStart(byte) || isDigit(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
