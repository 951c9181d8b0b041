import ForgeBasics

/// The tokens of a source with the brackets that they stand in: what can be asked of code that is not parsed whole.
struct JSTokenTree {
  let source: SourceText
  let tokens: [JSToken]
  /// Of a bracket the index of the other one; of any other token its own.
  let partner: [Int]
  /// The index of the bracket that a token stands in; -1 at the top.
  let parent: [Int]
  /// Where functions are called by their names alone; a few places of each.
  private(set) var calls: [String: [Int]] = [:]
  /// The names of variables that are declared, each with its first place.
  private(set) var declarations: [String: Int] = [:]
  /// The names of functions that are declared, each with its first place.
  private(set) var functions: [String: Int] = [:]
  private let memo = Memo()

  init(_ source: SourceText, jsx: Bool) {
    self.source = source
    let tokens = JSTokenizer.tokenize(source, jsx: jsx)
    var partner = Array(tokens.indices)
    var parent = Array(repeating: -1, count: tokens.count)
    var open: [Int] = []
    for (index, token) in tokens.enumerated() {
      let side = Self.side(token, source)
      if side == .closing, let start = open.popLast() {
        partner[start] = index
        partner[index] = start
      }
      parent[index] = open.last ?? -1
      if side == .opening { open.append(index) }
    }
    self.tokens = tokens
    self.partner = partner
    self.parent = parent
    for index in tokens.indices
    where tokens[index].kind == .identifier && isWord(index - 1, in: ["const", "let", "var"]) {
      let name = text(index)
      declarations[name] = declarations[name] ?? index
      functions[name] = functions[name] ?? index
    }
    for index in tokens.indices
    where tokens[index].kind == .identifier && isWord(index - 1, "function") {
      functions[text(index)] = index
    }
    for index in tokens.indices
    where tokens[index].kind == .identifier && isPunctuator(index + 1, "(")
      && !isDot(index - 1) && !isWord(index - 1, "function")
    {
      let name = text(index)
      if calls[name, default: []].count < 64 { calls[name, default: []].append(index) }
    }
  }

  private enum Side { case opening, closing, none }

