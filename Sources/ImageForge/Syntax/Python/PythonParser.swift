import ForgeBasics

/// Recursive descent over the tokens of a file. A statement that it does not understand is left out and noted.
struct PythonParser {
  let source: SourceText
  let tokens: [PythonToken]
  let literals: [PythonStringLiteral]
  var position = 0
  /// Nesting of expressions; brackets are bounded by the tokenizer, lambdas are bounded here.
  var depth = 0
  private(set) var problems: [SyntaxError] = []

  init(source: SourceText, tokens: [PythonToken], literals: [PythonStringLiteral]) {
    self.source = source
    self.tokens = tokens
    self.literals = literals
  }

  mutating func module() -> [PythonStatement] {
    var statements: [PythonStatement] = []
    while !isAtEnd {
      let before = position
      statements += statementLine()
      // An indent or dedent where no statement can begin.
      if position == before { position += 1 }
    }
    return statements
  }

  // MARK: Statements

  /// The statements of one logical line with the blocks below it; what cannot be read is skipped.
  private mutating func statementLine() -> [PythonStatement] {
    do {
      return try statement()
    } catch {
      problems.append(error)
      depth = 0
      return recover()
    }
  }

  /// Skips to the next line; the block below a line that could not be read is still read.
  private mutating func recover() -> [PythonStatement] {
    let offset = token.offset
    while !isAtEnd, !token.kind.isNewline { position += 1 }
    if !isAtEnd { position += 1 }
    guard case .indent = token.kind else { return [] }
    return [
      PythonStatement(offset: offset, kind: .block(keyword: "", header: [], body: indented()))
    ]
  }

  private mutating func indented() -> [PythonStatement] {
    position += 1
    var body: [PythonStatement] = []
    while !isAtEnd {
      if case .dedent = token.kind {
        position += 1
        break
      }
      let before = position
      body += statementLine()
      if position == before { position += 1 }
    }
    return body
  }

  private mutating func statement() throws(SyntaxError) -> [PythonStatement] {
    let start = token
    if isOperation("@") { return [try decorated()] }
    guard case .name = start.kind else { return try simpleStatements() }
    switch start.text {
    case "def", "class", "async":
      return [try definition(decorators: [])]
    case "if", "elif", "while", "for", "with", "try", "else", "except", "finally":
      return [try compound(start.text)]
    case "match", "case":
      guard isSoftKeyword() else { return try simpleStatements() }
      return [try compound(start.text)]
    default:
      return try simpleStatements()
    }
  }

  /// `match` and `case` are keywords only where a line reads `match subject:`.
  private func isSoftKeyword() -> Bool {
    guard position + 1 < tokens.count else { return false }
    let next = tokens[position + 1]
    if next.kind.isNewline { return false }
    if case .operation = next.kind,
      next.text.hasSuffix("=") || [".", ",", ":", ")", ";"].contains(next.text)
    {
      return false
    }
    var at = position + 1
    var lambdas = 0
    var nesting = 0
    var colon = -1
    while at < tokens.count, !tokens[at].kind.isNewline {
      switch tokens[at].text {
      case "(", "[", "{": nesting += 1
      case ")", "]", "}": nesting -= 1
      case "lambda" where nesting == 0: lambdas += 1
      case ":" where nesting == 0 && lambdas > 0: lambdas -= 1
      case ":" where nesting == 0 && colon < 0: colon = at
      default: break
      }
      at += 1
    }
    // `match[x]: int` is an annotation: what follows the subject's bracket is then the colon.
    return colon > position + 1
  }

  private mutating func decorated() throws(SyntaxError) -> PythonStatement {
    var decorators: [PythonExpression] = []
    while isOperation("@") {
      position += 1
      decorators.append(try expression())
      try endOfLine()
    }
    return try definition(decorators: decorators)
  }

  private mutating func definition(decorators: [PythonExpression]) throws(SyntaxError)
    -> PythonStatement
  {
    let start = token.offset
    let isAsync = takeName("async")
    if takeName("def") {
      return PythonStatement(
        offset: start, kind: .function(try function(isAsync: isAsync, decorators: decorators)))
    }
    if takeName("class") {
      let name = try identifier()
      try typeParameters()
      var arguments: [PythonArgument] = []
      if takeOperation("(") { arguments = try self.arguments() }
      return PythonStatement(
        offset: start,
        kind: .classDefinition(
          PythonClass(name: name, decorators: decorators, arguments: arguments, body: try block())))
    }
    if isAsync, isName("for") || isName("with") { return try compound(token.text) }
    throw failure("a definition was expected")
  }

