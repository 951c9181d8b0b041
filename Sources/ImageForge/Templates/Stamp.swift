import ForgeBasics

/// The first line of each generated file. It holds a hash of what follows it, by which forge knows its own unedited
/// work again.
package struct Stamp {
  /// How the file's language writes a comment. In a `.dockerignore` a `#` is one only as the first byte of a line.
  package enum Comment: Sendable {
    case hash, markup
    /// An action of Helm's templates that leaves nothing behind.
    case helm
    /// JSON has none: the first key of an object whose brace is the stamp's.
    case json

    fileprivate func line(_ mark: String) -> String {
      switch self {
      case .hash: "# \(mark)\n"
      case .markup: "<!-- \(mark) -->\n"
      case .helm: "{{- /* \(mark) */ -}}\n"
      case .json: "{ \"$comment\": \"\(mark)\",\n"
      }
    }
  }

  /// `body` below its stamp, which leaves out the blocks that are the user's.
  package static func stamped(_ body: String, comment: Comment) -> String {
    let mark = GeneratedMark.words + fingerprint(KeptBlocks(of: body).rest.utf8)
    return comment.line(mark) + body
  }

  /// Whether `kept` is of a file that forge wrote and nobody edited outside of the blocks. Blank lines beside them are no
  /// edit.
  package static func isIntact(_ kept: KeptBlocks) -> Bool {
    kept.origins.contains(where: isIntact)
  }

  private static func isIntact(_ text: String) -> Bool {
    guard let lineEnd = text.firstIndex(of: "\n") else { return false }
    let body = String(text[text.index(after: lineEnd)...])
    let first = text[...lineEnd]
    return [Comment.hash, .markup, .helm, .json].contains {
      stamped(body, comment: $0).hasPrefix(first)
    }
  }

  private static func fingerprint(_ bytes: some Collection<UInt8>) -> String {
    String(Digest.sha256(bytes).hex.prefix(16))
  }
}
