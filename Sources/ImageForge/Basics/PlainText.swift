/// Which values of a project may stand in a generated file. Every check allows a small set of characters rather than
/// forbidding the dangerous ones: no quote, backslash, `$`, blank or line break passes any of them.
package enum PlainText {
  /// `pkg.mod:name`: an ASCII import path and the name of an object in it.
  package static func isEntrypoint(_ text: String) -> Bool {
    text.utf8.count <= 300
      && text.wholeMatch(
        of: /[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*/) != nil
  }

  /// A variable that a shell can export.
  package static func isVariableName(_ text: String) -> Bool {
    text.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]{0,199}/) != nil
  }

  /// A value that means the same in a shell's double quotes, in a Dockerfile and in a URL.
  package static func isPlaceholder(_ text: String) -> Bool {
    text.wholeMatch(of: /[A-Za-z0-9_.\/:@,+=-]{1,300}/) != nil
  }

  /// A path below the service's folder: relative, without `.` and `..` between its slashes. `.` is the folder itself.
  package static func isRelativePath(_ text: String) -> Bool {
    guard text != "." else { return true }
    guard text.wholeMatch(of: /[A-Za-z0-9._@+][A-Za-z0-9._@+~\/-]{0,499}/) != nil else {
      return false
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
  }

  /// The path of a URL.
  package static func isURLPath(_ text: String) -> Bool {
    text.wholeMatch(of: /\/[A-Za-z0-9._~\/%@+-]{0,499}/) != nil
  }

  /// What an image name may hold.
  package static func isServiceName(_ text: String) -> Bool {
    text.wholeMatch(of: /[a-z0-9_][a-z0-9._-]{0,127}/) != nil
  }

  /// The words of a command without quotes and operators. Nil for any other: it would need a shell.
  package static func words(_ command: String) -> [String]? {
    let words = command.split(separator: " ").map(String.init)
    guard !words.isEmpty,
      words.allSatisfy({ $0.wholeMatch(of: /[A-Za-z0-9._:\/=@+,-]{1,200}/) != nil })
    else {
      return nil
    }
    return words
  }
}

extension String {
  /// The text without `prefix`, where it begins with it.
  package func removing(prefix: String) -> String {
    guard hasPrefix(prefix) else { return self }
    return String(dropFirst(prefix.count))
  }

  /// The text without `suffix`, where it ends with it.
  package func removing(suffix: String) -> String {
    guard hasSuffix(suffix) else { return self }
    return String(dropLast(suffix.count))
  }
}
