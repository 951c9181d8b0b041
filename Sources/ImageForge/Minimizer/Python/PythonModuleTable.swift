import ForgeCatalogue

/// The table `recipes/data/python-modules.yaml`.
final class PythonModuleTable: Sendable {
  // The table is embedded; a test reads it, so that an unreadable one cannot be released.
  static let shared = PythonModuleTable(CatalogueTable.embedded("data/python-modules.yaml"))

  /// By module, with all below it.
  let rare: [String: RareModule]
  /// The modules that the standard library does without.
  let optional: Set<String>
  /// Words of which each makes some rare module one like others.
  let triggers: Set<String>
  /// Packages that name all encodings, whichever are used.
  let encodingLists: Set<String>
  /// Modules in Python, and the ones in C that they stand in for.
  let twins: [String: String]
  /// What the interpreter itself imports.
  let always: [String]
  /// Files and folders of the library that go unless the application imports them.
  let unused: Set<String>
  /// Files in `site-packages` that go, by the ends of their names, and the packages that read them.
  let sources: [(ending: String, readers: [String])]
  let setuptoolsParts: [String]
  let setuptoolsImports: [String]

  private init(_ table: CatalogueTable) {
    func list(_ key: String) -> [String] { table.texts(key) ?? [] }
    let modules = table.rows("rare").flatMap(RareModule.rows) + Self.encodings(of: table)
    rare = Dictionary(modules.map { ($0.module, $0) }, uniquingKeysWith: { first, _ in first })
    optional = Set(rare.values.filter(\.isOptional).map(\.module))
    triggers = rare.values.reduce(into: []) { $0.formUnion($1.words) }
    encodingLists = Set(list("encoding-lists"))
    twins = Dictionary(
      table.rows("twins").map { ($0.text("python") ?? "", $0.text("c") ?? "") },
      uniquingKeysWith: { first, _ in first })
    always = list("always")
    unused = Set(list("unused"))
    sources = table.rows("sources").map { ($0.text("ending") ?? "", $0.texts("readers") ?? []) }
    setuptoolsParts = list("setuptools-parts")
    setuptoolsImports = list("setuptools-imports")
  }

  /// Tables of characters, which are reached by the names of encodings.
  private static func encodings(of table: CatalogueTable) -> [RareModule] {
    let ambiguous = table.texts("ambiguous-encodings") ?? []
    /// The ways in which encodings are written.
    func spellings(_ names: [String]) -> Set<String> {
      let all = names.filter { !ambiguous.contains($0) }.flatMap {
        [$0, $0.replacing("_", with: "-"), $0.replacing("cp", with: "ibm")]
      }
      return Set(all + all.map { $0.uppercased() })
    }
    let eastAsian = table.texts("east-asian") ?? []
    let eastAsianModules = table.texts("east-asian-modules") ?? []
    let words = spellings(eastAsian)
    let codePages = (table.texts("code-pages") ?? []).map { name in
      RareModule(module: "encodings." + name, words: spellings([name]))
    }
    return codePages
      + (eastAsianModules + eastAsian.map { "encodings." + $0 }).map {
        RareModule(module: $0, words: words)
      }
  }

  /// The row that a module falls under.
  func rareModule(_ name: String) -> RareModule? {
    var part = name[...]
    while true {
      if let rule = rare[String(part)] { return rule }
      guard let dot = part.lastIndex(of: ".") else { return nil }
      part = part[..<dot]
    }
  }
}

/// A module that others name although few programs use it. What only functions of the standard library or of its own
/// distribution import, or a string names, does not reach it; an import statement anywhere else does.
struct RareModule: Sendable {
  /// The module, with all below it.
  let module: String
  /// Words in sources outside of the standard library and of its own distribution, each of which reaches it.
  var words: Set<String> = []
  /// It serves programs only where one of these modules is there; then it is a module like others.
  var drivers: Set<String> = []
  /// Functions of this module alone need it, and they run only where a source outside of its distribution imports that
  /// module or the distribution's top. Everything else reaches it as it reaches others.
  var client: String?
  /// The standard library does without it where it is missing: what its own modules import at once, or name, does not
  /// reach it.
  var isOptional = false

  /// Whether a source outside of the distribution says, by what it imports, that these functions run.
  func isUsed(by modules: Set<String>) -> Bool {
    guard let client else { return false }
    let top = client.prefix { $0 != "." }
    return modules.contains { $0 == top || $0 == client || $0.hasPrefix(client + ".") }
  }

  /// One for each of the modules that a row names.
  fileprivate static func rows(_ row: CatalogueTable) -> [RareModule] {
    (row.texts("modules") ?? []).map { module in
      RareModule(
        module: module, words: Set(row.texts("words") ?? []),
        drivers: Set(row.texts("drivers") ?? []), client: row.text("client"),
        isOptional: row.text("optional") == "true")
    }
  }
}
