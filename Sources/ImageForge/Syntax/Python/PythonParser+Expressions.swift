import ForgeBasics

extension PythonParser {
  private static let infix: Set<String> = [
    "+", "-", "*", "/", "//", "%", "@", "**", "&", "|", "^", "~", "<<", ">>", "==", "!=", "<", ">",
    "<=", ">=", ":=",
  ]
  private static let prefix: Set<String> = ["+", "-", "~", "*", "**"]
  private static let infixWords: Set<String> = ["and", "or", "is", "if", "else", "as", "not", "in"]
  /// Words that cannot begin an operand.
  private static let reserved: Set<String> = [
    "and", "as", "assert", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for",
    "from", "global", "if", "import", "in", "is", "nonlocal", "or", "pass", "raise", "return",
    "try", "while", "with",
  ]

  /// One expression, or several with commas as a tuple. `inTarget`: the `in` of `for x in y` ends it.
  mutating func expressionList(inTarget: Bool = false) throws(SyntaxError) -> PythonExpression {
    let first = try expression(inTarget: inTarget)
    guard isOperation(",") else { return first }
    var elements = [first]
    while takeOperation(",") {
      if !beginsOperand || (inTarget && isName("in")) { break }
      elements.append(try expression(inTarget: inTarget))
    }
    return PythonExpression(offset: first.offset, kind: .tuple(elements))
  }

  private var beginsOperand: Bool {
    switch token.kind {
    case .name: !Self.reserved.contains(token.text)
    case .number, .string: true
    case .operation: ["(", "[", "{", "...", "+", "-", "~", "*", "**"].contains(token.text)
    default: false
    }
  }

  mutating func expression(inTarget: Bool = false) throws(SyntaxError) -> PythonExpression {
    let start = token.offset
    var operators: [String] = []
    var operands: [PythonExpression] = []
    while true {
      while isPrefix {
        operators.append(token.text)
        position += 1
      }
      if isName("lambda") {
        operands.append(try lambda())
        break
      }
      if isName("yield") {
        operands.append(try yieldExpression())
        break
      }
      operands.append(try primary())
      guard takeInfix(inTarget, into: &operators) else { break }
    }
    if operators.isEmpty, operands.count == 1 { return operands[0] }
    return PythonExpression(offset: start, kind: .operation(operators, operands))
  }

  private var isPrefix: Bool {
    switch token.kind {
    case .operation: Self.prefix.contains(token.text)
    case .name: token.text == "not" || token.text == "await"
    default: false
    }
  }

  private mutating func takeInfix(_ inTarget: Bool, into operators: inout [String]) -> Bool {
    switch token.kind {
    case .operation where Self.infix.contains(token.text): break
    case .name where Self.infixWords.contains(token.text) && !(inTarget && token.text == "in"):
      break
    default: return false
    }
    if isName("not") {
      guard tokens[position + 1].text == "in" else { return false }
      position += 1
    }
    operators.append(token.text)
    position += 1
    return true
  }

  private mutating func lambda() throws(SyntaxError) -> PythonExpression {
    let start = token.offset
    position += 1
    depth += 1
    defer { depth -= 1 }
    guard depth < PythonLimits.brackets else { throw failure("expressions are nested too deeply") }
    var parts: [PythonExpression] = []
    while !takeOperation(":") {
      if takeOperation("*") || takeOperation("**") || takeOperation("/") || takeOperation(",") {
        continue
      }
      _ = try identifier()
      if takeOperation("=") { parts.append(try expression()) }
    }
    parts.append(try expression())
    return PythonExpression(offset: start, kind: .compound(parts))
  }

  private mutating func yieldExpression() throws(SyntaxError) -> PythonExpression {
    let start = token.offset
    position += 1
    depth += 1
    defer { depth -= 1 }
    guard depth < PythonLimits.brackets else { throw failure("expressions are nested too deeply") }
    _ = takeName("from")
    var parts: [PythonExpression] = []
    if beginsOperand { parts.append(try expressionList()) }
    return PythonExpression(offset: start, kind: .compound(parts))
  }

  // MARK: Operands

