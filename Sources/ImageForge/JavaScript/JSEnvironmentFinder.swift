/// Finds the places of a module that read `process.env`, and what each says about a variable's absence.
struct JSEnvironmentFinder {
  /// One place where a value is used.
  private struct Place {
    let use: JSEnvironmentRead.Use
    let start: Int
    let end: Int
    /// Whether a check of the value throws without it.
    var isCheck = false
  }

  private struct Found {
    let name: String
    let start: Int
    let end: Int
    let isInlined: Bool
    var places: [Place]
  }

  let tree: JSTokenTree
  private(set) var reads: [JSEnvironmentRead] = []
  private(set) var switches: [JSEnvironmentFacts.Switch] = []
  private var found: [Found] = []
  /// Names bound to `process.env` as a whole.
  private var aliases: Set<String> = []
  /// How many tokens may still be looked at for the uses of names; what costs more is no source that people write.
  private var budget = 5_000_000

  init(_ tree: JSTokenTree) { self.tree = tree }

  mutating func run() {
    // What reads more of them is no source that people write.
    for index in tree.tokens.indices
    where tree.tokens[index].kind == .identifier && found.count < 2_000 {
      if tree.isWord(index, "process"), tree.isDot(index + 1), tree.isWord(index + 2, "env"),
        !tree.isDot(index - 1) || tree.isWord(index - 2, "globalThis")
      {
        var start = index
        if tree.isDot(index - 1) { start = index - 2 }
        readAccess(after: index + 3, start: start)
      } else if !aliases.isEmpty, !tree.isDot(index - 1),
        tree.isDot(index + 1) || tree.isPunctuator(index + 1, "["),
        aliases.contains(tree.text(index))
      {
        member(after: index + 1, start: index, isInlined: false)
      }
    }
    let schemas = JSEnvironmentSchemas(tree, aliases: aliases)
    switches = schemas.switches
    settle(schemas)
  }

  // MARK: Reads

  private mutating func readAccess(after index: Int, start: Int) {
    if member(after: index, start: start, isInlined: true) { return }
    if tree.isWord(start - 1, "in"), let name = tree.string(start - 2) {
      found.append(
        Found(
          name: name, start: start - 2, end: index, isInlined: true,
          places: [
            Self.place(JSEnvironmentUse(tree, start: start - 2, end: index).place(of: .presence))
          ]))
      return
    }
    guard tree.isPunctuator(start - 1, "=") else { return }
    if tree.isPunctuator(start - 2, "}") {
      pattern(endingAt: start - 2)
    } else if tree.token(start - 2).kind == .identifier, !tree.isDot(index) {
      aliases.insert(tree.text(start - 2))
    }
  }

  private static func place(_ use: JSEnvironmentUse.Answer) -> Place {
    Place(use: use.use, start: use.start, end: use.end, isCheck: use.isCheck)
  }

  /// `.NAME`, `?.NAME`, `["NAME"]`; false when none of them follows.
  @discardableResult
  private mutating func member(after index: Int, start: Int, isInlined: Bool) -> Bool {
    var name: String?
    var end = index
    if tree.isDot(index), tree.token(index + 1).kind == .identifier {
      name = tree.text(index + 1)
      end = index + 2
    } else {
      var bracket = index
      if tree.isPunctuator(index, "?.") { bracket += 1 }
      guard tree.isPunctuator(bracket, "[") else { return false }
      if let key = tree.string(bracket + 1), tree.isPunctuator(bracket + 2, "]") {
        name = key
        end = bracket + 3
      }
    }
    guard let name else {
      var bracket = index
      if tree.isPunctuator(index, "?.") { bracket += 1 }
      readComputed(start, bracket: bracket)
      return true
    }
    // What is assigned or deleted is not read.
    let isWritten = tree.isPunctuator(end, "=") || tree.isWord(start - 1, "delete")
    if isWritten { return true }
    found.append(
      Found(
        name: name, start: start, end: end, isInlined: isInlined,
        places: places(ofValue: start, end)))
    return true
  }

