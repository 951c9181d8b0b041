import ForgeBasics

/// Where the rewrites of a Next.js configuration lead, as far as it is written out.
package enum JSRewrites {
  /// The literals after `destination:`, with their offsets; a template counts up to its first substitution.
  package static func destinations(in source: SourceText) -> [(text: String, offset: Int)] {
    let tokens = JSTokenizer.tokenize(source, jsx: false)
    func bytes(_ index: Int) -> ArraySlice<UInt8> { source.bytes[tokens[index].range] }
    return tokens.indices.dropLast(2).prefix(100_000).compactMap { index in
      guard tokens[index].kind == .identifier, bytes(index).elementsEqual("destination".utf8),
        bytes(index + 1).elementsEqual(":".utf8),
        [.string, .template, .templateHead].contains(tokens[index + 2].kind)
      else { return nil }
      return (JSString.value(bytes(index + 2)), tokens[index + 2].offset)
    }
  }
}
