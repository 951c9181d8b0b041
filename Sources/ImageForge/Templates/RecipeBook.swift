import ForgeBasics
import ForgeCatalogue
import Foundation

/// The files of `recipes/`: forge's own, and before them those of a folder that the user keeps.
public struct RecipeBook: Sendable, Equatable {
  /// The user's folder; nil: forge's own files alone.
  public let folder: String?

  /// The built-in templates, with those of a folder in their place where it has them.
  public init(folder: String? = nil) { self.folder = folder }

  /// The names of all files, sorted. The user's folder replaces files, and adds none.
  public static var files: [String] {
    Catalogue.paths.filter { $0.hasSuffix(".mustache") || $0 == "data/bases.yaml" }
  }

  /// Whether the user's folder has its own copy of a file.
  public func isReplaced(_ file: String) -> Bool {
    folder.map { FileManager.default.fileExists(atPath: "\($0)/\(file)") } ?? false
  }

  /// Whether the user's folder has another text for a file than forge's own: an exported copy changes nothing.
  public func isChanged(_ file: String) throws(RecipeError) -> Bool {
    guard isReplaced(file) else { return false }
    return try text(file) != Catalogue.text(file)
  }

  /// Larger than any recipe.
  private static let sizeLimit = 1 << 20

  /// The text of a template: the user's own, or the built-in one.
  public func text(_ file: String) throws(RecipeError) -> String {
    if let folder, isReplaced(file) {
      let path = "\(folder)/\(file)"
      guard let bytes = try? BoundedFile.read(path, limit: Self.sizeLimit),
        let text = String(validating: bytes, as: UTF8.self)
      else { throw .badRecipe(file: path, reason: "it is no readable text of at most 1 MiB") }
      return text
    }
    guard let text = Catalogue.text(file) else {
      throw .brokenRecipe(file: file, reason: "it is missing")
    }
    return text
  }
}

extension RecipeBook {
  /// The error for a file that cannot be used: the user's, or forge's own.
  package func broken(_ file: String, line: Int?, reason: String) -> RecipeError {
    guard let folder, isReplaced(file) else { return .brokenRecipe(file: file, reason: reason) }
    return .badRecipe(file: "\(folder)/\(file)" + (line.map { ":\($0)" } ?? ""), reason: reason)
  }
}
