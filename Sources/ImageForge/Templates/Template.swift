import ForgeBasics
import ForgeCatalogue
import Foundation
import Mustache

/// A Mustache template of `recipes/`. Values stand in it as they are (`{{{name}}}`): whoever makes them checks them.
package struct Template {
  package let file: String
  package let book: RecipeBook

  /// Where the text is from, for messages: a file of the user's folder, or of forge's own `recipes/`.
  package var path: String {
    guard let folder = book.folder, book.isReplaced(file) else { return file }
    return "\(folder)/\(file)"
  }

  package init(file: String, book: RecipeBook) {
    self.file = file
    self.book = book
  }

  /// The text for `values`, a struct whose stored properties carry the names that the template uses.
  package func render(_ values: Any) throws(RecipeError) -> String {
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
