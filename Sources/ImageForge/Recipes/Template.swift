import ForgeBasics
import Mustache

/// A Mustache template of `recipes/`. Values stand in it as they are (`{{{name}}}`): whoever makes them checks them.
struct Template {
  let file: String

  /// The text for `values`, a struct whose stored properties carry the names that the template uses.
  func render(_ values: Any) throws(RecipeError) -> String {
    guard let text = Catalogue.text(file) else { throw .brokenRecipe(file: file, reason: "it is missing") }
    do {
      return try MustacheTemplate(string: text).render(values)
    } catch {
      throw .brokenRecipe(file: file, reason: "\(error)")
    }
  }
}
