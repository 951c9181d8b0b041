import ForgeBasics
import Foundation

/// Reads the statements of a JavaScript or TypeScript module that bear on the value of a configuration. It accepts
/// every input: what is outside of the subset becomes `.other`.
package struct JSParser {
  let source: SourceText
  let tokens: [JSToken]
  /// For each token the index after it, or after its closing bracket when it opens one.
  private let ends: [Int]
  var at = 0
  /// Nesting of expressions and statements together; recursion ends here.
  var depth = 0
  static let maximumDepth = 100
  /// Of a chain's links in one another.
  static let maximumHeight = 400

  package static func parse(_ source: SourceText, jsx: Bool = false) -> [JSStatement] {
    var parser = JSParser(source: source, tokens: JSTokenizer.tokenize(source, jsx: jsx))
    return parser.statements(untilBrace: false)
  }

  private init(source: SourceText, tokens: [JSToken]) {
    self.source = source
    self.tokens = tokens
    var ends = Array(0..<tokens.count)
    var open: [Int] = []
    for (index, token) in tokens.enumerated() {
      ends[index] = min(index + 1, tokens.count - 1)
      switch Self.bracket(token, source) {
      case 1: open.append(index)
      case -1: if let start = open.popLast() { ends[start] = min(index + 1, tokens.count - 1) }
      default: break
      }
    }
    for start in open { ends[start] = tokens.count - 1 }
    self.ends = ends
  }

  /// 1 for an opening bracket, -1 for a closing one.
  private static func bracket(_ token: JSToken, _ source: SourceText) -> Int {
    switch token.kind {
    case .templateHead: return 1
    case .templateTail: return -1
    case .punctuator where token.range.count == 1:
      switch source.bytes[token.offset] {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): return 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): return -1
      default: return 0
      }
    default: return 0
    }
  }

  // MARK: Tokens

  var current: JSToken { tokens[min(at, tokens.count - 1)] }
  var isAtEnd: Bool { current.kind == .end }

  func token(_ distance: Int) -> JSToken { tokens[min(at + distance, tokens.count - 1)] }

  func text(_ token: JSToken) -> String {
    String(decoding: source.bytes[token.range], as: UTF8.self)
  }

  func isNext(_ text: StaticString, _ distance: Int = 0) -> Bool {
    let token = token(distance)
    guard token.kind == .punctuator || token.kind == .identifier,
      token.range.count == text.utf8CodeUnitCount
    else {
      return false
    }
    return text.withUTF8Buffer { source.bytes[token.range].elementsEqual($0) }
  }

  mutating func take(_ text: StaticString) -> Bool {
    guard isNext(text) else { return false }
    at += 1
    return true
  }

  mutating func advance() { if !isAtEnd { at += 1 } }

  /// Skips one balanced bracket that starts at the current token, or one token.
  mutating func skipBalanced() { at = ends[min(at, ends.count - 1)] }

  // MARK: Statements

  mutating func statements(untilBrace: Bool) -> [JSStatement] {
    var found: [JSStatement] = []
    while !isAtEnd {
      if isNext("}") {
        if untilBrace { break }
        advance()
        continue
      }
      let before = at
      depth += 1
      if depth > Self.maximumDepth { skipBalanced() } else { statement(into: &found) }
      depth -= 1
      if at == before { advance() }
    }
    return found
  }

  mutating func block() -> [JSStatement] {
    guard take("{") else {
      var found: [JSStatement] = []
      depth += 1
      if depth > Self.maximumDepth { skipBalanced() } else { statement(into: &found) }
      depth -= 1
      return found
    }
    let found = statements(untilBrace: true)
    _ = take("}")
    return found
  }

  mutating func statement(into found: inout [JSStatement]) {
    let offset = current.offset
    func add(_ kind: JSStatement.Kind) { found.append(JSStatement(kind: kind, offset: offset)) }
    if take(";") { return }
    if isNext("{") { return add(.block(block())) }
    guard current.kind == .identifier else { return expressionStatement(into: &found) }
    switch text(current) {
    case "import" where !isNext("(", 1) && !isNext(".", 1): importStatement(into: &found)
    case "export": exportStatement(into: &found)
    case "const", "let", "var": declarations(into: &found)
    case "async" where isNext("function", 1):
      at += 1
      functionStatement(into: &found)
    case "function": functionStatement(into: &found)
    case "return":
      advance()
      let hasValue = !isNext(";") && !isNext("}") && !current.followsLineBreak && !isAtEnd
      if hasValue { add(.return(expression())) } else { add(.return(nil)) }
      endStatement()
    case "throw":
      advance()
      _ = expression()
      add(.throw)
      endStatement()
    case "if": ifStatement(into: &found)
    case "type" where token(1).kind == .identifier, "interface" where token(1).kind == .identifier,
      "declare", "enum", "namespace":
      skipDeclaration()
    case "try": tryStatement(into: &found)
    case "switch": switchStatement(into: &found)
    case "for", "while", "do", "class", "with":
      add(skipped { $0.skipCompound() })
    default: expressionStatement(into: &found)
    }
  }

  private mutating func expressionStatement(into found: inout [JSStatement]) {
    let offset = current.offset
    let target = expression()
    if take("=") {
      let value = assignmentChain()
      found.append(JSStatement(kind: .assign(target, value), offset: offset))
    } else if let symbol = Self.compound.first(where: { isNext($0.token) }) {
      advance()
      let value = JSExpression(
        kind: .binary(symbol.operation, target, expression()), offset: offset)
      found.append(JSStatement(kind: .assign(target, value), offset: offset))
    } else {
      found.append(JSStatement(kind: .expression(target), offset: offset))
    }
    endStatement()
  }

  private static let compound: [(token: StaticString, operation: String)] = [
    ("||=", "||"), ("??=", "??"), ("&&=", "&&"), ("+=", "+"),
  ]

  /// `a = b = value`: the value is what counts.
  mutating func assignmentChain() -> JSExpression {
    var value = expression()
    while take("=") { value = expression() }
    return value
  }

  /// Skips to the end of a statement that was not read whole.
  private mutating func endStatement() {
    while !isAtEnd, !isNext("}") {
      if take(";") || current.followsLineBreak { return }
      skipBalanced()
    }
  }

  private mutating func skipDeclaration() {
    advance()
    while !isAtEnd, !isNext(";"), !isNext("{"), !isNext("=") { advance() }
    if take("=") { skipType() } else if isNext("{") { skipBalanced() }
    _ = take(";")
  }

  /// `for (…) {…}`, `try {…} catch {…}` and their like, up to the end of their last block.
  mutating func skipCompound() {
    advance()
    while !isAtEnd, !isNext("{"), !isNext(";"), !isNext("}") { skipBalanced() }
    if isNext("{") { skipBalanced() }
    while isNext("catch") || isNext("finally") || isNext("else") {
      advance()
      while !isAtEnd, !isNext("{"), !isNext("}") { skipBalanced() }
      if isNext("{") { skipBalanced() }
    }
  }

  private mutating func ifStatement(into found: inout [JSStatement]) {
    let offset = current.offset
    advance()
    guard take("(") else { return }
    let condition = expression()
    while !isAtEnd, !isNext(")") { skipBalanced() }
    _ = take(")")
    let then = block()
    var otherwise: [JSStatement] = []
    if take("else") { otherwise = block() }
    found.append(JSStatement(kind: .if(condition, then, otherwise), offset: offset))
  }

  private mutating func functionStatement(into found: inout [JSStatement]) {
    let offset = current.offset
    guard case .function(let function) = functionExpression().kind else { return }
    if let name = lastFunctionName {
      found.append(JSStatement(kind: .function(name, function), offset: offset))
    }
  }

  /// The name of the function that `functionExpression` read last.
  var lastFunctionName: String?

  private mutating func declarations(into found: inout [JSStatement]) {
    let isLexical = !isNext("var")
    advance()
    repeat {
      let offset = current.offset
      let pattern = pattern()
      _ = take("!")
      if take(":") { skipType() }
      var value: JSExpression?
      if take("=") { value = assignmentChain() }
      found.append(JSStatement(kind: .bind(pattern, value), offset: offset, isLexical: isLexical))
    } while take(",")
    endStatement()
  }

  private mutating func importStatement(into found: inout [JSStatement]) {
    let offset = current.offset
    advance()
    var names: [(name: String, imported: String)] = []
    while !isAtEnd, !isNext("from"), !isNext(";"), current.kind != .string {
      if isNext("type"), token(1).kind == .identifier || isNext("{", 1) { advance() }
      if take("{") {
        while !isAtEnd, !isNext("}") {
          if isNext("type"), token(1).kind == .identifier { advance() }
          let imported = text(current)
          advance()
          var name = imported
          if take("as") {
            name = text(current)
            advance()
          }
          names.append((name, imported))
          _ = take(",")
        }
        _ = take("}")
      } else if take("*") {
        _ = take("as")
        names.append((text(current), "*"))
        advance()
      } else if current.kind == .identifier {
        names.append((text(current), "default"))
        advance()
        // `import x = require("x")`
        if take("="), take("require"), take("(") { break }
      } else {
        advance()
      }
    }
    _ = take("from")
    guard current.kind == .string else { return endStatement() }
    let module = JSString.value(source.bytes[current.range])
    advance()
    for (name, imported) in names {
      found.append(
        JSStatement(kind: .import(name: name, imported: imported, module: module), offset: offset))
    }
    if names.isEmpty {
      found.append(
        JSStatement(kind: .import(name: "", imported: "", module: module), offset: offset))
    }
    endStatement()
  }

  private mutating func exportStatement(into found: inout [JSStatement]) {
    let offset = current.offset
    advance()
    if take("default") {
      let isFunction = isNext("function") || (isNext("async") && isNext("function", 1))
      let value = expression()
      found.append(JSStatement(kind: .exportDefault(value), offset: offset))
      if isFunction, case .function(let function) = value.kind, let name = lastFunctionName {
        found.append(JSStatement(kind: .function(name, function), offset: offset))
      }
      return endStatement()
    }
    if take("=") {
      found.append(JSStatement(kind: .exportDefault(expression()), offset: offset))
      return endStatement()
    }
    if take("{") {
      while !isAtEnd, !isNext("}") {
        let name = current
        advance()
        guard take("as") else { continue }
        let value = JSExpression(kind: .identifier(text(name)), offset: name.offset)
        if take("default") {
          found.append(JSStatement(kind: .exportDefault(value), offset: offset))
        } else {
          found.append(
            JSStatement(kind: .bind(.name(text(current), default: nil), value), offset: offset))
          advance()
        }
      }
      _ = take("}")
      return endStatement()
    }
    // `export const …`; a second `export` is an error, not a way to nest.
    if !isNext("export") { statement(into: &found) }
  }

  // MARK: Patterns

  mutating func pattern() -> JSPattern {
    depth += 1
    defer { depth -= 1 }
    if depth > Self.maximumDepth || isNext("[") {
      skipBalanced()
      return .other
    }
    if take("...") {
      _ = pattern()
      return .other
    }
    if take("{") {
      var properties: [(key: String, JSPattern)] = []
      while !isAtEnd, !isNext("}") {
        if let property = patternProperty() { properties.append(property) }
        _ = take(",")
      }
      _ = take("}")
      return .object(properties, default: nil)
    }
    guard current.kind == .identifier else {
      skipBalanced()
      return .other
    }
    let name = text(current)
    advance()
    return .name(name, default: nil)
  }

  private mutating func patternProperty() -> (key: String, JSPattern)? {
    let key: String
    switch current.kind {
    case .identifier: key = text(current)
    case .string: key = JSString.value(source.bytes[current.range])
    default:
      if isNext("...") { _ = pattern() } else { skipBalanced() }
      return nil
    }
    advance()
    var bound = JSPattern.name(key, default: nil)
    if take(":") { bound = pattern() }
    if take("=") { bound = bound.with(default: expression()) }
    return (key, bound)
  }

  mutating func parameters() -> [JSPattern] {
    guard take("(") else { return [] }
    var found: [JSPattern] = []
    while !isAtEnd, !isNext(")") {
      let before = at
      var parameter = pattern()
      _ = take("?")
      if take(":") { skipType() }
      if take("=") { parameter = parameter.with(default: expression()) }
      found.append(parameter)
      _ = take(",")
      if at == before { advance() }
    }
    _ = take(")")
    return found
  }
}

extension JSPattern {
  func with(default value: JSExpression) -> JSPattern {
    switch self {
    case .name(let name, _): .name(name, default: value)
    case .object(let properties, _): .object(properties, default: value)
    case .other: .other
    }
  }
}
