import Yams

/// A mapping of one of the tables in `recipes/`: texts, lists of texts, and lists of further mappings, by their keys.
///
/// Read at every start, and therefore without what costs most of reading YAML elsewhere: every scalar is a text, and no
/// pattern decides whether it could be a number, a date or nothing.
package struct CatalogueTable {
  private let values: [String: Node]

  /// - Throws: Yams' error where the text is no YAML.
  package init(yaml: String) throws {
    self.init(try Yams.compose(yaml: yaml, .basic))
  }

  /// The table at a path of `recipes/`. It is empty where the file is missing or no YAML, which a test of each table
  /// rules out.
  package static func embedded(_ path: String) -> CatalogueTable {
    CatalogueTable(try? Yams.compose(yaml: Catalogue.text(path) ?? "", .basic))
  }

  private init(_ node: Node?) {
    let pairs = node?.mapping.map { $0.map { ($0.key.scalar?.string ?? "", $0.value) } } ?? []
    values = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }

  /// A scalar as it is written; nil where there is none.
  package func text(_ key: String) -> String? { values[key]?.scalar?.string }

  /// Nil where there is no list.
  package func texts(_ key: String) -> [String]? {
    values[key]?.sequence?.compactMap(\.scalar?.string)
  }

  /// Empty where there is no list.
  package func rows(_ key: String) -> [CatalogueTable] {
    values[key]?.sequence?.map { CatalogueTable($0) } ?? []
  }
}