  /// `process.env[name]`: where `name` is a parameter of a function that this module calls with texts, they are names.
  private mutating func readComputed(_ start: Int, bracket: Int) {
    if let list = list(of: bracket + 1) { return readEach(of: list, start, bracket: bracket) }
    let calls = literalCalls(ofFunctionAround: start, parameter: bracket + 1)
    guard !calls.isEmpty else {
      reads.append(
        JSEnvironmentRead(
          name: "", offset: tree.token(start).offset, use: .tested, isInlined: false))
      return
    }
    let places = places(ofValue: start, tree.partner[bracket] + 1)
    var use = Self.strongest(places.map(\.use))
    for call in calls {
      guard let name = tree.string(call + 2) else { continue }
      if case .defaulted = use, tree.isPunctuator(call + 3, ",") {
        let argument = JSEnvironmentUse(tree, start: call, end: call + 1).literal(call + 4)
        use = .defaulted(argument)
      }
      let place = Place(use: use, start: call, end: call + 1, isCheck: use == .demanded)
      found.append(Found(name: name, start: call, end: call + 1, isInlined: true, places: [place]))
    }
  }

  /// What is read of each name in a list that is written out.
  private mutating func readEach(of list: Int, _ start: Int, bracket: Int) {
    var places = places(ofValue: start, tree.partner[bracket] + 1)
    if Self.strongest(places.map(\.use)) == .tested {
      // What becomes of the names that are absent is told elsewhere.
      places = [Place(use: .plain, start: start, end: start + 1)]
    }
    for index in tree.children(of: list).prefix(500) {
      guard let name = tree.string(index) else { continue }
      found.append(
        Found(name: name, start: index, end: index + 1, isInlined: true, places: places))
    }
  }

  /// `for (const KEY of ["A", "B"])` and `NAMES.forEach((KEY) => …)`: the array that a key goes through.
  private func list(of key: Int) -> Int? {
    guard tree.token(key).kind == .identifier, tree.isPunctuator(key + 1, "]") else { return nil }
    var open = tree.parent[key]
    for _ in 0..<8 where open > 0 {
      if let list = list(ofLoop: open, key) { return list }
      open = tree.parent[open]
    }
    guard let function = tree.function(around: key) else { return nil }
    return list(ofCallback: function, key)
  }

  private func list(ofLoop open: Int, _ key: Int) -> Int? {
    let condition = tree.partner[open - 1]
    guard tree.isPunctuator(open, "{"), tree.isPunctuator(open - 1, ")"),
      tree.isWord(condition - 1, "for"), tree.isWord(condition + 3, "of"),
      tree.bytes(condition + 2).elementsEqual(tree.bytes(key))
    else { return nil }
    return array(at: condition + 4)
  }

  private func list(ofCallback function: Int, _ key: Int) -> Int? {
    var arrow = function
    if tree.isPunctuator(function, "{") { arrow -= 1 }
    guard arrow > 4, tree.isPunctuator(arrow, "=>") else { return nil }
    var first = tree.partner[arrow - 1]
    var parameter = first
    if tree.isPunctuator(first, "(") { parameter += 1 }
    guard tree.bytes(parameter).elementsEqual(tree.bytes(key)) else { return nil }
    if tree.isWord(first - 1, "async") { first -= 1 }
    guard first > 3, tree.isPunctuator(first - 1, "("), tree.isDot(first - 3) else { return nil }
    return array(at: tree.partner[first - 4])
  }

  /// An array that is written out at an index, or that the constant of that name holds.
  private func array(at index: Int) -> Int? {
    if tree.isPunctuator(index, "[") { return index }
    guard let value = tree.declaration(of: index), tree.isPunctuator(value, "[") else { return nil }
    return value
  }

