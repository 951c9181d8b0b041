import ForgeBasics
import ForgeInspection
import ForgeSecrets

/// How rules show steps and names in their messages.
enum RuleText {
  /// An absolute path without doubled slashes, `.` and `..`.
  static func cleanPath(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// The start of a build step, with values of secrets masked.
  static func step(_ step: String) -> String { cut(BuildStep.short(SecretText.masked(step))) }

  /// At most 80 characters.
  static func cut(_ text: String) -> String {
    guard text.count > 80 else { return text }
    return text.prefix(79) + "…"
  }

  /// What stands behind the last slash of a path.
  static func lastComponent(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
