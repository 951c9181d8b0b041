import ForgeBasics
import ForgeFindings

/// Why a Python text cannot be read, and where.
package struct PythonSyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
  package let place: Place
  package let reason: String
  package var description: String { "\(place): \(reason)" }
}

/// One token of a Python source text (The Python Language Reference, chapter 2).
struct PythonToken: Sendable {
  enum Kind: Sendable {
    case name, number, operation
    /// `index` is its place among the literals.
    case string(index: Int)
    case newline, indent, dedent, end
  }

  let kind: Kind
  let offset: Int
  /// The text of a name, number or operator; empty for the others.
  let text: String
}

/// A string literal as it stands in the source, prefix and quotes taken off.
struct PythonStringLiteral: Sendable {
  let body: Range<Int>
  let isRaw: Bool
  let isBytes: Bool
  /// An f-string or t-string.
  let isFormatted: Bool
  /// The expressions in the replacement fields of an f-string, without conversion and format.
  let fields: [Range<Int>]
}

/// What a reader of Python accepts; the limits of CPython's own tokenizer, or stricter.
enum PythonLimits {
  static let brackets = 100
  static let indentation = 100
  static let formattedNesting = 8
  /// `a.b.c…`, `f()()()…`: links of one chain.
  static let chain = 500
}