  /// Calls with a text of the function whose first parameter a token names.
  private func literalCalls(ofFunctionAround index: Int, parameter key: Int) -> [Int] {
    guard tree.token(key).kind == .identifier, tree.isPunctuator(key + 1, "]"),
      let function = tree.function(around: index), let name = tree.functionNameToken(function)
    else { return [] }
    var parameter = name + 1
    while parameter < function, !tree.isPunctuator(parameter, "(") { parameter += 1 }
    guard tree.bytes(parameter + 1).elementsEqual(tree.bytes(key)) else { return [] }
    return (tree.calls[tree.text(name)] ?? []).filter { tree.string($0 + 2) != nil }
  }

  /// How a value is used where it stands, or where the constant that holds it stands.
  private mutating func places(ofValue start: Int, _ end: Int) -> [Place] {
    let own = JSEnvironmentUse(tree, start: start, end: end).place()
    guard own.use == .plain else { return [Self.place(own)] }
    if let use = useByFunction(own.start) {
      return [Place(use: use, start: own.start, end: own.end, isCheck: use == .demanded)]
    }
    guard let name = constant(holding: own.start, own.end) else {
      return [Self.place(own)]
    }
    let uses = uses(ofConstant: name, declaredAt: own.start)
    return uses.isEmpty ? [Self.place(own)] : uses
  }

  /// `required("NAME", value)`: what a function of this module does with the argument that the value is; nil for others.
  private mutating func useByFunction(_ start: Int) -> JSEnvironmentRead.Use? {
    let open = tree.parent[start]
    guard open > 0, tree.isPunctuator(open, "("), tree.token(open - 1).kind == .identifier,
      !tree.isDot(open - 2)
    else { return nil }
    guard spend(start - open) else { return nil }
    let position = tree.children(of: open).prefix { $0 < start }.count {
      tree.isPunctuator($0, ",")
    }
    guard let parameter = tree.parameter(position, ofFunction: tree.text(open - 1)),
      spend(parameter.body.count)
    else { return nil }
    let uses = tree.uses(of: parameter.index, in: Range(parameter.body)).map {
      JSEnvironmentUse(tree, start: $0, end: $0 + 1).place()
    }
    if uses.contains(where: { $0.isCheck && $0.use == .demanded }) { return .demanded }
    return nil
  }

  /// `const NAME: string = value`, which ends there. The index of NAME.
  private func constant(holding start: Int, _ end: Int) -> Int? {
    guard tree.isPunctuator(start - 1, "="),
      tree.isOneOf(end, [";", ",", "}"]) || tree.token(end).followsLineBreak
        || tree.token(end).kind == .end
    else { return nil }
    var at = start - 2
    let limit = max(0, start - 12)
    while at > limit, !tree.isWord(at - 1, in: ["const", "let", "var"]),
      !tree.isPunctuator(at - 1, ",")
    {
      at -= 1
    }
    guard tree.isWord(at - 1, in: ["const", "let", "var"]), tree.token(at).kind == .identifier
    else { return nil }
    return at
  }

  /// Takes from the budget; false when it is spent.
  private mutating func spend(_ count: Int) -> Bool {
    budget -= count
    return budget >= 0
  }

  /// The uses of a name after its declaration, as far as it is seen.
  private mutating func uses(ofConstant name: Int, declaredAt start: Int) -> [Place] {
    let scope = tree.scope(of: name)
    guard spend(scope.count) else { return [] }
    var uses: [Place] = []
    if tree.isWord(name - 2, "export") {
      uses.append(Place(use: .plain, start: start, end: start))
    }
    for index in tree.uses(of: name, in: scope) {
      let isKey = tree.isPunctuator(index + 1, ":") && tree.isOneOf(index - 1, ["{", ","])
      if isKey || tree.isPunctuator(index + 1, "=") { continue }
      uses.append(Self.place(JSEnvironmentUse(tree, start: index, end: index + 1).place()))
    }
    return uses
  }

