/// The schemas of a module that describe its environment: of zod, valibot and envalid, by themselves or for t3-env.
struct JSEnvironmentSchemas {
  /// What a schema says of one key.
  struct Entry {
    let name: String
    /// The index of the key.
    let index: Int
    let use: JSEnvironmentRead.Use
    let example: String?
    /// Whether the schema is applied when the module is loaded.
    var isAtLoad = false
  }

  private(set) var switches: [JSEnvironmentFacts.Switch] = []
  /// Keys that are names of variables.
  private(set) var ownEntries: [Entry] = []
  /// What a schema says of values that are handed to it under other names, by the index of the value.
  private var mapped: [Int: Entry] = [:]
  /// How many tokens may still be looked at for schemas; what costs more is no source that people write.
  private var budget = 2_000_000
  private let tree: JSTokenTree
  private let aliases: Set<String>

  init(_ tree: JSTokenTree, aliases: Set<String>) {
    self.tree = tree
    self.aliases = aliases
    for index in tree.tokens.indices
    where tree.tokens[index].kind == .identifier && tree.isPunctuator(index + 1, "(") {
      switch tree.text(index) {
      case "createEnv", "defineEnv": readCreateEnv(index)
      case "cleanEnv", "parseEnv": readCleanEnv(index)
      case "convict": readConvict(index)
      case "parse", "safeParse", "parseAsync", "safeParseAsync", "validate", "validateSync":
        readParse(index)
      default: break
      }
    }
  }

  func entry(mappedAt start: Int) -> Entry? { mapped[start] }

  // MARK: Libraries

  /// t3-env: `createEnv({ server: { … }, client: { … }, runtimeEnv: { … } })`.
  private mutating func readCreateEnv(_ call: Int) {
    guard tree.isPunctuator(call + 2, "{"), spend(tree.partner[call + 2] - call) else { return }
    let members = members(of: call + 2)
    var entries: [Entry] = []
    for part in ["server", "client", "shared"] {
      guard let member = members[part], let object = object(at: member.value),
        spend(tree.partner[object] - object)
      else { continue }
      entries += self.entries(of: object)
    }
    let isAtLoad = tree.isAtLoad(call)
    for index in entries.indices { entries[index].isAtLoad = isAtLoad }
    var handed: Set<String> = []
    for key in ["runtimeEnv", "runtimeEnvStrict", "experimental__runtimeEnv"] {
      guard let value = members[key]?.value, tree.isPunctuator(value, "{") else { continue }
      handed.formUnion(map(value, to: entries))
    }
    ownEntries += entries.filter { !handed.contains($0.name) }
    if let value = members["skipValidation"]?.value { readSwitch(value) }
  }

  /// envalid and znv: `cleanEnv(process.env, { … })`.
  private mutating func readCleanEnv(_ call: Int) {
    let argument = call + 2
    guard let next = environment(at: argument), tree.isPunctuator(next, ","),
      let object = object(at: next + 1), spend(tree.partner[object] - object)
    else { return }
    add(entries(of: object), at: call)
  }

  /// `convict({ db: { format: String, default: null, env: "DATABASE_URL" } })`.
  private mutating func readConvict(_ call: Int) {
    let open = call + 2
    guard tree.isPunctuator(open, "{"), spend(tree.partner[open] - open) else { return }
    var entries: [Entry] = []
    for index in open..<max(open, tree.partner[open])
    where tree.isWord(index, "env") && tree.isPunctuator(index + 1, ":") {
      guard let name = tree.string(index + 2), tree.parent[index] > open else { continue }
      let value = members(of: tree.parent[index])["default"]?.value
      var use = JSEnvironmentRead.Use.plain
      if let value, !tree.isWord(value, in: ["null", "undefined"]) {
        let text = JSEnvironmentUse(tree, start: value, end: value + 1).literal(value)
        use = .defaulted(text)
      }
      entries.append(Entry(name: name, index: index, use: use, example: nil))
    }
    add(entries, at: call)
  }

