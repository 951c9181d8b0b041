import ForgeBasics

/// One place where JavaScript reads an environment variable.
package struct JSEnvironmentRead: Sendable, Equatable {
  package enum Use: Sendable, Equatable {
    /// The value is taken as it is; the program wants it.
    case plain
    /// `?? other` or `|| other`; the text where it is a literal.
    case defaulted(String?)
    /// Only compared or tested, so that its absence means something.
    case tested
  }

  /// Empty where it is computed: `process.env[key]`.
  package let name: String
  package let offset: Int
  package let use: Use
  /// Whether Next.js can put the value in its place: not when it is read by way of another name or by destructuring.
  package let isInlined: Bool

  /// All reads of `process.env` in a source, in its order.
  /// - Parameter jsx: whether the file may hold JSX.
  package static func find(in source: SourceText, jsx: Bool) -> [JSEnvironmentRead] {
    guard source.bytes.contains("process") else { return [] }
    var finder = EnvironmentReadFinder(
      source: source, tokens: JSTokenizer.tokenize(source, jsx: jsx))
    finder.run()
    return finder.reads.sorted { $0.offset < $1.offset }
  }
}

extension [UInt8] {
  /// Whether the bytes hold a word; a scan that compares only where the first byte fits.
  package func contains(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard length > 0, count >= length else { return false }
    return withUnsafeBufferPointer { text in
      word.withUTF8Buffer { pattern in
        var at = 0
        while at <= text.count - length {
          if text[at] == pattern[0] {
            var matched = 1
            while matched < length, text[at + matched] == pattern[matched] { matched += 1 }
            if matched == length { return true }
          }
          at += 1
        }
        return false
      }
    }
  }
}

private struct EnvironmentReadFinder {
  let source: SourceText
  let tokens: [JSToken]
  var reads: [JSEnvironmentRead] = []
  /// Names bound to `process.env` as a whole.
  private var aliases: Set<String> = []

  init(source: SourceText, tokens: [JSToken]) {
    self.source = source
    self.tokens = tokens
  }

  private func token(_ index: Int) -> JSToken { tokens[min(max(index, 0), tokens.count - 1)] }

  private func bytes(_ index: Int) -> ArraySlice<UInt8> { source.bytes[token(index).range] }

  private func text(_ index: Int) -> String { String(decoding: bytes(index), as: UTF8.self) }

  private func isPunctuator(_ index: Int, _ text: StaticString) -> Bool {
    guard index >= 0, token(index).kind == .punctuator,
      token(index).range.count == text.utf8CodeUnitCount
    else {
      return false
    }
    return text.withUTF8Buffer { bytes(index).elementsEqual($0) }
  }

  private func isWord(_ index: Int, _ text: StaticString) -> Bool {
    guard index >= 0, token(index).kind == .identifier,
      token(index).range.count == text.utf8CodeUnitCount
    else {
      return false
    }
    return text.withUTF8Buffer { bytes(index).elementsEqual($0) }
  }

  private func isDot(_ index: Int) -> Bool { isPunctuator(index, ".") || isPunctuator(index, "?.") }

  mutating func run() {
    var hasSchema = false
    for index in tokens.indices where tokens[index].kind == .identifier {
      if isWord(index, "createEnv") || isParseOfEnvironment(index) { hasSchema = true }
      if isWord(index, "process"), isDot(index + 1), isWord(index + 2, "env"),
        !isDot(index - 1) || isWord(index - 2, "globalThis")
      {
        readAccess(after: index + 3, start: isDot(index - 1) ? index - 2 : index)
      } else if !aliases.isEmpty, !isDot(index - 1),
        isDot(index + 1) || isPunctuator(index + 1, "["),
        aliases.contains(text(index))
      {
        member(after: index + 1, offset: token(index).offset, isInlined: false)
      }
    }
    guard hasSchema else { return }
    let handedOver = reads.count
    var index = 0
    while index < tokens.count {
      index = tokens[index].kind == .identifier ? schemaEntry(index) : index + 1
    }
    // `runtimeEnv: { NAME: process.env.NAME }` hands over what the schema may do without.
    let described = Set(reads[handedOver...].map(\.name))
    for place in 0..<handedOver where described.contains(reads[place].name) {
      guard case .plain = reads[place].use else { continue }
      let read = reads[place]
      reads[place] = JSEnvironmentRead(
        name: read.name, offset: read.offset, use: .tested, isInlined: read.isInlined)
    }
  }

  /// `schema.parse(process.env)`
  private func isParseOfEnvironment(_ index: Int) -> Bool {
    (isWord(index, "parse") || isWord(index, "safeParse")) && isPunctuator(index + 1, "(")
      && isWord(index + 2, "process") && isWord(index + 4, "env") && isPunctuator(index + 5, ")")
  }

