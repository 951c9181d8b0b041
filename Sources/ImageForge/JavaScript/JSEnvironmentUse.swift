/// What the code around a value says about the value's absence. It climbs from the value outwards, token by token.
struct JSEnvironmentUse {
  struct Answer {
    var use: JSEnvironmentRead.Use
    var start: Int
    var end: Int
    /// Whether a check of the value throws without it.
    var isCheck = false
  }

  enum Kind {
    case value
    /// `"X" in process.env`: true or false.
    case presence
  }

  private let tree: JSTokenTree
  private var start: Int
  /// The index after the value.
  private var end: Int
  private var isAsserted = false
  private var isNegated = false
  private var isTested = false

  init(_ tree: JSTokenTree, start: Int, end: Int) {
    self.tree = tree
    self.start = start
    self.end = end
  }

  func place(of kind: Kind = .value) -> Answer {
    var climb = self
    climb.isTested = kind == .presence
    let use = climb.climbed()
    return Answer(use: use.use, start: climb.start, end: climb.end, isCheck: use.isCheck)
  }

  private static let comparisons: [StaticString] = [
    "===", "!==", "==", "!=", "<", ">", "<=", ">=",
  ]
  /// Functions that make another value of one, `undefined` included.
  private static let converters: Set<String> = [
    "Number", "parseInt", "parseFloat", "String", "BigInt", "Boolean",
  ]
  /// What such a function is called in most projects and libraries; it throws without a value.
  private static let assertions: Set<String> = [
    "invariant", "assert", "assertValue", "assertDefined", "assertExists",
  ]

  private mutating func climbed() -> (use: JSEnvironmentRead.Use, isCheck: Bool) {
    takeAssertions()
    while takeParentheses() { takeAssertions() }
    if let fallback = fallback() { return fallback }
    if tree.isOneOf(end, [".", "["]), !isTested { return (.demanded, false) }
    if tree.isPunctuator(end, "?.") || tree.isWord(end, "instanceof") { return (.tested, false) }
    if let fallback = fallbackOfChoice() { return fallback }
    takeNegations()
    while takeParentheses() { takeNegations() }
    takeComparison()
    if let call = call() { return call }
    if isTested || isInCondition || tree.isOneOf(end, ["?", "&&"]) || isNegated {
      return condition()
    }
    if tree.isOneOf(start - 1, ["??", "||"]) { return (.tested, false) }
    if isAsserted, !isAttribute { return (.asserted, false) }
    return (.plain, false)
  }

  // MARK: Steps outwards

  /// `X!` and `X as string`.
  private mutating func takeAssertions() {
    while true {
      if tree.isPunctuator(end, "!"), !tree.token(end).followsLineBreak {
        isAsserted = true
        end += 1
      } else if tree.isWord(end, in: ["as", "satisfies"]), !tree.token(end).followsLineBreak {
        let isUnion = tree.isPunctuator(end + 2, "|")
        if tree.isWord(end + 1, "string"), !isUnion { isAsserted = true }
        end += 2
        while tree.isPunctuator(end, "|") { end += 2 }
        if tree.isPunctuator(end, "<") { return }
      } else {
        return
      }
    }
  }

  /// `(X)`, which is no call.
  private mutating func takeParentheses() -> Bool {
    guard tree.isPunctuator(start - 1, "("), tree.isPunctuator(end, ")"), !isCall(start - 1)
    else { return false }
    if tree.isWord(start - 2, in: ["if", "while", "switch"]) { return false }
    start -= 1
    end += 1
    return true
  }

  private func isCall(_ open: Int) -> Bool {
    let before = tree.token(open - 1)
    guard open > 0 else { return false }
    if before.kind == .identifier {
      return !tree.isWord(
        open - 1,
        in: [
          "if", "while", "switch", "return", "typeof", "await", "in", "of", "case", "throw",
          "delete", "void", "instanceof", "else", "default",
        ])
    }
    return tree.isOneOf(open - 1, [")", "]", ">", "?."])
  }

  private mutating func takeNegations() {
    while true {
      if tree.isPunctuator(start - 1, "!"), !mayEndValue(start - 2) {
        isNegated.toggle()
        isTested = true
        start -= 1
      } else if tree.isWord(start - 1, "typeof") {
        isTested = true
        start -= 1
      } else {
        return
      }
    }
  }

