import ForgeBasics
import Foundation
import Mustache

/// The files of `recipes/`: forge's own, and before them those of a folder that the user keeps.
public struct RecipeBook: Sendable, Equatable {
  /// The user's folder; nil: forge's own files alone.
  public let folder: String?

  public init(folder: String? = nil) { self.folder = folder }

  /// The names of all files, sorted. The user's folder replaces files, and adds none.
  public static var files: [String] {
    Catalogue.paths.filter { $0.hasSuffix(".mustache") || $0 == "data/bases.yaml" }
  }

  /// Whether the user's folder has its own copy of a file.
  public func isReplaced(_ file: String) -> Bool {
    folder.map { FileManager.default.fileExists(atPath: "\($0)/\(file)") } ?? false
  }

  /// Larger than any recipe.
  private static let sizeLimit = 1 << 20

  public func text(_ file: String) throws(RecipeError) -> String {
    if let folder, isReplaced(file) {
      let path = "\(folder)/\(file)"
      guard let data = FileManager.default.contents(atPath: path), data.count <= Self.sizeLimit,
        let text = String(data: data, encoding: .utf8)
      else { throw .badRecipe(file: path, reason: "it is no readable text of at most 1 MiB") }
      return text
    }
    guard let text = Catalogue.text(file) else { throw .brokenRecipe(file: file, reason: "it is missing") }
    return text
  }
}

/// A Mustache template of `recipes/`. Values stand in it as they are (`{{{name}}}`): whoever makes them checks them.
struct Template {
  let file: String
  let book: RecipeBook

  /// The text for `values`, a struct whose stored properties carry the names that the template uses.
  func render(_ values: Any) throws(RecipeError) -> String {
    let text = try book.text(file)
    do {
      return try MustacheTemplate(string: text).render(values)
    } catch {
      if let folder = book.folder, book.isReplaced(file) {
        throw .badRecipe(file: "\(folder)/\(file)", reason: "\(error)")
      }
      throw .brokenRecipe(file: file, reason: "\(error)")
    }
  }
}
