/// A build step, as image history records it.
package enum BuildStep {
  /// On one line, as in a Dockerfile, without what the builders put around it.
  package static func short(_ createdBy: String) -> String {
    var text = createdBy[...]
    if text.hasPrefix("/bin/sh -c #(nop) ") {
      text = text.dropFirst("/bin/sh -c #(nop) ".count)
    } else if text.hasPrefix("/bin/sh -c ") {
      text = "RUN " + text.dropFirst("/bin/sh -c ".count)
    } else if text.hasPrefix("RUN /bin/sh -c ") {
      text = "RUN " + text.dropFirst("RUN /bin/sh -c ".count)
    }
    if text.hasSuffix(" # buildkit") { text = text.dropLast(" # buildkit".count) }
    return DisplayText.escape(text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
  }
}
