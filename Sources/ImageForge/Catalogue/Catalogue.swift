import Yams

/// The data of `recipes/`, embedded at build time: templates, ignore rules, rule catalogue, tables.
package enum Catalogue {
  /// The text of one file of `recipes/`, by its path in there. Nil when there is none.
  package static func text(_ path: String) -> String? { embeddedRecipes[path] }

  /// The paths of all files, sorted.
  package static var paths: [String] { embeddedRecipes.keys.sorted() }

  /// Decodes one of the YAML tables.
  /// - Throws: `DecodingError`, also when there is no such file.
  package static func decode<Value: Decodable>(_ type: Value.Type, from path: String) throws
    -> Value
  {
    try YAMLDecoder().decode(type, from: text(path) ?? "")
  }
}