  private static func side(_ token: JSToken, _ source: SourceText) -> Side {
    switch token.kind {
    case .templateHead: return .opening
    case .templateTail: return .closing
    case .punctuator where token.range.count == 1:
      switch source.bytes[token.offset] {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): return .opening
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): return .closing
      default: return .none
      }
    default: return .none
    }
  }

  // MARK: Tokens

  func token(_ index: Int) -> JSToken { tokens[min(max(index, 0), tokens.count - 1)] }

  func bytes(_ index: Int) -> ArraySlice<UInt8> { source.bytes[token(index).range] }

  func text(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

  func isPunctuator(_ index: Int, _ text: StaticString) -> Bool {
    `is`(index, .punctuator, text)
  }

  func isWord(_ index: Int, _ text: StaticString) -> Bool { `is`(index, .identifier, text) }

  private func `is`(_ index: Int, _ kind: JSToken.Kind, _ text: StaticString) -> Bool {
    guard tokens.indices.contains(index), tokens[index].kind == kind,
      tokens[index].range.count == text.utf8CodeUnitCount
    else { return false }
    return text.withUTF8Buffer { bytes(index).elementsEqual($0) }
  }

  func isOneOf(_ index: Int, _ symbols: [StaticString]) -> Bool {
    symbols.contains { isPunctuator(index, $0) }
  }

  func isWord(_ index: Int, in words: Set<String>) -> Bool {
    tokens.indices.contains(index) && tokens[index].kind == .identifier
      && words.contains(text(index))
  }

  func isDot(_ index: Int) -> Bool { isPunctuator(index, ".") || isPunctuator(index, "?.") }

  /// The text of a string or of a template without substitutions.
  func string(_ index: Int) -> String? {
    guard tokens.indices.contains(index) else { return nil }
    switch tokens[index].kind {
    case .string, .template: return JSString.value(bytes(index))
    default: return nil
    }
  }

  // MARK: Places

  /// The tokens that stand in a bracket and in no bracket in it; of a bracket in it its first one.
  func children(of open: Int) -> some Sequence<Int> {
    let close = partner[open]
    return sequence(first: open + 1) { max(partner[$0], $0) + 1 }.prefix { $0 < close }
  }

  /// The tokens behind one, as far as the bracket around it goes.
  func scope(of index: Int) -> Range<Int> {
    // A pattern is seen where its own bracket stands.
    let open = parent[min(partner[index], index)]
    var end = tokens.count
    if open >= 0 { end = partner[open] }
    return (index + 1)..<max(end, index + 1)
  }

  /// Where a name stands that is no member of something else. What is used so often is used in every way.
  func uses(of name: Int, in range: Range<Int>) -> [Int] {
    let word = bytes(name)
    let found = range.lazy.filter { index in
      tokens[index].kind == .identifier && tokens[index].range.count == word.count
        && bytes(index).elementsEqual(word) && !isDot(index - 1)
    }
    return Array(found.prefix(64))
  }

  /// The first token of the value of the constant that a name stands for.
  func declaration(of index: Int) -> Int? {
    guard token(index).kind == .identifier, let at = declarations[text(index)] else { return nil }
    let equals = (at..<min(at + 60, tokens.count)).first {
      isPunctuator($0, "=") && parent[$0] == parent[at]
    }
    return equals.map { $0 + 1 }
  }

  // MARK: Statements

  private static let operators: Set<String> = [
    "return", "typeof", "in", "of", "instanceof", "new", "await", "case", "else", "delete", "void",
    "as", "satisfies", "throw", "yield", "default", "extends", "export",
  ]
  private static let starters: Set<String> = [
    "const", "let", "var", "export", "import", "return", "throw", "if", "for", "while", "switch",
    "try",
  ]

  /// Whether an expression may end with this token.
  private func mayEnd(_ index: Int) -> Bool {
    guard tokens.indices.contains(index) else { return true }
    switch tokens[index].kind {
    case .identifier: return !isWord(index, in: Self.operators)
    case .punctuator: return isOneOf(index, [")", "]", "}", "!", "++", "--", ";"])
    case .templateHead, .templateMiddle: return false
    default: return true
    }
  }

  /// Whether a statement begins with this token, semicolons left out as the language allows.
  private func beginsStatement(_ index: Int) -> Bool {
    guard tokens[index].kind == .identifier else { return false }
    if isWord(index, in: Self.starters) { return !isDot(index - 1) }
    return tokens[index].followsLineBreak
      && (mayEnd(index - 1) || isWord(index - 1, in: ["return", "break", "continue"]))
  }

  /// The index of the first token of the statement, or of the element between commas, that a token stands in; it does
  /// not leave the bracket around the token.
  func start(of index: Int) -> Int {
    var at = index
    // Longer statements are data, and nobody asks for their beginnings.
    for _ in 0..<300 {
      if at != index || tokens[at].followsLineBreak, beginsStatement(at) { return at }
      let before = at - 1
      if before <= parent[index] || isOneOf(before, [";", ","]) { return at }
      at = min(partner[before], before)
    }
    return at
  }

  /// The index after the last token of the statement that a token stands in, inside the bracket around it.
  func end(of index: Int) -> Int {
    var at = index
    // What is longer is data: its end is not needed.
    for _ in 0..<Self.longestStatement {
      guard at < tokens.count, tokens[at].kind != .end else { break }
      if isPunctuator(at, ";") || parent[at] < parent[index] { return at }
      if at > index, beginsStatement(at), tokens[at].followsLineBreak { return at }
      at = max(partner[at], at) + 1
    }
    return min(at, tokens.count)
  }

  /// Tokens and brackets, of a statement that people write.
  static let longestStatement = 2_000

  // MARK: Functions

  /// A parameter of a function of this module, and the braces of the function's body.
  func parameter(_ position: Int, ofFunction name: String) -> (index: Int, body: ClosedRange<Int>)?
  {
    guard let declared = functions[name] else { return nil }
    let limit = min(declared + 12, tokens.count)
    guard let open = (declared..<limit).first(where: { isPunctuator($0, "(") }) else { return nil }
    let close = partner[open]
    let body = (close..<min(close + 60, tokens.count)).first {
      isPunctuator($0, "{") && parent[$0] == parent[open] && opensFunction($0)
    }
    guard close > open, let body, partner[body] > body else { return nil }
    let commas = children(of: open).filter { isPunctuator($0, ",") }
    let starts = [open + 1] + commas.map { $0 + 1 }
    guard starts.indices.contains(position), tokens[starts[position]].kind == .identifier else {
      return nil
    }
    return (starts[position], body...partner[body])
  }

  private static let controls: Set<String> = [
    "if", "for", "while", "switch", "catch", "with", "await",
  ]

  /// Whether a brace opens what runs only when it is called: a function's body, or a class's.
  private func opensFunction(_ open: Int) -> Bool {
    guard isPunctuator(open, "{") else { return false }
    let before = open - 1
    if isPunctuator(before, "=>") { return true }
    if isPunctuator(before, ")") { return !isWord(partner[before] - 1, in: Self.controls) }
    guard tokens.indices.contains(before) else { return false }
    guard tokens[before].kind == .identifier || isOneOf(before, [">", "]", "}"]) else {
      return false
    }
    if isWord(before, in: ["else", "try", "finally", "do", "return", "static"]) { return false }
    return hasReturnTypeOrClass(before: open)
  }

  /// `): Promise<string> {` and `class A extends B {`.
  private func hasReturnTypeOrClass(before open: Int) -> Bool {
    var at = open - 1
    for _ in 0..<60 {
      guard at > parent[open], !isOneOf(at, [";", ",", "="]) else { return false }
      if isWord(at, "class") { return true }
      if isPunctuator(at, ":"), isPunctuator(at - 1, ")") {
        return !isWord(partner[at - 1] - 1, in: Self.controls)
      }
      at = min(partner[at], at) - 1
    }
    return false
  }

  /// Code that people write does not nest deeper.
  private static let maximumDepth = 64

  /// The brace or arrow of the innermost function that a token stands in; nil at the top of a module.
  func function(around index: Int) -> Int? {
    var at = index
    var path: [Int] = []
    while path.count < Self.maximumDepth {
      if let known = memo.functions[at] { return remember(known, path) }
      path.append(at)
      if let arrow = arrow(before: at) { return remember(arrow, path) }
      let open = parent[at]
      if open < 0 { return remember(nil, path) }
      if opensFunction(open) { return remember(open, path) }
      at = open
    }
    return at
  }

  private func remember(_ function: Int?, _ path: [Int]) -> Int? {
    for index in path { memo.functions.updateValue(function, forKey: index) }
    return function
  }

  /// What was found out of functions, which is asked again for everything that stands in them.
  private final class Memo {
    var functions: [Int: Int?] = [:]
    var calledAtLoad: [Int: Bool] = [:]
  }

  /// `=> expression`, whose expression a token stands in.
  private func arrow(before index: Int) -> Int? {
    let start = start(of: index)
    var at = index - 1
    while at >= start {
      if isPunctuator(at, "=>"), !isPunctuator(at + 1, "{") { return at }
      at = min(partner[at], at) - 1
    }
    return nil
  }

  /// Whether a token is run when the module is loaded: not in a function, or in one that the module itself calls then.
  func isAtLoad(_ index: Int) -> Bool { isAtLoad(index, steps: 0) }

  private func isAtLoad(_ index: Int, steps: Int) -> Bool {
    guard let function = function(around: index) else { return true }
    guard steps < 4, isPunctuator(function, "{") else { return false }
    let key = function * 4 + steps
    if let known = memo.calledAtLoad[key] { return known }
    let isCalled = isCalledAtLoad(function, steps: steps)
    memo.calledAtLoad[key] = isCalled
    return isCalled
  }

  private func isCalledAtLoad(_ open: Int, steps: Int) -> Bool {
    let close = partner[open]
    // `(() => { … })()` and `(function () { … }())`.
    let isInvoked =
      isPunctuator(close + 1, "(") || isPunctuator(close + 1, ")") && isPunctuator(close + 2, "(")
    if isInvoked, isPunctuator(start(of: open), "("), parent[open] >= 0 {
      return isAtLoad(parent[open], steps: steps + 1)
    }
    if isInvoked, parent[open] >= 0, isPunctuator(parent[open], "(") {
      return isAtLoad(parent[open], steps: steps + 1)
    }
    guard let name = functionName(open) else { return false }
    return calls[name, default: []].prefix(8).contains { call in
      !(open...max(open, close)).contains(call) && isAtLoad(call, steps: steps + 1)
    }
  }

  /// `function NAME(…) {`, `const NAME = (…) => {` and `const NAME = async function (…) {`.
  private func functionName(_ open: Int) -> String? {
    functionNameToken(open).map(text)
  }

  /// The token of the name of the function whose body or arrow stands at an index.
  func functionNameToken(_ open: Int) -> Int? {
    var at = start(of: open)
    while isWord(at, in: ["export", "default", "async"]) { at += 1 }
    if isWord(at, "function") {
      at += 1
      if isPunctuator(at, "*") { at += 1 }
    } else if isWord(at, in: ["const", "let", "var"]) {
      at += 1
    } else {
      return nil
    }
    guard token(at).kind == .identifier, at < open else { return nil }
    return at
  }
}
