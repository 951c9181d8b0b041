import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// Follows the statements of one scope, a module's or a function's, and notes which variables of the environment they
/// read and what they say of their absence.
struct PythonEnvironmentWalk {
  typealias Reading = PythonEnvironment.Reading

  /// What is known where a statement stands.
  private struct Surroundings {
    /// Variables that are there: a test of them has passed.
    var present: Set<String> = []
    /// A missing key is caught.
    var catchesMissing = false
    /// What a library puts in front of names here.
    var prefix = ""
  }

  private let index: PythonIndex
  private let scope: PythonScope
  private(set) var readings: [Reading] = []
  /// Places that read a variable whose name is computed.
  private(set) var computed: [Place] = []
  /// The variables that local names hold, and which reading put them there.
  private var locals: [String: [(variable: String, reading: Int)]] = [:]

  init(_ statements: [PythonStatement], in scope: PythonScope, _ index: PythonIndex) {
    self.index = index
    self.scope = scope
    walk(statements, Surroundings())
  }

  // MARK: Statements

  private mutating func walk(_ statements: [PythonStatement], _ surroundings: Surroundings) {
    var here = surroundings
    var lastTests: [Test] = []
    for (position, statement) in statements.enumerated() {
      switch statement.kind {
      case .block(let keyword, let header, let body):
        var inside = here
        let tests = header.flatMap(self.tests)
        for expression in header { read(expression, here, isTested: keyword != "with") }
        switch keyword {
        case "if", "elif", "while":
          inside.present.formUnion(tests.filter { !$0.isAbsence }.map(\.variable))
          settle(tests, body, header)
          lastTests = tests
          let leaves = Self.leaves(body, source: scope.file.module.source)
          if leaves { here.present.formUnion(tests.filter(\.isAbsence).map(\.variable)) }
        case "else":
          inside.present.formUnion(lastTests.filter(\.isAbsence).map(\.variable))
          if fails(body) { require(lastTests.filter { !$0.isAbsence }) }
        case "try":
          inside.catchesMissing = catchesMissing(behind: position, in: statements)
        case "with":
          if header.contains(where: mentionsKeyError) { inside.catchesMissing = true }
          inside.prefix += prefix(header)
        default: break
        }
        walk(body, inside)
      case .function:
        for expression in statement.expressions { read(expression, here) }
      case .classDefinition(let type):
        for expression in statement.expressions { read(expression, here) }
        walk(type.body, here)
      case .assignment(let targets, let value):
        assign(value, to: targets.first?.name, here)
      case .annotated(let target, _, let value):
        if let value { assign(value, to: target.name, here) }
      case .other(let expressions):
        let word = keyword(of: statement)
        // What is deleted is not read.
        if word == "del" { continue }
        for expression in expressions { read(expression, here, isTested: word == "assert") }
        if word == "assert", let first = expressions.first {
          // `assert condition, "message"`.
          let condition = first.elements?.first ?? first
          require(tests(condition).filter { !$0.isAbsence && !$0.isAlternative })
        }
      default:
        for expression in statement.expressions { read(expression, here) }
      }
    }
  }

  private mutating func assign(
    _ value: PythonExpression, to name: String?, _ surroundings: Surroundings
  ) {
    let before = readings.count
    read(value, surroundings)
    guard let name else { return }
    locals[name] = nil
    let variables = variables(value)
    guard readings.count >= before + variables.count else { return }
    locals[name] = variables.enumerated().map { ($1, before + $0) }
  }

  private func keyword(of statement: PythonStatement) -> String {
    let bytes = scope.file.module.source.bytes[statement.offset...].prefix(7)
    return String(decoding: bytes.prefix { (0x61...0x7A).contains($0) }, as: UTF8.self)
  }

  private func fails(_ body: [PythonStatement]) -> Bool {
    body.contains { statement in
      if keyword(of: statement) == "raise" { return true }
      guard case .expression(let value) = statement.kind, let call = value.call else {
        return false
      }
      let ends: Set<String> = ["exit", "quit", "_exit", "abort"]
      return ends.contains(call.function.dotted?.last ?? "")
        && call.arguments.positional.first?.integer != 0
    }
  }

  private static func leaves(_ body: [PythonStatement], source: SourceText) -> Bool {
    guard let last = body.last else { return false }
    if case .returns = last.kind { return true }
    let words = ["raise", "continue", "break", "sys.exit"]
    let text = source.bytes[last.offset...].prefix(10)
    return words.contains { text.starts(with: $0.utf8) }
  }