  /// zod, valibot, Joi and yup: `schema.parse(process.env)`, `schema.parse({ … })`, `v.parse(schema, process.env)`.
  private mutating func readParse(_ call: Int) {
    guard tree.isDot(call - 1) else { return }
    var argument = call + 2
    var objects = schemaObjects(before: call - 1)
    if objects.isEmpty, tree.token(argument).kind == .identifier {
      let end = tree.end(of: argument)
      guard
        let comma = (argument..<min(end, argument + 400)).first(where: {
          tree.isPunctuator($0, ",") && tree.parent[$0] == call + 1
        })
      else { return }
      objects = schemaObjects(in: argument..<comma)
      argument = comma + 1
    }
    guard !objects.isEmpty else { return }
    guard spend(objects.reduce(0) { $0 + tree.partner[$1] - $1 }) else { return }
    var entries = objects.flatMap { self.entries(of: $0) }
    if environment(at: argument) != nil { return add(entries, at: call) }
    if let value = tree.declaration(of: argument), tree.isPunctuator(value, "{") {
      argument = value
    }
    guard tree.isPunctuator(argument, "{"), spend(tree.partner[argument] - argument) else { return }
    let isAtLoad = tree.isAtLoad(call)
    for index in entries.indices { entries[index].isAtLoad = isAtLoad }
    // `{ ...process.env }` hands over everything.
    let spread = (argument..<tree.partner[argument]).first { tree.isPunctuator($0, "...") }
    let handed = map(argument, to: entries)
    if let spread, environment(at: spread + 1) != nil {
      ownEntries += entries.filter { !handed.contains($0.name) }
    }
  }

  /// Takes from the budget; false when it is spent.
  private mutating func spend(_ count: Int) -> Bool {
    budget -= max(0, count) + 1
    return budget >= 0
  }

  private mutating func add(_ entries: [Entry], at call: Int) {
    let isAtLoad = tree.isAtLoad(call)
    ownEntries += entries.map { entry in
      var entry = entry
      entry.isAtLoad = isAtLoad
      return entry
    }
  }

  /// The index after `process.env`, or after a name that stands for it, where that is a whole argument.
  private func environment(at index: Int) -> Int? {
    var end = index + 1
    if tree.isWord(index, "process"), tree.isDot(index + 1), tree.isWord(index + 2, "env") {
      end = index + 3
    } else if tree.token(index).kind != .identifier || !aliases.contains(tree.text(index)) {
      return nil
    }
    return tree.isOneOf(end, [",", ")", "}"]) ? end : nil
  }

  /// `skipValidation: !!process.env.SKIP_ENV_VALIDATION`.
  private mutating func readSwitch(_ value: Int) {
    let limit = min(tree.end(of: value), value + 60)
    for index in value..<max(value, limit)
    where tree.isWord(index, "env") && tree.isWord(index - 2, "process") && tree.isDot(index + 1) {
      let name = tree.text(index + 2)
      guard name.contains("SKIP") || name.contains("VALIDATION") else { continue }
      var text = "1"
      if tree.isOneOf(index + 3, ["===", "=="]), let wanted = tree.string(index + 4) {
        text = wanted
      }
      switches.append(
        JSEnvironmentFacts.Switch(name: name, value: text, offset: tree.token(index - 2).offset))
    }
  }

  /// `{ KEY: process.env.NAME }`: NAME is what the schema says of KEY. The keys whose values are variables of other names.
  private mutating func map(_ open: Int, to entries: [Entry]) -> Set<String> {
    var renamed: Set<String> = []
    for (key, member) in members(of: open) {
      let value = member.value
      guard tree.isWord(value, "process"), tree.isWord(value + 2, "env") else { continue }
      let name = tree.string(value + 4) ?? tree.text(value + 4)
      if name != key { renamed.insert(key) }
      if let entry = entries.first(where: { $0.name == key }) { mapped[value] = entry }
    }
    return renamed
  }

  // MARK: Objects