  /// `NAME: z.string().default("x")`, where a schema is applied to the whole environment. Gives the index after it.
  private mutating func schemaEntry(_ index: Int) -> Int {
    guard isPunctuator(index + 1, ":"), !isDot(index - 1),
      bytes(index).allSatisfy({
        (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
      })
    else { return index + 1 }
    let start = productionBranch(index + 2)
    guard isWord(start, "z"), isDot(start + 1) else { return index + 1 }
    var use = JSEnvironmentRead.Use.plain
    var nesting = 0
    var end = start
    while end < tokens.count,
      nesting > 0 || !(isPunctuator(end, ",") || isPunctuator(end, "}") || isPunctuator(end, ":"))
    {
      if isPunctuator(end, "(") || isPunctuator(end, "{") || isPunctuator(end, "[") { nesting += 1 }
      if isPunctuator(end, ")") || isPunctuator(end, "}") || isPunctuator(end, "]") { nesting -= 1 }
      if nesting < 0 { break }
      if nesting == 0, isDot(end) {
        if isWord(end + 1, "default") { use = .defaulted(literal(end + 3)) }
        if isWord(end + 1, "optional") || isWord(end + 1, "nullish") { use = .tested }
      }
      // Longer schemas of one variable are not written.
      if end - index > 500 { break }
      end += 1
    }
    reads.append(
      JSEnvironmentRead(name: text(index), offset: token(index).offset, use: use, isInlined: true))
    return end
  }

  /// `process.env.NODE_ENV === "production" ? z.string() : z.string().optional()`: where the part begins that an image
  /// comes to. The index itself where no such condition stands there.
  private func productionBranch(_ index: Int) -> Int {
    guard isWord(index, "process"), isWord(index + 2, "env"), isWord(index + 4, "NODE_ENV"),
      token(index + 6).kind == .string, isPunctuator(index + 7, "?")
    else { return index }
    let isEqual = isPunctuator(index + 5, "===") || isPunctuator(index + 5, "==")
    let isProduction = JSString.value(source.bytes[token(index + 6).range]) == "production"
    var at = index + 8
    if isEqual == isProduction { return at }
    var nesting = 0
    while at < min(tokens.count, index + 500), nesting > 0 || !isPunctuator(at, ":") {
      if isPunctuator(at, "(") || isPunctuator(at, "{") || isPunctuator(at, "[") { nesting += 1 }
      if isPunctuator(at, ")") || isPunctuator(at, "}") || isPunctuator(at, "]") { nesting -= 1 }
      at += 1
    }
    return at + 1
  }

  private mutating func readAccess(after index: Int, start: Int) {
    if member(after: index, offset: token(start).offset, isInlined: true) { return }
    guard isPunctuator(start - 1, "=") else { return }
    if isPunctuator(start - 2, "}") {
      pattern(endingAt: start - 2)
    } else if token(start - 2).kind == .identifier, !isDot(index) {
      aliases.insert(text(start - 2))
    }
  }

  /// `.NAME`, `?.NAME`, `["NAME"]`; false when none of them follows.
  @discardableResult
  private mutating func member(after index: Int, offset: Int, isInlined: Bool) -> Bool {
    var name: String?
    var end = index
    if isDot(index), token(index + 1).kind == .identifier {
      name = text(index + 1)
      end = index + 2
    } else {
      let bracket = isPunctuator(index, "?.") ? index + 1 : index
      guard isPunctuator(bracket, "[") else { return false }
      let key = token(bracket + 1)
      if key.kind == .string || key.kind == .template, isPunctuator(bracket + 2, "]") {
        name = JSString.value(source.bytes[key.range])
        end = bracket + 3
      }
    }
    guard let name else {
      reads.append(JSEnvironmentRead(name: "", offset: offset, use: .tested, isInlined: false))
      return true
    }
    // What is assigned is not read.
    guard !isPunctuator(end, "=") else { return true }
    reads.append(
      JSEnvironmentRead(name: name, offset: offset, use: use(after: end), isInlined: isInlined))
    return true
  }

  /// - Parameter index: of the token after the access.
  private func use(after index: Int) -> JSEnvironmentRead.Use {
    if isPunctuator(index, "??") || isPunctuator(index, "||") || isPunctuator(index, "??=")
      || isPunctuator(index, "||=")
    {
      return .defaulted(literal(index + 1))
    }
    for symbol: StaticString in ["===", "!==", "==", "!=", "?", "&&", "?."]
    where isPunctuator(index, symbol) {
      return .tested
    }
    return .plain
  }

  /// The text of a literal that stands alone.
  private func literal(_ index: Int) -> String? {
    let next = token(index + 1)
    if next.kind == .punctuator, !next.followsLineBreak,
      ["+", "-", "*", "/", ".", "?.", "[", "("].contains(text(index + 1))
    {
      return nil
    }
    switch token(index).kind {
    case .string, .template: return JSString.value(bytes(index))
    case .number: return text(index)
    case .identifier: return isWord(index, "true") || isWord(index, "false") ? text(index) : nil
    default: return nil
    }
  }

  /// `{ A, B: other, C = "x", ...rest }`, read from its closing brace.
  private mutating func pattern(endingAt close: Int) {
    var open = close
    var depth = 0
    // Longer patterns are not written.
    while open > max(0, close - 2_000) {
      if isPunctuator(open, "}") { depth += 1 }
      if isPunctuator(open, "{") { depth -= 1 }
      if depth == 0 { break }
      open -= 1
    }
    guard depth == 0, open < close else { return }
    var index = open + 1
    while index < close {
      let token = token(index)
      if isPunctuator(index, "...") {
        index += 1
      } else if token.kind == .identifier || token.kind == .string {
        let name = token.kind == .string ? JSString.value(bytes(index)) : text(index)
        var end = index + 1
        if isPunctuator(end, ":") { end += 2 }
        let use: JSEnvironmentRead.Use =
          isPunctuator(end, "=") ? .defaulted(literal(end + 1)) : .plain
        reads.append(
          JSEnvironmentRead(name: name, offset: token.offset, use: use, isInlined: false))
        index = end
      }
      // To the next property.
      var nesting = 0
      while index < close, nesting > 0 || !isPunctuator(index, ",") {
        if isPunctuator(index, "{") || isPunctuator(index, "(") || isPunctuator(index, "[") {
          nesting += 1
        }
        if isPunctuator(index, "}") || isPunctuator(index, ")") || isPunctuator(index, "]") {
          nesting -= 1
        }
        index += 1
      }
      index += 1
    }
  }
}
