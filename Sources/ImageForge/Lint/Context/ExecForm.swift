import ForgeSyntax
import Foundation

/// A command line in the exec form that starts the same program.
package enum ExecForm {
  /// The JSON array; nil where a shell must stay, or only the shell knows what the line means.
  package static func text(_ line: String) -> String? { words(line).map(array) }

  /// A line without a shell's characters word by word; one command that needs a shell, and a chain of `&&`, behind
  /// `sh -c`, where the last command takes the shell's place.
  static func words(_ line: String) -> [String]? {
    let commands = ShellCommand.all(in: line)
    guard let last = commands.last, !line.contains("\n") else { return nil }
    let first = line.split { $0 == " " || $0 == "\t" }.first.map(String.init) ?? ""
    guard ShellCommand.needsShell(line) else {
      let plain = line.split { $0 == " " || $0 == "\t" }.map(String.init)
      let rest = first == "exec" ? Array(plain.dropFirst()) : plain
      return rest.isEmpty || builtins.contains(rest[0]) ? nil : rest
    }
    guard !builtins.contains(last.program) else { return nil }
    if let quoted = quotedWords(line) { return quoted }
    guard let script = handingOver(line) else { return nil }
    return ["sh", "-c", script]
  }

  /// Commands that only the shell itself knows.
  private static let builtins: Set<String> = [
    ".", "source", "cd", "export", "set", "ulimit", "umask", "eval", "exit", "wait", "trap",
    "unset",
    "alias", "read", "shift", "if", "while", "for", "case", "until", "fi", "done", "esac", "}",
  ]

  /// The words of a line that has nothing but quotes for a shell to take away.
  private static func quotedWords(_ line: String) -> [String]? {
    let commands = ShellCommand.all(in: line)
    guard commands.count == 1, !line.contains(where: { "&|;<>()$`*?[]{}~#\\=".contains($0) }),
      line.filter({ $0 == "\"" }).count.isMultiple(of: 2),
      line.filter({ $0 == "'" }).count.isMultiple(of: 2)
    else { return nil }
    return commands[0].words
  }

  /// The script with `exec` in front of its last command; nil for another form than `a && b`.
  private static func handingOver(_ line: String) -> String? {
    guard let parts = ShellChain.split(line), let end = parts.last, !line.contains(";"),
      !line.contains("|"), !line.contains("<<"), !end.hasPrefix("(")
    else { return nil }
    guard let start = line.range(of: end, options: .backwards)?.lowerBound else { return nil }
    if end.hasPrefix("exec ") { return line }
    let assignments = end.prefixMatch(of: assigned)?.output ?? ""
    let place = line.index(start, offsetBy: assignments.count)
    return line[..<place] + "exec " + line[place...]
  }

  // Compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  private nonisolated(unsafe) static let assigned =
    /(?:[A-Za-z_][A-Za-z0-9_]*=(?:"[^"]*"|'[^']*'|[^\s"']*)\s+)*/

  private static func array(_ words: [String]) -> String {
    let quoted = words.map { word in
      "\"" + word.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
    return "[" + quoted.joined(separator: ", ") + "]"
  }
}