  private mutating func function(
    isAsync: Bool, decorators: [PythonExpression]
  ) throws(SyntaxError) -> PythonFunction {
    let name = try identifier()
    try typeParameters()
    try expect("(")
    var parameters: [PythonParameter] = []
    while !takeOperation(")") {
      if takeOperation("/") || takeOperation("*") || takeOperation("**") {
        _ = takeOperation(",")
        continue
      }
      let name = try identifier()
      let annotation = try expression(after: ":")
      let value = try expression(after: "=")
      parameters.append(PythonParameter(name: name, annotation: annotation, value: value))
      if !takeOperation(","), !isOperation(")") { throw failure("a parameter was expected") }
    }
    let returns = try expressionList(after: "->")
    return PythonFunction(
      name: name, isAsync: isAsync, decorators: decorators, parameters: parameters,
      returns: returns,
      body: try block())
  }

  /// `[T: bound]` after the name of a function, class or alias.
  private mutating func typeParameters() throws(SyntaxError) {
    guard isOperation("[") else { return }
    var nesting = 0
    repeat {
      if isOperation("[") { nesting += 1 }
      if isOperation("]") { nesting -= 1 }
      position += 1
    } while nesting > 0 && !isAtEnd
  }

  private mutating func compound(_ keyword: String) throws(SyntaxError) -> PythonStatement {
    let start = token.offset
    position += 1
    var header: [PythonExpression] = []
    switch keyword {
    case "case":
      // A pattern is no expression.
      var nesting = 0
      while !isAtEnd, !token.kind.isNewline, !(nesting == 0 && isOperation(":")) {
        if ["(", "[", "{"].contains(token.text) { nesting += 1 }
        if [")", "]", "}"].contains(token.text) { nesting -= 1 }
        position += 1
      }
    case "for":
      header.append(try expressionList(inTarget: true))
      guard takeName("in") else { throw failure("`in` was expected") }
      header.append(try expressionList())
    case "except":
      _ = takeOperation("*")
      if !isOperation(":") { header.append(try expressionList()) }
    case "else", "try", "finally":
      break
    default:
      header.append(try expressionList())
    }
    return PythonStatement(
      offset: start, kind: .block(keyword: keyword, header: header, body: try block()))
  }

  private mutating func block() throws(SyntaxError) -> [PythonStatement] {
    try expect(":")
    guard token.kind.isNewline else { return try simpleStatements() }
    position += 1
    guard case .indent = token.kind else { throw failure("an indented block was expected") }
    return indented()
  }

  private mutating func simpleStatements() throws(SyntaxError) -> [PythonStatement] {
    var statements = [try simpleStatement()]
    while takeOperation(";") {
      if token.kind.isNewline { break }
      statements.append(try simpleStatement())
    }
    try endOfLine()
    return statements
  }

  private mutating func simpleStatement() throws(SyntaxError) -> PythonStatement {
    let start = token.offset
    func made(_ kind: PythonStatement.Kind) -> PythonStatement {
      PythonStatement(offset: start, kind: kind)
    }
    guard case .name = token.kind else { return made(try expressionStatement()) }
    switch token.text {
    case "import":
      position += 1
      return made(.imports(try importNames(dotted: true)))
    case "from":
      position += 1
      return made(try importFrom())
    case "pass", "break", "continue":
      position += 1
      return made(.other([]))
    case "global", "nonlocal":
      position += 1
      repeat { _ = try identifier() } while takeOperation(",")
      return made(.other([]))
    case "return":
      position += 1
      if isEndOfStatement { return made(.returns(nil)) }
      return made(.returns(try expressionList()))
    case "del", "assert":
      position += 1
      return made(.other([try expressionList()]))
    case "raise":
      position += 1
      var parts: [PythonExpression] = []
      if !isEndOfStatement { parts.append(try expression()) }
      if takeName("from") { parts.append(try expression()) }
      return made(.other(parts))
    case "type" where position + 1 < tokens.count && tokens[position + 1].kind.isName:
      position += 2
      try typeParameters()
      try expect("=")
      return made(.other([try expression()]))
    default:
      return made(try expressionStatement())
    }
  }

