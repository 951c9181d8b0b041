import Foundation

extension JSParser {
  private static let precedence: [String: Int] = [
    "??": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7, "===": 7, "!==": 7, "<": 8,
    ">": 8,
    "<=": 8, ">=": 8, "in": 8, "instanceof": 8, "<<": 9, "+": 10, "-": 10, "*": 11, "/": 11,
    "%": 11, "**": 12,
  ]

  /// An assignment expression without the assignment (ECMA-262, section 13.15).
  mutating func expression() -> JSExpression {
    depth += 1
    defer { depth -= 1 }
    let offset = current.offset
    guard depth <= Self.maximumDepth else {
      skipBalanced()
      return JSExpression(kind: .other, offset: offset)
    }
    if let arrow = arrowFunction() { return arrow }
    let condition = binary(minimum: 1)
    guard isNext("?") else { return condition }
    advance()
    let then = assignmentChain()
    guard take(":") else { return JSExpression(kind: .other, offset: offset) }
    let otherwise = assignmentChain()
    return JSExpression(kind: .conditional(condition, then, otherwise), offset: offset)
  }

  private mutating func binary(minimum: Int) -> JSExpression {
    var left = unary()
    while true {
      if current.kind == .identifier, !current.followsLineBreak, isNext("as") || isNext("satisfies")
      {
        advance()
        skipType()
        continue
      }
      guard current.kind == .punctuator || current.kind == .identifier,
        let rank = Self.precedence[text(current)],
        rank >= minimum
      else { return left }
      let symbol = text(current)
      advance()
      let right = binary(minimum: rank + 1)
      left = bounded(JSExpression(kind: .binary(symbol, left, right), offset: left.offset))
    }
  }

  private mutating func unary() -> JSExpression {
    let offset = current.offset
    for symbol in ["!", "-", "+", "~", "typeof", "void", "delete"]
    where (current.kind == .punctuator || current.kind == .identifier) && text(current) == symbol {
      depth += 1
      defer { depth -= 1 }
      advance()
      guard depth <= Self.maximumDepth else { return JSExpression(kind: .other, offset: offset) }
      let operand = unary()
      if symbol == "void" { return JSExpression(kind: .undefined, offset: offset) }
      return JSExpression(kind: .unary(symbol, operand), offset: offset)
    }
    if isNext("await") {
      depth += 1
      defer { depth -= 1 }
      advance()
      guard depth <= Self.maximumDepth else { return JSExpression(kind: .other, offset: offset) }
      return JSExpression(kind: .await(unary()), offset: offset)
    }
    return postfix(primary())
  }

  private mutating func postfix(_ start: JSExpression) -> JSExpression {
    var value = start
    while true {
      if take(".") || take("?.") {
        if isNext("(") || isNext("[") { continue }
        value = bounded(JSExpression(kind: .member(value, text(current)), offset: value.offset))
        advance()
      } else if isNext("[") {
        advance()
        let index = expression()
        guard take("]") else { return JSExpression(kind: .other, offset: value.offset) }
        let kind: JSExpression.Kind
        if case .string(let name) = index.kind {
          kind = .member(value, name)
        } else {
          kind = .element(value, index)
        }
        value = bounded(JSExpression(kind: kind, offset: value.offset))
      } else if isNext("(") {
        value = bounded(JSExpression(kind: .call(value, arguments()), offset: value.offset))
      } else if isNext("!"), !current.followsLineBreak, !isNext("=", 1) {
        advance()
      } else if isNext("<"), let end = typeArgumentsEnd() {
        at = end
      } else if current.kind == .template || current.kind == .templateHead {
        skipBalanced()
        value = JSExpression(kind: .other, offset: value.offset)
      } else if isNext("++") || isNext("--") {
        advance()
      } else {
        return value
      }
    }
  }

  /// An expression that closes a chain such as `a.b().c` or `a + b + c`. A chain that is too long is not read: its
  /// links lie in one another, and nothing else bounds their number.
  private func bounded(_ expression: JSExpression) -> JSExpression {
    guard expression.height > Self.maximumHeight else { return expression }
    return JSExpression(kind: .other, offset: expression.offset)
  }

  mutating func arguments() -> [JSExpression] {
    guard take("(") else { return [] }
    return elements(closing: ")")
  }

  private mutating func elements(closing: StaticString) -> [JSExpression] {
    var found: [JSExpression] = []
    while !isAtEnd, !isNext(closing) {
      let before = at
      let offset = current.offset
      if take(",") { continue }
      if take("...") {
        found.append(JSExpression(kind: .spread(expression()), offset: offset))
      } else {
        found.append(assignmentChain())
      }
      // Something outside of the subset: to the next comma.
      while !isAtEnd, !isNext(","), !isNext(closing) { skipBalanced() }
      if at == before { advance() }
    }
    _ = take(closing)
    return found
  }

  private mutating func primary() -> JSExpression {
    let token = current
    let offset = token.offset
    func make(_ kind: JSExpression.Kind) -> JSExpression {
      JSExpression(kind: kind, offset: offset)
    }
    switch token.kind {
    case .string, .template:
      advance()
      return make(.string(JSString.value(source.bytes[token.range])))
    case .number:
      advance()
      return make(Double(text(token).replacing("_", with: "")).map { .number($0) } ?? .other)
    case .regex:
      advance()
      return make(.regex)
    case .templateHead: return template()
    case .identifier: return identifier()
    case .punctuator where take("("):
      var inner = assignmentChain()
      // The comma operator gives its last value.
      while take(",") { inner = assignmentChain() }
      while !isAtEnd, !isNext(")") { skipBalanced() }
      _ = take(")")
      return inner
    case .punctuator where take("["): return make(.array(elements(closing: "]")))
    case .punctuator where take("{"): return make(.object(properties()))
    default:
      // Closing brackets belong to whoever opened them.
      if !isNext(")"), !isNext("]"), !isNext("}"), !isNext(","), !isNext(";") { advance() }
      return make(.other)
    }
  }