  private mutating func primary() throws(SyntaxError) -> PythonExpression {
    var result = try atom()
    var links = 0
    while case .operation = token.kind {
      let offset = result.offset
      if takeOperation(".") {
        result = PythonExpression(offset: offset, kind: .attribute(result, try identifier()))
      } else if takeOperation("(") {
        result = PythonExpression(offset: offset, kind: .call(result, try arguments()))
      } else if takeOperation("[") {
        result = PythonExpression(offset: offset, kind: .subscripted(result, try subscripts()))
      } else {
        break
      }
      links += 1
      guard links < PythonLimits.chain else {
        throw failure("a chain of calls and attributes is too long")
      }
    }
    return result
  }

  private mutating func atom() throws(SyntaxError) -> PythonExpression {
    let start = token
    func made(_ kind: PythonExpression.Kind) -> PythonExpression {
      PythonExpression(offset: start.offset, kind: kind)
    }
    switch start.kind {
    case .name:
      guard !Self.reserved.contains(start.text) else { throw failure("an expression was expected") }
      position += 1
      switch start.text {
      case "True": return made(.bool(true))
      case "False": return made(.bool(false))
      case "None": return made(.none)
      default: return made(.name(start.text))
      }
    case .number:
      position += 1
      return made(.number(start.text))
    case .string:
      return try string()
    case .operation:
      position += 1
      switch start.text {
      case "...": return made(.ellipsis)
      case "(":
        let (elements, isPlain) = try elements(until: ")")
        // Brackets around one expression are only brackets.
        if isPlain, elements.count == 1 { return elements[0] }
        return made(.tuple(elements))
      case "[":
        let (elements, _) = try elements(until: "]")
        return made(.list(elements))
      case "{": return made(try braces())
      default:
        position -= 1
        throw failure("an expression was expected")
      }
    default:
      throw failure("an expression was expected")
    }
  }

  /// What stands between brackets, up to the closing one. `isPlain`: there was no comma.
  private mutating func elements(
    until closing: String
  ) throws(SyntaxError) -> (elements: [PythonExpression], isPlain: Bool) {
    var elements: [PythonExpression] = []
    var isPlain = true
    while !takeOperation(closing) {
      elements.append(try comprehension(of: [try expression()]))
      if takeOperation(",") {
        isPlain = false
      } else if !isOperation(closing) {
        throw failure("`\(closing)` was expected")
      }
    }
    return (elements, isPlain)
  }

  /// Reads the `for` clauses after an element, if there are any.
  private mutating func comprehension(of element: [PythonExpression]) throws(SyntaxError)
    -> PythonExpression
  {
    let offset = element[0].offset
    guard isName("for") || isName("async") else {
      if element.count == 1 { return element[0] }
      return PythonExpression(offset: offset, kind: .compound(element))
    }
    var parts = element
    while isName("for") || isName("async") || isName("if") {
      if takeName("if") {
        parts.append(try expression())
        continue
      }
      _ = takeName("async")
      guard takeName("for") else { throw failure("`for` was expected") }
      parts.append(try expressionList(inTarget: true))
      guard takeName("in") else { throw failure("`in` was expected") }
      parts.append(try expression())
    }
    return PythonExpression(offset: offset, kind: .compound(parts))
  }

  private mutating func braces() throws(SyntaxError) -> PythonExpression.Kind {
    var pairs: [PythonPair] = []
    var elements: [PythonExpression] = []
    while !takeOperation("}") {
      if takeOperation("**") {
        pairs.append(PythonPair(key: nil, value: try expression()))
      } else {
        let first = try expression()
        if takeOperation(":") {
          let value = try expression()
          if isName("for") || isName("async") {
            elements.append(try comprehension(of: [first, value]))
          } else {
            pairs.append(PythonPair(key: first, value: value))
          }
        } else {
          elements.append(try comprehension(of: [first]))
        }
      }
      if !takeOperation(","), !isOperation("}") { throw failure("`}` was expected") }
    }
    if elements.isEmpty { return .dictionary(pairs) }
    return .set(elements)
  }