  private mutating func importNames(dotted: Bool) throws(SyntaxError) -> [PythonImport] {
    var names: [PythonImport] = []
    repeat {
      if isOperation(")") { break }
      let offset = token.offset
      let name = if dotted { try dottedName() } else { try identifier() }
      var alias: String?
      if takeName("as") { alias = try identifier() }
      names.append(PythonImport(name: name, alias: alias, offset: offset))
    } while takeOperation(",")
    return names
  }

  private mutating func importFrom() throws(SyntaxError) -> PythonStatement.Kind {
    var level = 0
    while isOperation(".") || isOperation("...") {
      level += token.text.utf8.count
      position += 1
    }
    var module = ""
    if !isName("import") { module = try dottedName() }
    guard takeName("import") else { throw failure("`import` was expected") }
    let offset = token.offset
    if takeOperation("*") {
      return .importFrom(
        level: level, module: module, names: [PythonImport(name: "*", alias: nil, offset: offset)])
    }
    let inBrackets = takeOperation("(")
    let names = try importNames(dotted: false)
    if inBrackets { try expect(")") }
    return .importFrom(level: level, module: module, names: names)
  }

  private mutating func dottedName() throws(SyntaxError) -> String {
    var name = try identifier()
    while takeOperation(".") { name += "." + (try identifier()) }
    return name
  }

  private static let augmented: Set<String> = [
    "+=", "-=", "*=", "/=", "//=", "%=", "@=", "&=", "|=", "^=", ">>=", "<<=", "**=",
  ]

  /// The expression that an operation introduces; nil where the operation does not stand here.
  private mutating func expression(after operation: String) throws(SyntaxError)
    -> PythonExpression?
  {
    guard takeOperation(operation) else { return nil }
    return try expression()
  }

  /// The same for expressions between commas.
  private mutating func expressionList(after operation: String) throws(SyntaxError)
    -> PythonExpression?
  {
    guard takeOperation(operation) else { return nil }
    return try expressionList()
  }

  private mutating func expressionStatement() throws(SyntaxError) -> PythonStatement.Kind {
    let first = try expressionList()
    if takeOperation(":") {
      let annotation = try expression()
      let value = try expressionList(after: "=")
      return .annotated(target: first, annotation: annotation, value: value)
    }
    if case .operation = token.kind, Self.augmented.contains(token.text) {
      position += 1
      return .other([first, try expressionList()])
    }
    guard isOperation("=") else { return .expression(first) }
    var parts = [first]
    while takeOperation("=") { parts.append(try expressionList()) }
    return .assignment(targets: Array(parts.dropLast()), value: parts[parts.count - 1])
  }

  // MARK: Tokens

  var token: PythonToken { tokens[position] }

  var isAtEnd: Bool { if case .end = token.kind { true } else { false } }

  private var isEndOfStatement: Bool { token.kind.isNewline || isAtEnd || isOperation(";") }

  func isOperation(_ text: String) -> Bool {
    if case .operation = token.kind { token.text == text } else { false }
  }

  func isName(_ text: String) -> Bool {
    if case .name = token.kind { token.text == text } else { false }
  }

  mutating func takeOperation(_ text: String) -> Bool {
    guard isOperation(text) else { return false }
    position += 1
    return true
  }

  mutating func takeName(_ text: String) -> Bool {
    guard isName(text) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ text: String) throws(SyntaxError) {
    guard takeOperation(text) else { throw failure("`\(text)` was expected") }
  }

  private mutating func endOfLine() throws(SyntaxError) {
    guard token.kind.isNewline else { throw failure("the end of the statement was expected") }
    position += 1
  }

  mutating func identifier() throws(SyntaxError) -> String {
    guard case .name = token.kind else { throw failure("a name was expected") }
    defer { position += 1 }
    return token.text
  }

  func failure(_ reason: String) -> SyntaxError {
    SyntaxError(source, at: token.offset, reason: reason)
  }
}

extension PythonToken.Kind {
  var isName: Bool { if case .name = self { true } else { false } }
}
