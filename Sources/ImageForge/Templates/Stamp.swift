import ForgeBasics

/// The first line of each generated file. It holds a hash of what follows it, by which forge knows its own unedited
/// work again.
package struct Stamp {
  /// How the file's language writes a comment. In a `.dockerignore` a `#` is one only as the first byte of a line.
  package enum Comment {
    case hash, markup
  }

  /// `body` below its stamp, which leaves out the blocks that are the user's.
  package static func stamped(_ body: String, comment: Comment) -> String {
    let mark = GeneratedMark.words + fingerprint(KeptBlocks(of: body).rest.utf8)
    return (comment == .hash ? "# \(mark)\n" : "<!-- \(mark) -->\n") + body
  }

  /// Whether `kept` is of a file that forge wrote and nobody edited outside of the blocks. Blank lines beside them are no
  /// edit.
  static func isIntact(_ kept: KeptBlocks) -> Bool { kept.origins.contains(where: isIntact) }

  private static func isIntact(_ text: String) -> Bool {
    guard let lineEnd = text.firstIndex(of: "\n") else { return false }
    let body = String(text[text.index(after: lineEnd)...])
    let first = text[...lineEnd]
    return [Comment.hash, .markup].contains { stamped(body, comment: $0).hasPrefix(first) }
  }

  private static func fingerprint(_ bytes: some Collection<UInt8>) -> String {
    String(Digest.sha256(bytes).hex.prefix(16))
  }
}
