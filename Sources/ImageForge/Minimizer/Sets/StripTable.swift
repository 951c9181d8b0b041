import ForgeCatalogue

/// The table `recipes/data/strip-sets.yaml`.
final class StripTable: Sendable {
  struct Row: Sendable {
    let summary: String
    let isSafe: Bool
    /// Folders below which everything belongs to the set.
    let below: [String]
    let paths: Set<String>
  }

  private let rows: [String: Row]
  let temporary: [String]
  let homeCaches: [String]
  let documents: [String]
  let licences: [String]
  let locales: [String]
  let testedParts: [String]
  let typings: [String]
  let staticLibraries: [String]
  let libraryRoots: [String]
  let pipPackages: [String]
  let setuptoolsParts: [String]
  let nodePrograms: [String]
  let nodeProgramFolders: [String]

  // The table is embedded; a test reads it, so that an unreadable one cannot be released.
  static let shared = StripTable(CatalogueTable.embedded("data/strip-sets.yaml"))

  private init(_ table: CatalogueTable) {
    rows = Dictionary(
      table.rows("sets").map { ($0.text("name") ?? "", Row($0)) },
      uniquingKeysWith: { first, _ in first })
    func list(_ key: String) -> [String] { table.texts(key) ?? [] }
    temporary = list("temporary")
    homeCaches = list("home-caches")
    documents = list("documents")
    licences = list("licences")
    locales = list("locales")
    testedParts = list("tested-parts")
    typings = list("typings")
    staticLibraries = list("static-libraries")
    libraryRoots = list("library-roots")
    pipPackages = list("pip-packages")
    setuptoolsParts = list("setuptools-parts")
    nodePrograms = list("node-programs")
    nodeProgramFolders = list("node-program-folders")
  }

  /// Nil for a set that the table lacks, which a test rules out.
  subscript(set: StripSet) -> Row? { rows[set.rawValue] }
}

extension StripTable.Row {
  fileprivate init(_ row: CatalogueTable) {
    summary = row.text("summary") ?? ""
    isSafe = row.text("safe") == "true"
    below = row.texts("below") ?? []
    paths = Set(row.texts("paths") ?? [])
  }
}
