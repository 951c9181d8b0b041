/// The data of `recipes/`, embedded at build time: templates, ignore rules, rule catalogue, tables.
package enum Catalogue {
  /// The text of one file of `recipes/`, by its path in there. Nil when there is none.
  package static func text(_ path: String) -> String? { embeddedRecipes[path] }

  /// The paths of all files, sorted.
  package static var paths: [String] { embeddedRecipes.keys.sorted() }
}