  /// Whether an `except` behind a `try` takes a missing key for something that happens.
  private func catchesMissing(behind position: Int, in statements: [PythonStatement]) -> Bool {
    for statement in statements[(position + 1)...] {
      guard case .block("except", let header, let body) = statement.kind else { return false }
      if header.isEmpty || header.contains(where: mentionsKeyError) { return !fails(body) }
    }
    return false
  }

  private func mentionsKeyError(_ expression: PythonExpression) -> Bool {
    var found = false
    expression.walk { part in
      if let name = part.name, ["KeyError", "LookupError", "Exception"].contains(name) {
        found = true
      }
    }
    return found
  }

  /// `with env.prefixed("APP_"):` of environs.
  private func prefix(_ header: [PythonExpression]) -> String {
    for expression in header {
      var call = expression.call
      if case .operation(["as"], let operands) = expression.kind { call = operands.first?.call }
      guard let call, case .attribute(_, "prefixed") = call.function.kind else { continue }
      return call.arguments.positional.first?.string ?? ""
    }
    return ""
  }

  // MARK: Tests

  /// What a condition says of a variable.
  private struct Test {
    let variable: String
    let place: Place
    /// Whether it is true where the variable is absent.
    var isAbsence = false
    /// Whether other conditions must be true too.
    var isAlternative = false

    var opposite: Test {
      var test = self
      test.isAbsence.toggle()
      return test
    }
  }

  /// The conditions on the presence of variables in an expression.
  private func tests(_ expression: PythonExpression) -> [Test] {
    guard case .operation(let operators, let operands) = expression.kind else {
      return present(expression)
    }
    if operators == [":="], operands.count == 2 { return present(operands[1]) }
    return PythonTerms(operators, operands).parts.flatMap { part in
      tests(part).map { test in
        var test = test
        let other =
          switch test.isAbsence {
          case true: "and"
          case false: "or"
          }
        test.isAlternative = operators.contains(other)
        return test
      }
    }
  }

  private func tests(_ part: PythonTerms.Part) -> [Test] {
    guard let first = part.operands.first else { return [] }
    var found: [Test]
    var isAbsence = false
    switch part.comparison {
    case nil: found = present(first)
    case "in":
      guard part.operands.count == 2, let name = first.string,
        case .external("os.environ")? = index.origin(of: part.operands[1], in: scope.file)
      else { return [] }
      found = [Test(variable: name, place: scope.file.location(first.offset))]
      let between = scope.file.module.source.bytes[first.offset..<part.operands[1].offset]
      isAbsence = String(decoding: between, as: UTF8.self).contains(" not ")
    case "is", "==", "!=":
      guard part.operands.count == 2, isNothing(part.operands[1]) else { return [] }
      found = present(first)
      isAbsence = part.comparison != "!=" && !part.isNegatedInside
    default: return []
    }
    if part.isNegated { isAbsence.toggle() }
    guard isAbsence else { return found }
    return found.map(\.opposite)
  }

  private func isNothing(_ expression: PythonExpression) -> Bool {
    switch expression.kind {
    case .none: true
    case .string(let text): text.isEmpty
    default: false
    }
  }

  /// `os.getenv("X")`, `bool(…)` of it, or a name that holds it.
  private func present(_ expression: PythonExpression) -> [Test] {
    let place = scope.file.location(expression.offset)
    if let name = expression.name, let local = locals[name] {
      return local.map { Test(variable: $0.variable, place: place) }
    }
    if case .operation(let operators, let operands) = expression.kind {
      switch (operators, operands.count) {
      case (["not"], 1): return present(operands[0]).map(\.opposite)
      case ([":="], 2): return present(operands[1])
      default: return []
      }
    }
    if let call = expression.call, call.function.name == "bool",
      let argument = call.arguments.positional.first
    {
      return present(argument)
    }
    return variables(expression).map { Test(variable: $0, place: place) }
  }

  /// The names of the variables that an expression reads.
  private func variables(_ expression: PythonExpression) -> [String] {
    index.environmentReads(expression, scope, prefix: "").map(\.name)
  }