  private mutating func identifier() -> JSExpression {
    let offset = current.offset
    let name = text(current)
    if name == "function" || (name == "async" && isNext("function", 1)) {
      if name == "async" { advance() }
      return functionExpression()
    }
    advance()
    let kind: JSExpression.Kind
    switch name {
    case "true": kind = .bool(true)
    case "false": kind = .bool(false)
    case "null": kind = .null
    case "undefined": kind = .undefined
    case "new":
      while take("new") {}
      _ = postfix(primary())
      kind = .new
    case "class":
      while !isAtEnd, !isNext("{") { advance() }
      skipBalanced()
      kind = .other
    default: kind = .identifier(name)
    }
    return JSExpression(kind: kind, offset: offset)
  }

  private mutating func template() -> JSExpression {
    let offset = current.offset
    var texts: [String] = []
    var values: [JSExpression] = []
    while current.kind == .templateHead || current.kind == .templateMiddle {
      texts.append(JSString.value(source.bytes[current.range]))
      advance()
      values.append(expression())
      while !isAtEnd, current.kind != .templateMiddle, current.kind != .templateTail {
        skipBalanced()
      }
    }
    guard current.kind == .templateTail else { return JSExpression(kind: .other, offset: offset) }
    texts.append(JSString.value(source.bytes[current.range]))
    advance()
    return JSExpression(kind: .template(texts, values), offset: offset)
  }

  // MARK: Objects

  private mutating func properties() -> [JSProperty] {
    var found: [JSProperty] = []
    while !isAtEnd, !isNext("}") {
      let before = at
      if take(",") { continue }
      if let property = property() { found.append(property) }
      while !isAtEnd, !isNext(","), !isNext("}") { skipBalanced() }
      if at == before { advance() }
    }
    _ = take("}")
    return found
  }

  private mutating func property() -> JSProperty? {
    if take("...") { return .spread(expression()) }
    while isNext("async") || isNext("get") || isNext("set") || isNext("*"), !isNext(":", 1),
      !isNext(",", 1),
      !isNext("(", 1), !isNext("}", 1)
    { advance() }
    let offset = current.offset
    if take("[") {
      let key = expression()
      guard take("]") else { return nil }
      if isNext("(") { return .computed(key, method(at: offset)) }
      guard take(":") else { return nil }
      return .computed(key, assignmentChain())
    }
    let key: String
    switch current.kind {
    case .identifier, .number: key = text(current)
    case .string: key = JSString.value(source.bytes[current.range])
    default: return nil
    }
    advance()
    if take(":") { return .value(key: key, assignmentChain()) }
    if isNext("(") || isNext("<") { return .value(key: key, method(at: offset)) }
    return .value(key: key, JSExpression(kind: .identifier(key), offset: offset))
  }

  private mutating func method(at offset: Int) -> JSExpression {
    JSExpression(kind: .function(functionTail()), offset: offset)
  }

  // MARK: Functions

  /// From `function` on; `async` is already skipped.
  mutating func functionExpression() -> JSExpression {
    let offset = current.offset
    _ = take("async")
    _ = take("function")
    _ = take("*")
    var name: String?
    if current.kind == .identifier {
      name = text(current)
      advance()
    }
    let function = functionTail()
    lastFunctionName = name
    return JSExpression(kind: .function(function), offset: offset)
  }

  private mutating func functionTail() -> JSFunction {
    if isNext("<"), let end = typeArgumentsEnd() { at = end }
    let parameters = parameters()
    if take(":") { skipType() }
    return JSFunction(parameters: parameters, body: functionBody())
  }

  private mutating func functionBody() -> [JSStatement] {
    guard take("{") else { return [] }
    let body = statements(untilBrace: true)
    _ = take("}")
    return body
  }

  /// `x => …`, `(x) => …`, `async (x): T => …`; nil when none stands here.
  private mutating func arrowFunction() -> JSExpression? {
    let offset = current.offset
    let start = at
    if isNext("async"), !token(1).followsLineBreak, token(1).kind == .identifier || isNext("(", 1) {
      advance()
    }
    var parameters: [JSPattern] = []
    if current.kind == .identifier, isNext("=>", 1) {
      parameters = [.name(text(current), default: nil)]
      advance()
    } else if isNext("("), isArrow() {
      parameters = self.parameters()
      if take(":") { skipType() }
    } else {
      at = start
      return nil
    }
    guard take("=>") else {
      at = start
      return nil
    }
    if isNext("{") {
      return JSExpression(
        kind: .function(JSFunction(parameters: parameters, body: functionBody())), offset: offset)
    }
    let value = expression()
    let body = [JSStatement(kind: .return(value), offset: value.offset)]
    return JSExpression(
      kind: .function(JSFunction(parameters: parameters, body: body)), offset: offset)
  }

  /// Whether the parenthesis at the current token holds the parameters of an arrow function.
  private func isArrow() -> Bool {
    var look = self
    look.skipBalanced()
    if look.isNext("=>") { return true }
    // A return type, which a conditional's `:` looks like.
    guard look.take(":") else { return false }
    look.skipType()
    return look.isNext("=>")
  }
}
