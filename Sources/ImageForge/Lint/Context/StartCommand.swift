import ForgeBasics
import ForgeDockerignore
import ForgeSyntax

/// What a container of the last stage starts.
struct StartCommand {
  /// The instruction that names the program.
  let instruction: DockerfileInstruction
  /// The commands of ENTRYPOINT and CMD, wrappers such as `dumb-init --` taken off; a script is one command.
  let commands: [ShellCommand]

  /// The one command that stays as the server; nil where several do, or a shell decides.
  var server: ShellCommand? { commands.last }

  /// Programs that start another and pass signals on.
  static let wrappers: Set<String> = [
    "dumb-init", "tini", "catatonit", "env", "exec", "nice", "opentelemetry-instrument",
    "ddtrace-run", "newrelic-admin", "doppler", "infisical", "dotenvx",
  ]
  /// Programs that give up root for another user.
  static let droppers: Set<String> = [
    "gosu", "su-exec", "setpriv", "runuser", "su", "s6-setuidgid",
  ]
  /// Programs that need root to start others.
  static let managers: Set<String> = [
    "supervisord", "s6-svscan", "crond", "cron", "sshd", "init", "nginx", "chroot", "chown",
  ]

  init?(of subject: LintSubject) {
    let instructions = subject.finalChain.flatMap(\.instructions)
    let entry = instructions.last { $0.keyword == "ENTRYPOINT" && !$0.arguments.isEmpty }
    let command = instructions.last { $0.keyword == "CMD" && !$0.arguments.isEmpty }
    guard let named = entry ?? command else { return nil }
    // A shell form of ENTRYPOINT ignores CMD.
    guard let words = entry?.execForm, let command else {
      instruction = named
      commands = Self.commands(of: named)
      return
    }
    let isWrapper = Self.unwrapped(words).isEmpty
    instruction = isWrapper ? command : named
    if isWrapper {
      commands = Self.commands(of: command)
    } else if let more = command.execForm {
      commands = Self.commands(words + more)
    } else {
      commands = Self.commands(words)
    }
  }

  private static func commands(of instruction: DockerfileInstruction) -> [ShellCommand] {
    if let words = instruction.execForm { return commands(words) }
    return ShellCommand.all(of: instruction).map { ShellCommand(words: unwrapped($0.words)) }
  }

  private static func commands(_ words: [String]) -> [ShellCommand] {
    let rest = unwrapped(words)
    guard !rest.isEmpty else { return [] }
    guard isShell(rest), let flag = rest.firstIndex(of: "-c"), rest.indices.contains(flag + 1)
    else { return [ShellCommand(words: rest)] }
    return ShellCommand.all(in: rest[flag + 1]).map { ShellCommand(words: unwrapped($0.words)) }
  }

  private static func isShell(_ words: [String]) -> Bool {
    ["sh", "bash", "ash"].contains(ShellCommand(words: words).program) && words.contains("-c")
  }

  /// The words behind wrappers and their options.
  private static func unwrapped(_ words: [String]) -> [String] {
    var rest = words[...]
    while let first = rest.first, wrappers.contains(ShellCommand(words: [first]).program) {
      rest = rest.dropFirst().drop { $0.hasPrefix("-") || $0.contains("=") }
      if rest.first == "run" { rest = rest.dropFirst().drop { $0.hasPrefix("-") } }
    }
    return Array(rest)
  }
}

extension ShellCommand {
  /// The value of an option, as `--name value`, `--name=value` or, of one letter, `-nvalue`.
  func value(of names: String...) -> String? {
    for (index, word) in words.enumerated() {
      for name in names {
        if word == name { return words.indices.contains(index + 1) ? words[index + 1] : nil }
        if word.hasPrefix(name + "=") { return String(word.dropFirst(name.count + 1)) }
        if name.count == 2, word.hasPrefix(name), word.count > 2 {
          return String(word.dropFirst(2))
        }
      }
    }
    return nil
  }

  /// The server that a command starts: `uvicorn` of `uvicorn a:b`, `python -m uvicorn a:b` and `uv run uvicorn a:b`.
  var serverProgram: String { serverCommand.program }

  /// The command without what runs it.
  var serverCommand: ShellCommand {
    switch program {
    case "python", "python3":
      guard let flag = words.firstIndex(of: "-m"), words.indices.contains(flag + 1) else {
        return self
      }
      return ShellCommand(words: Array(words[(flag + 1)...]))
    case "uv", "poetry", "pdm", "pipenv", "hatch", "rye":
      guard words.count > 2, words[1] == "run" else { return self }
      let rest = words.dropFirst(2).drop { $0.hasPrefix("-") }
      return rest.isEmpty ? self : ShellCommand(words: Array(rest)).serverCommand
    case "npx", "bunx":
      let rest = words.dropFirst().drop { $0.hasPrefix("-") }
      return rest.isEmpty ? self : ShellCommand(words: Array(rest))
    default: return self
    }
  }
}
