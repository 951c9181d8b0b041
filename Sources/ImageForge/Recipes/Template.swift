import ForgeBasics
import ForgeCatalogue
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
    guard let text = Catalogue.text(file) else {
      throw .brokenRecipe(file: file, reason: "it is missing")
    }
    return text
  }
}

extension RecipeBook {
  /// The error for a file that cannot be used: the user's, or forge's own.
  func broken(_ file: String, line: Int?, reason: String) -> RecipeError {
    guard let folder, isReplaced(file) else { return .brokenRecipe(file: file, reason: reason) }
    return .badRecipe(file: "\(folder)/\(file)" + (line.map { ":\($0)" } ?? ""), reason: reason)
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
    } catch let error as MustacheTemplate.ParserError {
      // At the end of the file the parser only knows that something is open.
      if let (line, what) = Self.open(in: text) {
        throw book.broken(file, line: line, reason: "line \(line): \(what) has no end")
      }
      let line = error.context.lineNumber
      throw book.broken(
        file, line: line,
        reason: "line \(line): \(Self.reason(error.error)) at “\(error.context.line)”")
    } catch {
      throw book.broken(file, line: nil, reason: "\(error)")
    }
  }

  /// The line of the last tag or section that nothing closes.
  private static func open(in text: String) -> (line: Int, what: String)? {
    var sections: [(line: Int, name: String)] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      var rest = line
      while let start = rest.firstRange(of: "{{") {
        rest = rest[start.upperBound...]
        guard let end = rest.firstRange(of: "}}") else { return (index + 1, "the tag {{\(rest)") }
        let tag = rest[..<end.lowerBound].drop { $0 == "{" }
        rest = rest[end.upperBound...]
        let name = String(tag.dropFirst().filter { $0 != " " })
        switch tag.first {
        case "#", "^": sections.append((index + 1, name))
        // Closed by another name: that is the error, and the parser names it.
        case "/": if sections.popLast()?.name != name { return nil }
        default: break
        }
      }
    }
    return sections.last.map { ($0.line, "the section \($0.name)") }
  }

  /// What is wrong, in words.
  private static func reason(_ error: any Error) -> String {
    switch error {
    case MustacheTemplate.Error.sectionCloseNameIncorrect:
      "a section is closed by another name than it was opened by"
    default: "\(error)"
    }
  }
}