  /// Whether `!` behind this token belongs to what stands before it.
  private func mayEndValue(_ index: Int) -> Bool {
    switch tree.token(index).kind {
    case .string, .number, .template: return index >= 0
    case .identifier:
      return !tree.isWord(index, in: ["return", "typeof", "await", "case", "in", "of", "else"])
    default: return tree.isOneOf(index, [")", "]"])
    }
  }

  /// `X === "true"`, `X == null`, `undefined !== X`.
  private mutating func takeComparison() {
    if let symbol = Self.comparisons.first(where: { tree.isPunctuator(end, $0) }) {
      isTested = true
      isNegated = isNothing(end + 1) != isUnequal(symbol)
      end += 2
    } else if let symbol = Self.comparisons.first(where: { tree.isPunctuator(start - 1, $0) }) {
      isTested = true
      isNegated = isNothing(start - 2) != isUnequal(symbol)
      start -= 2
    }
  }

  private func isUnequal(_ symbol: StaticString) -> Bool {
    symbol.description == "!==" || symbol.description == "!="
  }

  /// `undefined`, `null`, `""` and `"undefined"`.
  private func isNothing(_ index: Int) -> Bool {
    if tree.isWord(index, in: ["undefined", "null"]) { return true }
    guard let text = tree.string(index) else { return false }
    return text.isEmpty || text == "undefined"
  }

  // MARK: Answers

  /// `X ?? other` and `X || other`; an `other` that throws demands the value.
  private func fallback() -> (use: JSEnvironmentRead.Use, isCheck: Bool)? {
    guard tree.isOneOf(end, ["??", "||", "??=", "||="]), !isTested else { return nil }
    if isInCondition || tree.isPunctuator(start - 1, "!") { return nil }
    let limit = tree.end(of: end)
    let throwsElse = (end..<min(limit, end + 60)).contains { tree.isWord($0, "throw") }
    if throwsElse { return (.demanded, true) }
    return (.defaulted(literal(end + 1)), false)
  }

  /// `(condition ? X : null) || "other"`
  private func fallbackOfChoice() -> (use: JSEnvironmentRead.Use, isCheck: Bool)? {
    let open = tree.parent[start]
    guard open >= 0, tree.isPunctuator(open, "("), !isCall(open),
      tree.isOneOf(start - 1, ["?", ":"])
    else { return nil }
    let after = tree.partner[open] + 1
    guard tree.isOneOf(after, ["??", "||"]) else { return nil }
    return (.defaulted(literal(after + 1)), false)
  }

  /// `Boolean(X)`, `Number(X) || 20`, `invariant(X, "…")`.
  private func call() -> (use: JSEnvironmentRead.Use, isCheck: Bool)? {
    let open = tree.parent[start]
    guard open >= 0, tree.isPunctuator(open, "("), start == open + 1, isCall(open),
      tree.token(open - 1).kind == .identifier
    else { return nil }
    let isAssertion =
      tree.isWord(open - 1, in: Self.assertions)
      || tree.isWord(open - 1, "ok") && tree.isWord(open - 3, "assert")
    if isAssertion, !isNegated { return (.demanded, true) }
    let close = tree.partner[open]
    guard tree.isWord(open - 1, in: Self.converters), tree.isOneOf(end, [")", ","]) else {
      return nil
    }
    if tree.isWord(open - 1, "Boolean") {
      var outer = JSEnvironmentUse(tree, start: open - 1, end: close + 1)
      outer.isTested = true
      return outer.climbed()
    }
    let outer = JSEnvironmentUse(tree, start: open - 1, end: close + 1).place()
    switch outer.use {
    case .defaulted, .tested: return (outer.use, false)
    case .demanded, .asserted, .plain: return (.plain, false)
    }
  }

  private var isInCondition: Bool { conditionOpen != nil }

  /// The parenthesis of the `if` in whose condition the value is one of the operands.
  private var conditionOpen: Int? {
    var open = tree.parent[start]
    for _ in 0..<20 {
      guard open >= 0, tree.isPunctuator(open, "(") else { return nil }
      if tree.isWord(open - 1, in: ["if", "while"]) { return open }
      if isCall(open) { return nil }
      open = tree.parent[open]
    }
    return nil
  }