  private struct Member {
    /// The index of the key, and of the first token of the value.
    let key: Int
    let value: Int
    let end: Int
  }

  /// The members of an object that is written out, by their keys.
  private func members(of open: Int) -> [String: Member] {
    Dictionary(list(of: open).map { ($0.name, $0.member) }) { first, _ in first }
  }

  private func list(of open: Int) -> [(name: String, member: Member)] {
    let close = tree.partner[open]
    guard close > open else { return [] }
    var found: [(String, Member)] = []
    var at = open + 1
    while at < close, found.count < 2_000 {
      let key = at
      var end = at
      while end < close, !tree.isPunctuator(end, ",") {
        end = max(tree.partner[end], end) + 1
      }
      if tree.isPunctuator(key + 1, ":"),
        tree.token(key).kind == .identifier || tree.string(key) != nil
      {
        let name = tree.string(key) ?? tree.text(key)
        found.append((name, Member(key: key, value: key + 2, end: end)))
      }
      at = end + 1
    }
    return found
  }

  /// An object that stands at an index, or the one that a name there was given.
  private mutating func object(at index: Int) -> Int? {
    if tree.isPunctuator(index, "{") { return index }
    return schemaObjects(in: index..<(index + 1)).first ?? tree.declaration(of: index)
  }

  /// The objects of the schema on which a method is called whose dot stands at an index.
  private mutating func schemaObjects(before dot: Int) -> [Int] {
    let start = tree.start(of: dot)
    guard spend(dot - start) else { return [] }
    var first = start
    if let equals = (start..<dot).last(where: {
      tree.isPunctuator($0, "=") && tree.parent[$0] == tree.parent[dot]
    }) {
      first = equals + 1
    }
    while tree.isWord(first, in: ["return", "await", "export", "default"]) { first += 1 }
    return schemaObjects(in: first..<max(first, dot))
  }

  /// The objects of a schema: `z.object({ … })` and what extends it, or the name of such a constant.
  private mutating func schemaObjects(in range: Range<Int>) -> [Int] {
    let makers: Set<String> = [
      "object", "extend", "merge", "looseObject", "strictObject", "safeExtend",
    ]
    var found = range.filter { index in
      tree.isWord(index, in: makers) && tree.isPunctuator(index + 1, "(")
        && tree.isPunctuator(index + 2, "{")
    }.map { $0 + 2 }
    guard let first = range.first, found.count < 8 else { return found }
    if tree.token(first).kind == .identifier, let value = tree.declaration(of: first),
      !range.contains(value)
    {
      let end = max(value, tree.end(of: value))
      guard spend(end - value) else { return found }
      found += (value..<end).filter { index in
        tree.isWord(index, in: makers) && tree.isPunctuator(index + 1, "(")
          && tree.isPunctuator(index + 2, "{")
      }.map { $0 + 2 }
    }
    return found
  }

  // MARK: Entries

  private func entries(of open: Int) -> [Entry] {
    list(of: open).compactMap { name, member in
      let range = member.value..<max(member.value, member.end)
      let schema = JSFieldSchema.read(tree, branch(range))
      return Entry(name: name, index: member.key, use: schema.use, example: schema.example)
    }
  }

  /// `process.env.NODE_ENV === "production" ? z.string() : z.string().optional()`: the part that an image comes to.
  private func branch(_ range: Range<Int>) -> Range<Int> {
    let index = range.lowerBound
    guard tree.isWord(index, "process"), tree.isWord(index + 2, "env"),
      tree.isWord(index + 4, "NODE_ENV"), let value = tree.string(index + 6),
      tree.isPunctuator(index + 7, "?")
    else { return range }
    let isEqual = tree.isOneOf(index + 5, ["===", "=="])
    let colon = range.first {
      $0 > index + 7 && tree.isPunctuator($0, ":") && tree.parent[$0] == tree.parent[index]
    }
    guard let colon else { return range }
    if isEqual == (value == "production") { return (index + 8)..<colon }
    return (colon + 1)..<max(colon + 1, range.upperBound)
  }
}
