/// What the schema of one value says of its absence, and a value that it takes.
struct JSFieldSchema {
  var use: JSEnvironmentRead.Use
  /// Nil where the schema asks for more than is understood.
  var example: String?

  private static let roots: Set<String> = ["z", "v", "zod"]
  /// Of Joi and yup, whose values may be absent unless they are said to be required.
  private static let lenientRoots: Set<String> = ["Joi", "joi", "yup", "Yup"]
  /// Of envalid; without a default they demand the variable.
  private static let validators: [String: String] = [
    "str": "placeholder", "bool": "true", "num": "1", "email": "placeholder@example.com",
    "host": "localhost", "port": "8080", "url": "https://example.invalid", "json": "1",
  ]
  private static let unknown = JSFieldSchema(use: .plain, example: nil)

  static func read(_ tree: JSTokenTree, _ range: Range<Int>) -> JSFieldSchema {
    guard let first = range.first else { return unknown }
    if tree.isWord(first, in: lenientRoots) { return lenient(tree, range) }
    if tree.isWord(first, in: roots) { return chain(tree, range) }
    if let example = validators[tree.text(first)], tree.isPunctuator(first + 1, "(") {
      return validator(tree, first, example)
    }
    // A schema with a name of its own.
    guard let value = tree.declaration(of: first), tree.isWord(value, in: roots) else {
      return unknown
    }
    let own = chain(tree, value..<max(value, tree.end(of: value)))
    if let use = absence(tree, range) { return JSFieldSchema(use: use, example: nil) }
    return own
  }

  /// `str({ default: "x" })`
  private static func validator(_ tree: JSTokenTree, _ first: Int, _ example: String)
    -> JSFieldSchema
  {
    let close = tree.partner[first + 1]
    let key = (first..<max(first, close)).first {
      tree.isWord($0, "default") && tree.isPunctuator($0 + 1, ":")
    }
    guard let key else {
      let hasChoices = (first..<max(first, close)).contains { tree.isWord($0, "choices") }
      return JSFieldSchema(use: .demanded, example: hasChoices ? nil : example)
    }
    let text = JSEnvironmentUse(tree, start: key, end: key + 1).literal(key + 2)
    return JSFieldSchema(use: .defaulted(text), example: nil)
  }

  // MARK: Chains

  /// `Joi.string().required()`
  private static func lenient(_ tree: JSTokenTree, _ range: Range<Int>) -> JSFieldSchema {
    let level = tree.parent[range.lowerBound]
    let links = range.filter { tree.isDot($0 - 1) && tree.parent[$0] == level }
    if let index = links.first(where: { tree.isWord($0, "default") }) {
      return JSFieldSchema(use: .defaulted(literal(tree, index + 2)), example: nil)
    }
    if links.contains(where: { tree.isWord($0, in: ["required", "exist", "defined"]) }) {
      return JSFieldSchema(use: .demanded, example: nil)
    }
    return JSFieldSchema(use: .tested, example: nil)
  }

  /// `z.string().min(1).optional()`
  private static func chain(_ tree: JSTokenTree, _ range: Range<Int>) -> JSFieldSchema {
    if let use = absence(tree, range) { return JSFieldSchema(use: use, example: nil) }
    let first = range.lowerBound
    // `v.pipe(v.string(), …)` takes what its first schema takes.
    if tree.isWord(first, "v"), tree.isWord(first + 2, "pipe"), tree.isWord(first + 4, "v"),
      tree.isWord(first + 6, in: ["string", "picklist", "literal"])
    {
      return JSFieldSchema(use: .demanded, example: nil)
    }
    let wrappers: Set<String> = ["preprocess", "custom", "lazy", "pipe", "transform"]
    if tree.isWord(range.lowerBound + 2, in: wrappers) { return unknown }
    return JSFieldSchema(use: .demanded, example: example(tree, range))
  }

  private static let optional: Set<String> = [
    "optional", "nullish", "catch", "exactOptional", "undefinedable", "any", "unknown", "undefined",
    "fallback",
  ]

  /// What the links of a chain say where they let the value be absent.
  private static func absence(_ tree: JSTokenTree, _ range: Range<Int>) -> JSEnvironmentRead.Use? {
    var use: JSEnvironmentRead.Use?
    let level = tree.parent[range.lowerBound]
    for index in range where tree.isDot(index - 1) && tree.tokens[index].kind == .identifier {
      let isLink = tree.parent[index] == level
      switch tree.text(index) {
      case "default" where isLink, "prefault" where isLink:
        use = .defaulted(literal(tree, index + 2))
      case "boolean" where tree.isWord(index - 2, "coerce"),
        "string" where tree.isWord(index - 2, "coerce"):
        use = use ?? .tested
      case "undefined": use = use ?? .tested
      case let word where optional.contains(word) && (isLink || isWrapped(tree, range)):
        use = use ?? .tested
      default: break
      }
    }
    return use
  }

  /// `z.preprocess(empty, z.string().optional())`: what is inside decides.
  private static func isWrapped(_ tree: JSTokenTree, _ range: Range<Int>) -> Bool {
    tree.isWord(range.lowerBound + 2, in: ["preprocess", "union", "pipe", "lazy", "or"])
  }

  private static func literal(_ tree: JSTokenTree, _ index: Int) -> String? {
    JSEnvironmentUse(tree, start: index, end: index + 1).literal(index)
  }

  /// A value that the links of a chain let through; nil where one of them is not understood.
  private static func example(_ tree: JSTokenTree, _ range: Range<Int>) -> String? {
    let level = tree.parent[range.lowerBound]
    var text: String?
    for index in range
    where tree.isDot(index - 1) && tree.parent[index] == level
      && tree.tokens[index].kind == .identifier
    {
      let argument = index + 2
      switch tree.text(index) {
      case "coerce", "trim", "nonempty", "describe", "meta", "int", "positive", "nonnegative",
        "max", "finite", "toLowerCase", "brand", "nullable":
        break
      case "string": text = "placeholder"
      case "number", "bigint": text = "1"
      case "boolean", "stringbool": text = "true"
      case "url", "httpUrl": text = "https://example.invalid"
      case "email": text = "placeholder@example.com"
      case "uuid", "guid": text = "00000000-0000-4000-8000-000000000000"
      case "enum", "picklist": text = tree.string(argument + 1)
      case "literal": text = tree.string(argument)
      case "startsWith":
        guard let start = tree.string(argument) else { return nil }
        text = start + "placeholder"
      case "min", "length", "gte":
        guard let number = Int(tree.text(argument)), number <= 256, let before = text else {
          return nil
        }
        text = stretched(before, to: number)
      default: return nil
      }
      guard text != nil || tree.isWord(index, "coerce") else { return nil }
    }
    return text
  }

  /// A longer text, or a larger number.
  private static func stretched(_ text: String, to size: Int) -> String {
    if let number = Int(text) { return String(max(number, size)) }
    guard text.utf8.count < size else { return text }
    return text + String(repeating: "x", count: size - text.utf8.count)
  }
}
