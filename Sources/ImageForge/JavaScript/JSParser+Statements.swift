/// Statements that branch or loop.
extension JSParser {
  /// Methods that change the list or object that they are called on.
  static let changing: Set<String> = [
    "push", "unshift", "splice", "pop", "shift", "sort", "reverse", "set",
  ]

  /// What is passed over, with the variables that it may change: `a = …`, `a.b += …`, `a++`, `delete a.b`, `a.push(…)`.
  mutating func skipped(_ skip: (inout JSParser) -> Void) -> JSStatement.Kind {
    let start = at
    skip(&self)
    var changes: [String] = []
    var mayReturn = false
    let end = at
    defer { at = end }
    for index in start..<min(end, start + 20_000) where tokens[index].kind == .identifier {
      at = index
      if isNext("return") || isNext("yield") { mayReturn = true }
      if index > start, text(tokens[index - 1]) == "." { continue }
      let name = text(current)
      let isDeleted = index > start && ["delete", "++", "--"].contains(text(tokens[index - 1]))
      if (isDeleted || changesTarget()) && !changes.contains(name) { changes.append(name) }
    }
    return .other(changes: changes, mayReturn: mayReturn)
  }

  /// Whether the variable at the current token, or a part of it, is given a value there.
  private mutating func changesTarget() -> Bool {
    if isNext("Object"), isNext(".", 1), isNext("assign", 2) { return false }
    if at >= 2, text(tokens[at - 1]) == "(", text(tokens[at - 2]) == "assign" { return true }
    var last = ""
    advance()
    while isNext(".") || isNext("?.") || isNext("[") {
      if isNext("[") {
        skipBalanced()
      } else {
        advance()
        last = text(current)
        advance()
      }
    }
    if isNext("(") { return Self.changing.contains(last) }
    guard current.kind == .punctuator else { return false }
    let symbol = text(current)
    return symbol == "++" || symbol == "--"
      || (symbol.hasSuffix("=") && !["==", "===", "!=", "!==", "<=", ">="].contains(symbol))
  }

  /// Either all of the first block, or what stands under `catch`.
  mutating func tryStatement(into found: inout [JSStatement]) {
    let offset = current.offset
    advance()
    let tried = block()
    if take("catch") {
      if isNext("(") { skipBalanced() }
      let caught = block()
      let condition = JSExpression(kind: .other, offset: offset)
      found.append(JSStatement(kind: .if(condition, tried, caught), offset: offset))
    } else {
      found.append(JSStatement(kind: .block(tried), offset: offset))
    }
    if take("finally") { found.append(JSStatement(kind: .block(block()), offset: offset)) }
  }

  /// A switch whose cases all end, as a chain of conditions; any other is passed over.
  mutating func switchStatement(into found: inout [JSStatement]) {
    let (offset, start) = (current.offset, at)
    var cases: [(tests: [JSExpression], isDefault: Bool, body: [JSStatement])] = []
    var (tests, isDefault, isPlain) = ([JSExpression](), false, true)
    advance()
    guard take("(") else { return }
    let subject = expression()
    while !isAtEnd, !isNext(")") { skipBalanced() }
    guard take(")"), take("{") else { return }
    while !isAtEnd, !isNext("}") {
      if take("case") {
        tests.append(expression())
        while !isAtEnd, !isNext(":"), !isNext("}") { skipBalanced() }
        _ = take(":")
      } else if take("default") {
        isDefault = true
        _ = take(":")
      }
      if isNext("case") || isNext("default") { continue }
      let (body, ends) = caseBody()
      isPlain = isPlain && (ends || isNext("}"))
      cases.append((tests, isDefault, body))
      (tests, isDefault) = ([], false)
    }
    _ = take("}")
    guard isPlain, cases.count <= 50 else {
      at = start
      return found.append(JSStatement(kind: skipped { $0.skipCompound() }, offset: offset))
    }
    var rest = cases.first(where: \.isDefault)?.body ?? []
    for one in cases.reversed() where !one.isDefault {
      let equalities = one.tests.map {
        JSExpression(kind: .binary("===", subject, $0), offset: $0.offset)
      }
      guard let first = equalities.first else { continue }
      let condition = equalities.dropFirst().reduce(first) {
        JSExpression(kind: .binary("||", $0, $1), offset: $0.offset)
      }
      rest = [JSStatement(kind: .if(condition, one.body, rest), offset: offset)]
    }
    found += rest
  }

  /// The statements up to the next case, and whether they leave the switch.
  private mutating func caseBody() -> (body: [JSStatement], ends: Bool) {
    var body: [JSStatement] = []
    while !isAtEnd, !isNext("}"), !isNext("case"), !isNext("default") {
      if take("break") {
        _ = take(";")
        return (body, true)
      }
      let before = at
      depth += 1
      if depth > Self.maximumDepth { skipBalanced() } else { statement(into: &body) }
      depth -= 1
      if at == before { advance() }
    }
    switch body.last?.kind {
    case .return, .throw: return (body, true)
    default: return (body, false)
    }
  }
}