  /// `{ A, B: other, C = "x", ...rest }`, read from its closing brace.
  private mutating func pattern(endingAt close: Int) {
    let open = tree.partner[close]
    // Longer patterns are not written.
    guard open < close, close - open < 2_000 else { return }
    var index = open + 1
    while index < close {
      let token = tree.token(index)
      if token.kind == .identifier || token.kind == .string {
        let name = tree.string(index) ?? tree.text(index)
        var bound = index
        if tree.isPunctuator(index + 1, ":") { bound = index + 2 }
        var places: [Place]
        if tree.isPunctuator(bound + 1, "=") {
          let fallback = JSEnvironmentUse(tree, start: index, end: bound + 1).literal(bound + 2)
          places = [Place(use: .defaulted(fallback), start: index, end: bound + 1)]
        } else {
          places = usesBehind(pattern: close, of: bound)
          if places.isEmpty { places = [Place(use: .plain, start: index, end: bound + 1)] }
        }
        found.append(
          Found(name: name, start: index, end: bound + 1, isInlined: false, places: places))
      }
      while index < close, !tree.isPunctuator(index, ",") {
        index = max(tree.partner[index], index) + 1
      }
      index += 1
    }
  }

  /// The uses of a name that a pattern binds.
  private mutating func usesBehind(pattern close: Int, of bound: Int) -> [Place] {
    let scope = tree.scope(of: close)
    guard tree.token(bound).kind == .identifier, spend(scope.count) else { return [] }
    return tree.uses(of: bound, in: scope).filter { !tree.isPunctuator($0 + 1, ":") }.map {
      Self.place(JSEnvironmentUse(tree, start: $0, end: $0 + 1).place())
    }
  }

  // MARK: Conclusions

  private mutating func settle(_ schemas: JSEnvironmentSchemas) {
    var guards: [String: [Guard]] = [:]
    for one in found {
      for place in one.places where place.use == .tested && guards[one.name, default: []].count < 64
      {
        guards[one.name, default: []].append(Guard(tree, test: place.start))
      }
    }
    for one in found {
      let places = one.places.map { settled($0, guards[one.name] ?? []) }
      let use = Self.strongest(places.map(\.use))
      let deciding = places.filter { $0.use == use }
      var read = JSEnvironmentRead(
        name: one.name, offset: tree.token(one.start).offset, use: use, isInlined: one.isInlined)
      read.isAtLoad = deciding.contains { tree.isAtLoad($0.start) }
      read.usedAt = ([one.start] + places.filter { $0.use != .tested }.map(\.start)).map {
        tree.token($0).offset
      }
      if let entry = schemas.entry(mappedAt: one.start), case .plain = use {
        read.use = entry.use
        read.isAtLoad = entry.isAtLoad
        read.isInSchema = true
        read.example = entry.example
      }
      reads.append(read)
    }
    for entry in schemas.ownEntries {
      var read = JSEnvironmentRead(
        name: entry.name, offset: tree.token(entry.index).offset, use: entry.use, isInlined: true)
      read.isAtLoad = entry.isAtLoad
      read.isInSchema = true
      read.example = entry.example
      reads.append(read)
    }
  }

  /// A value that is read only where a test of it has passed is not missed.
  private func settled(_ place: Place, _ guards: [Guard]) -> Place {
    switch place.use {
    case .tested, .defaulted: return place
    case .demanded where place.isCheck: return place
    case .demanded, .asserted, .plain:
      guard guards.contains(where: { $0.holds(at: place.start) }) else { return place }
      return Place(use: .tested, start: place.start, end: place.end)
    }
  }

  /// Where in the code a test of a value has passed.
  private struct Guard {
    private let start: Int
    private var ranges: [Range<Int>] = []

