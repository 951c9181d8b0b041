/// A token of JavaScript or TypeScript (ECMA-262, section 12), by its place in the source.
package struct JSToken: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// A name or keyword; also `#private` names.
    case identifier
    case number
    /// With its quotes.
    case string
    /// A template without substitutions, with its backquotes.
    case template
    /// From the backquote to `${`, from `}` to `${`, from `}` to the closing backquote.
    case templateHead, templateMiddle, templateTail
    case regex
    /// The text between JSX tags.
    case jsxText
    case punctuator
    case end
  }

  package let kind: Kind
  /// Byte offsets in the source.
  package let range: Range<Int>
  /// Whether a line break stands before it: a statement may end there.
  package let followsLineBreak: Bool

  package var offset: Int { range.lowerBound }
}
