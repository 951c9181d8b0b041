import ForgeBasics

/// The declarations of a Python file: enough of the language's grammar (Python 3.14) to see imports, assignments,
/// calls, classes, functions and decorators, wherever they stand. Nothing is evaluated.
package struct PythonModule: Sendable {
  package let source: SourceText
  package let statements: [PythonStatement]
  /// Where a statement could not be understood; it was left out.
  package let problems: [SyntaxError]

  /// Reads a file.
  /// - Throws: when the text is no Python at all: an open string or bracket, broken indentation.
  package static func parse(_ source: SourceText) throws(SyntaxError) -> PythonModule {
    let (tokens, literals) = try PythonTokenizer.tokens(of: source)
    var parser = PythonParser(source: source, tokens: tokens, literals: literals)
    let statements = parser.module()
    return PythonModule(source: source, statements: statements, problems: parser.problems)
  }
}