  /// The arguments of a call or class, after the opening bracket.
  mutating func arguments() throws(SyntaxError) -> [PythonArgument] {
    var arguments: [PythonArgument] = []
    while !takeOperation(")") {
      if isOperation("*") || isOperation("**") {
        let stars = token.text.utf8.count
        position += 1
        arguments.append(PythonArgument(name: nil, stars: stars, value: try expression()))
      } else if case .name = token.kind, position + 1 < tokens.count,
        tokens[position + 1].text == "="
      {
        let name = token.text
        position += 2
        arguments.append(PythonArgument(name: name, stars: 0, value: try expression()))
      } else {
        let value = try comprehension(of: [try expression()])
        arguments.append(PythonArgument(name: nil, stars: 0, value: value))
      }
      if !takeOperation(","), !isOperation(")") { throw failure("`)` was expected") }
    }
    return arguments
  }

  private mutating func subscripts() throws(SyntaxError) -> [PythonExpression] {
    var parts: [PythonExpression] = []
    while !takeOperation("]") {
      if takeOperation(",") || takeOperation(":") { continue }
      parts.append(try expression())
      if !isOperation(","), !isOperation(":"), !isOperation("]") {
        throw failure("`]` was expected")
      }
    }
    return parts
  }

  // MARK: Strings

  /// Adjacent string literals as one.
  private mutating func string() throws(SyntaxError) -> PythonExpression {
    let start = token.offset
    var text = ""
    var fields: [PythonExpression] = []
    var isFormatted = false
    var isBytes = false
    while case .string(let index) = token.kind {
      let literal = literals[index]
      isBytes = isBytes || literal.isBytes
      if literal.isFormatted {
        isFormatted = true
        for field in literal.fields { fields.append(contentsOf: fieldExpression(field)) }
      } else {
        text += PythonEscapes.decode(source.bytes[literal.body], isRaw: literal.isRaw)
      }
      position += 1
    }
    var kind = PythonExpression.Kind.string(text)
    if isFormatted { kind = .formatted(fields) }
    if isBytes { kind = .bytes }
    return PythonExpression(offset: start, kind: kind)
  }

  /// The expression in a field of an f-string; none when it cannot be read.
  private func fieldExpression(_ field: Range<Int>) -> [PythonExpression] {
    guard let (tokens, literals) = try? PythonTokenizer.tokens(of: source, field: field) else {
      return []
    }
    var parser = PythonParser(source: source, tokens: tokens, literals: literals)
    parser.depth = depth + 1
    return (try? parser.expressionList()).map { [$0] } ?? []
  }
}

/// The escapes of Python's string literals.
enum PythonEscapes {
  static func decode(_ body: ArraySlice<UInt8>, isRaw: Bool) -> String {
    guard !isRaw, body.contains(UInt8(ascii: "\\")) else {
      return String(decoding: body, as: UTF8.self)
    }
    var out: [UInt8] = []
    var at = body.startIndex
    while at < body.endIndex {
      let byte = body[at]
      at += 1
      guard byte == UInt8(ascii: "\\"), at < body.endIndex else {
        out.append(byte)
        continue
      }
      let letter = body[at]
      at += 1
      switch letter {
      case UInt8(ascii: "\n"): break
      case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): out.append(letter)
      case UInt8(ascii: "n"): out.append(0x0A)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "r"): out.append(0x0D)
      case UInt8(ascii: "a"): out.append(0x07)
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0C)
      case UInt8(ascii: "v"): out.append(0x0B)
      case UInt8(ascii: "0")...UInt8(ascii: "7"):
        append(number(body, at: &at, from: at - 1, radix: 8, digits: 3), to: &out)
      case UInt8(ascii: "x"):
        append(number(body, at: &at, from: at, radix: 16, digits: 2), to: &out)
      case UInt8(ascii: "u"):
        append(number(body, at: &at, from: at, radix: 16, digits: 4), to: &out)
      case UInt8(ascii: "U"):
        append(number(body, at: &at, from: at, radix: 16, digits: 8), to: &out)
      default: out += [byte, letter]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func number(
    _ body: ArraySlice<UInt8>, at: inout Int, from start: Int, radix: UInt32, digits: Int
  ) -> UInt32 {
    var value: UInt32 = 0
    at = start
    while at < body.endIndex, at < start + digits,
      let digit = Character(UnicodeScalar(body[at])).hexDigitValue, digit < radix
    {
      value = value &* radix &+ UInt32(digit)
      at += 1
    }
    return value
  }

  private static func append(_ value: UInt32, to out: inout [UInt8]) {
    out += Array(String(Character(UnicodeScalar(value) ?? "\u{FFFD}")).utf8)
  }
}
