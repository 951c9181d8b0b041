import ForgeBasics

/// Which texts may enter a Dockerfile, and how they are written there. Every check allows a small set of characters
/// rather than forbidding the dangerous ones: no quote, backslash, `$`, blank or line break passes any of them.
enum DockerText {
  /// `pkg.mod:name`: an ASCII import path and the name of an object in it.
  static func isEntrypoint(_ text: String) -> Bool {
    text.utf8.count <= 300
      && text.wholeMatch(
        of: /[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*/) != nil
  }

  /// A variable that a shell can export.
  static func isVariableName(_ text: String) -> Bool {
    text.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]{0,199}/) != nil
  }

  /// A path below the service's folder: relative, without `.` and `..` between its slashes. `.` is the folder itself.
  static func isRelativePath(_ text: String) -> Bool {
    guard text != "." else { return true }
    guard text.wholeMatch(of: /[A-Za-z0-9._@+][A-Za-z0-9._@+~\/-]{0,499}/) != nil else {
      return false
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }

  /// The path of a URL.
  static func isURLPath(_ text: String) -> Bool {
    text.wholeMatch(of: /\/[A-Za-z0-9._~\/%@+-]{0,499}/) != nil
  }

  /// The name of a Debian package.
  static func isDebianPackage(_ text: String) -> Bool {
    text.wholeMatch(of: /[a-z0-9][a-z0-9+.-]{0,99}/) != nil
  }

  /// `1.2.3`, with the suffix of a pre-release perhaps.
  static func isExactVersion(_ text: String) -> Bool {
    text.wholeMatch(of: /[0-9]{1,9}(\.[0-9]{1,9}){2}([.-]?[A-Za-z0-9.]{1,30})?/) != nil
  }

  /// A version as a comment shows it.
  static func isVersion(_ text: String) -> Bool {
    text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9.+!_-]{0,59}/) != nil
  }

  /// What an image name may hold.
  static func isServiceName(_ text: String) -> Bool {
    text.wholeMatch(of: /[a-z0-9_][a-z0-9._-]{0,127}/) != nil
  }

  /// The name of an image, with a tag or digest perhaps.
  static func isImageName(_ text: String) -> Bool {
    text.utf8.count <= 384
      && text.wholeMatch(
        of:
          /[a-z0-9][a-z0-9._-]*(:[0-9]+)?(\/[a-z0-9][a-z0-9._-]*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?/
      )
        != nil
  }

  /// The words of a command without quotes and operators. Nil for any other: it would need a shell.
  static func words(_ command: String) -> [String]? {
    let words = command.split(separator: " ").map(String.init)
    guard !words.isEmpty,
      words.allSatisfy({ $0.wholeMatch(of: /[A-Za-z0-9._:\/=@+,-]{1,200}/) != nil })
    else {
      return nil
    }
    return words
  }

  /// The exec form: a JSON array, which no shell reads.
  static func execForm(_ words: [String]) -> String {
    let quoted = words.map {
      "\"" + $0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    return "[" + quoted.joined(separator: ", ") + "]"
  }
}