    /// - Parameter test: the index of the first token of the tested value.
    init(_ tree: JSTokenTree, test: Int) {
      start = test
      guard let condition = Self.condition(tree, around: test) else {
        // `X && use(X)` and `X ? use(X) : null`.
        let end = tree.end(of: tree.start(of: test))
        let bracket = Self.inside(tree, tree.parent[test])
        ranges = [bracket.clamped(to: 0..<max(0, end))]
        return
      }
      let branches = JSBranches(tree, condition: condition)
      ranges = [branches.range]
      if branches.leaves { ranges.append(Self.inside(tree, tree.parent[condition])) }
    }

    func holds(at index: Int) -> Bool {
      start < index && ranges.contains { $0.contains(index) }
    }

    /// The tokens of a bracket, or all for the top of a module.
    private static func inside(_ tree: JSTokenTree, _ open: Int) -> Range<Int> {
      guard open >= 0 else { return 0..<tree.tokens.count }
      return open..<(max(open, tree.partner[open]) + 1)
    }

    /// The opening parenthesis of the `if` or `while` whose condition a token stands in.
    private static func condition(_ tree: JSTokenTree, around index: Int) -> Int? {
      var open = tree.parent[index]
      for _ in 0..<20 {
        guard open >= 0, tree.isPunctuator(open, "(") else { return nil }
        if tree.isWord(open - 1, in: ["if", "while"]) { return open }
        open = tree.parent[open]
      }
      return nil
    }
  }

  private static func strongest(_ uses: [JSEnvironmentRead.Use]) -> JSEnvironmentRead.Use {
    if uses.contains(.demanded) { return .demanded }
    if uses.contains(.asserted) { return .asserted }
    if uses.contains(.plain) { return .plain }
    return uses.first { $0 != .tested } ?? .tested
  }
}

/// The branches behind the condition of an `if`.
struct JSBranches {
  /// From the condition's end to the end of the last branch.
  let range: Range<Int>
  /// Whether the first branch ends the function, the loop or the program.
  let leaves: Bool
  /// Whether the first branch ends by an error.
  let fails: Bool
  /// Whether the branch behind `else` ends by an error.
  let failsElse: Bool

  /// - Parameter condition: the index of the opening parenthesis.
  init(_ tree: JSTokenTree, condition: Int) {
    let first = tree.partner[condition] + 1
    // A condition that nothing closes has no branches.
    var end = first
    if first > condition + 1 { end = Self.end(tree, first) }
    fails = Self.holds(tree, first..<end, ["throw"]) || Self.exits(tree, first..<end)
    leaves = fails || Self.holds(tree, first..<end, ["return", "continue", "break"])
    var failsElse = false
    if tree.isPunctuator(end, ";") { end += 1 }
    if tree.isWord(end, "else") {
      let start = end + 1
      end = Self.end(tree, start)
      failsElse = Self.holds(tree, start..<end, ["throw"])
    }
    self.failsElse = failsElse
    range = first..<max(first, end)
  }

  private static func end(_ tree: JSTokenTree, _ first: Int) -> Int {
    if tree.isPunctuator(first, "{") { return max(tree.partner[first], first) + 1 }
    // The token may begin a statement; the next one that does ends it.
    return max(tree.end(of: first), first)
  }

  /// Whether a branch holds a word that ends it: not one of a function in it, nor of a branch in it.
  private static func holds(_ tree: JSTokenTree, _ range: Range<Int>, _ words: Set<String>) -> Bool
  {
    guard !range.isEmpty else { return false }
    var level = tree.parent[range.lowerBound]
    if tree.isPunctuator(range.lowerBound, "{") { level = range.lowerBound }
    return range.prefix(JSTokenTree.longestStatement).contains { index in
      tree.parent[index] == level && tree.isWord(index, in: words) && !tree.isDot(index - 1)
    }
  }

  /// `process.exit(1)`.
  private static func exits(_ tree: JSTokenTree, _ range: Range<Int>) -> Bool {
    range.prefix(JSTokenTree.longestStatement).contains { index in
      tree.isWord(index, "process") && tree.isDot(index + 1) && tree.isWord(index + 2, "exit")
        && !tree.isPunctuator(index + 4, "0")
    }
  }
}