  /// Notes what a condition and what follows it prove.
  private mutating func settle(
    _ tests: [Test], _ body: [PythonStatement], _ header: [PythonExpression]
  ) {
    if fails(body) { require(tests.filter { $0.isAbsence && !$0.isAlternative }) }
    // A local name that is asked for: its variable is not missed.
    for test in tests {
      for local in locals.values.joined() where local.variable == test.variable {
        if readings[local.reading].need == .unknown { readings[local.reading].need = .optional }
      }
    }
  }

  private mutating func require(_ tests: [Test]) {
    for test in tests {
      readings.append(
        Reading(
          name: test.variable, need: .required, default: nil,
          isSecret: SecretName.isSecret(test.variable), place: test.place))
    }
  }

  // MARK: Expressions

  private static let numbers: Set<String> = ["int", "float", "len"]

  private mutating func read(
    _ expression: PythonExpression, _ surroundings: Surroundings, isTested: Bool = false,
    isDemanded: Bool = false
  ) {
    let found = index.environmentReads(expression, scope, prefix: surroundings.prefix)
    for var reading in found {
      reading.settle(
        isTested: isTested || surroundings.present.contains(reading.name),
        isDemanded: isDemanded, catchesMissing: surroundings.catchesMissing)
      readings.append(reading)
    }
    if !found.isEmpty {
      // Arguments may read others: `os.getenv("A", os.getenv("B"))`.
      for argument in expression.call?.arguments.dropFirst() ?? [] {
        read(argument.value, surroundings, isTested: true)
      }
      return
    }
    if index.readsComputedName(expression, scope) {
      computed.append(scope.file.location(expression.offset))
    }
    switch expression.kind {
    case .operation(let operators, let operands):
      readOperation(operators, operands, expression, surroundings, isTested: isTested)
    case .attribute(let base, _): read(base, surroundings, isDemanded: true)
    case .call(let callee, let arguments):
      read(callee, surroundings)
      let isNumber = callee.name.map(Self.numbers.contains) ?? false
      for argument in arguments {
        read(
          argument.value, surroundings, isTested: callee.name == "bool", isDemanded: isNumber)
      }
    default: for child in expression.children { read(child, surroundings) }
    }
  }

  private mutating func readOperation(
    _ operators: [String], _ operands: [PythonExpression], _ expression: PythonExpression,
    _ surroundings: Surroundings, isTested: Bool
  ) {
    var inside = surroundings
    let isChoice = operators.contains { ["and", "or", "if"].contains($0) }
    if isChoice { inside.present.formUnion(tests(expression).map(\.variable)) }
    let comparisons: Set<String> = ["==", "!=", "in", "is", "not", "<", ">", "<=", ">="]
    let compares = isTested || operators.contains(where: comparisons.contains)
    var fallback: PythonExpression?
    if operators == ["or"] { fallback = operands.last }
    for operand in operands {
      let before = readings.count
      read(operand, inside, isTested: compares || operators.contains("or"))
      // `os.getenv("X") or "default"`.
      if let fallback, readings.count > before, operand.offset != fallback.offset {
        readings[before].default = readings[before].default ?? PythonLiteral.text(fallback)
      }
    }
  }
}

/// The operands of a flat operation as `and`, `or`, `if` and `else` divide them.
struct PythonTerms {
  struct Part {
    var operands: [PythonExpression] = []
    /// Between its operands.
    var comparison: String?
    /// `not` stands before the first operand, and before the second one: `x is not None`.
    var isNegated = false
    var isNegatedInside = false
  }

  private(set) var parts: [Part] = []

  init(_ operators: [String], _ operands: [PythonExpression]) {
    var part = Part()
    var at = 0
    for operand in operands {
      while at < operators.count, operators[at] == "not" || operators[at] == "await" {
        if part.operands.isEmpty { part.isNegated.toggle() } else { part.isNegatedInside = true }
        at += 1
      }
      part.operands.append(operand)
      guard at < operators.count else { break }
      if ["and", "or", "if", "else"].contains(operators[at]) {
        parts.append(part)
        part = Part()
      } else {
        part.comparison = operators[at]
      }
      at += 1
    }
    parts.append(part)
  }
}

extension PythonEnvironment.Reading {
  /// What the place around a read adds to what the read itself says.
  mutating func settle(isTested: Bool, isDemanded: Bool, catchesMissing: Bool) {
    switch need {
    case .optional: break
    case .required:
      if catchesMissing || isTested && isGuardable { need = .optional }
    case .unknown:
      if isTested { need = .optional } else if isDemanded { need = .required }
    }
  }
}
