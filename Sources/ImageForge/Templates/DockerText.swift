/// Which names and versions may enter a Dockerfile, and how a command is written there. As with `PlainText`, no quote,
/// backslash, `$`, blank or line break passes a check.
package enum DockerText {
  /// The name of a Debian package.
  package static func isDebianPackage(_ text: String) -> Bool {
    text.wholeMatch(of: /[a-z0-9][a-z0-9+.-]{0,99}/) != nil
  }

  /// `1.2.3`, with the suffix of a pre-release perhaps.
  /// A package of the npm registry.
  package static func isPackageName(_ text: String) -> Bool {
    text.wholeMatch(of: /(@[a-z0-9._-]{1,100}\/)?[A-Za-z0-9._-]{1,200}/) != nil
  }

  package static func isExactVersion(_ text: String) -> Bool {
    text.wholeMatch(of: /[0-9]{1,9}(\.[0-9]{1,9}){2}([.-]?[A-Za-z0-9.]{1,30})?/) != nil
  }

  /// A version as a comment shows it.
  package static func isVersion(_ text: String) -> Bool {
    text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9.+!_-]{0,59}/) != nil
  }

  /// The name of an image, with a tag or digest perhaps.
  package static func isImageName(_ text: String) -> Bool {
    text.utf8.count <= 384
      && text.wholeMatch(
        of:
          /[a-z0-9][a-z0-9._-]*(:[0-9]+)?(\/[a-z0-9][a-z0-9._-]*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?/
      )
        != nil
  }

  /// The exec form: a JSON array, which no shell reads.
  package static func execForm(_ words: [String]) -> String {
    let quoted = words.map {
      "\"" + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    return "[" + quoted.joined(separator: ", ") + "]"
  }
}