  /// Whether the code throws where the tested value is absent.
  private func condition() -> (use: JSEnvironmentRead.Use, isCheck: Bool) {
    guard let open = conditionOpen, tree.isWord(open - 1, "if") else { return (.tested, false) }
    let branches = JSBranches(tree, condition: open)
    let connectives = connectives(open)
    if isNegated, branches.fails {
      switch connectives {
      case .anyOf, .alone, .inProduction: return (.demanded, true)
      case .allAbsent: return (.tested, false)
      case .allOf: return (.plain, false)
      }
    }
    if !isNegated, connectives == .alone, branches.failsElse { return (.demanded, true) }
    if !isNegated, failsBehind(branches, condition: open) { return (.demanded, true) }
    return (.tested, false)
  }

  /// `if (X) return X` before what throws, always or in production; not one of several ways out.
  private func failsBehind(_ branches: JSBranches, condition open: Int) -> Bool {
    var next = branches.range.upperBound
    guard branches.leaves, !branches.fails, start == open + 1, end == tree.partner[open] else {
      return false
    }
    let before = (tree.parent[open] + 1)..<open
    guard before.count < JSTokenTree.longestStatement,
      !before.contains(where: { tree.isWord($0, "return") })
    else { return false }
    if tree.isPunctuator(next, ";") { next += 1 }
    if tree.isWord(next, "throw") { return true }
    guard tree.isWord(next, "if"), tree.isWord(next + 6, "NODE_ENV"),
      tree.isOneOf(next + 7, ["===", "=="]), tree.string(next + 8) == "production",
      tree.partner[next + 1] == next + 9
    else { return false }
    return JSBranches(tree, condition: next + 1).fails
  }

  private enum Connectives {
    case alone, anyOf, inProduction
    /// Several variables, of which one will do.
    case allAbsent
    /// Something else must be true too.
    case allOf
  }

  /// How the operands of a condition are joined.
  private func connectives(_ open: Int) -> Connectives {
    let end = min(tree.partner[open], open + JSTokenTree.longestStatement)
    let range = (open + 1)..<max(open + 1, end)
    let hasAnd = range.contains { tree.isPunctuator($0, "&&") }
    guard hasAnd else {
      let hasOr = range.contains { tree.isPunctuator($0, "||") }
      if hasOr { return .anyOf }
      return .alone
    }
    // `process.env.NODE_ENV === "production" && !process.env.X`.
    let symbols = range.filter { tree.isPunctuator($0, "&&") || tree.isPunctuator($0, "||") }
    guard symbols.count == 1, tree.isPunctuator(symbols[0], "&&"),
      range.contains(where: { tree.isWord($0, "NODE_ENV") }),
      range.contains(where: { tree.string($0) == "production" }),
      range.contains(where: { tree.isOneOf($0, ["===", "=="]) })
    else {
      let variables = range.count {
        tree.isWord($0, "process") && tree.isWord($0 + 2, "env") && tree.isPunctuator($0 - 1, "!")
      }
      if variables > symbols.count { return .allAbsent }
      return .allOf
    }
    return .inProduction
  }

  /// `name={X!}` in JSX: components take `undefined`.
  private var isAttribute: Bool {
    tree.isPunctuator(start - 1, "{") && tree.isPunctuator(start - 2, "=")
      && tree.isPunctuator(end, "}") && tree.token(start - 3).kind == .identifier
  }

  /// The text of a literal that stands alone.
  func literal(_ index: Int) -> String? {
    let next = tree.token(index + 1)
    if next.kind == .punctuator, !next.followsLineBreak,
      ["+", "-", "*", "/", ".", "?.", "[", "("].contains(tree.text(index + 1))
    {
      return nil
    }
    switch tree.token(index).kind {
    case .string, .template: return tree.string(index)
    case .number: return tree.text(index)
    case .identifier:
      guard tree.isWord(index, in: ["true", "false"]) else { return nil }
      return tree.text(index)
    default: return nil
    }
  }
}
