import ForgeSyntax

/// One simple command of a `RUN`, `CMD` or `ENTRYPOINT`, as far as its words tell: enough to know an installation when
/// it is seen, and no shell.
package struct ShellCommand: Equatable {
  /// Without variables that are set for it, and without `sudo`, `env`, `exec`.
  package let words: [String]

  package var program: String { words.first?.split(separator: "/").last.map(String.init) ?? "" }

  package func has(_ word: String) -> Bool { words.contains(word) }

  /// Words that are no flags, after the program.
  package var operands: [String] { words.dropFirst().filter { !$0.hasPrefix("-") } }

  static func all(of instruction: DockerfileInstruction) -> [ShellCommand] {
    if let words = instruction.execForm {
      // `["sh", "-c", "script"]`
      if words.count == 3,
        ["sh", "bash", "ash"].contains(words[0].split(separator: "/").last ?? ""), words[1] == "-c"
      {
        return all(in: words[2])
      }
      return [ShellCommand(words: words)]
    }
    return all(in: instruction.arguments) + instruction.heredocs.flatMap { all(in: $0.content) }
  }

  /// Splits at operators outside of quotes. Quotes are dropped; nothing is expanded.
  package static func all(in script: String) -> [ShellCommand] {
    var commands: [ShellCommand] = []
    var words: [String] = []
    var word = ""
    var quote: Character?
    func close() {
      if !word.isEmpty { words.append(word) }
      word = ""
    }
    func end() {
      close()
      let rest = words.drop { word in
        ["sudo", "env", "exec", "then", "do", "else", "if", "!", "{", "("].contains(word)
          || word.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*=.*/) != nil
      }
      if !rest.isEmpty { commands.append(ShellCommand(words: Array(rest))) }
      words = []
    }
    var isEscaped = false
    for character in script.prefix(1 << 16) {
      if isEscaped {
        if character != "\n" { word.append(character) }
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { word.append(character) }
      } else {
        switch character {
        case "'", "\"": quote = character
        case "&", ";", "|", "\n", ")": end()
        case " ", "\t", "\r": close()
        default: word.append(character)
        }
      }
    }
    end()
    return commands
  }

  /// Whether a shell is needed to run the text: it has more than words.
  package static func needsShell(_ text: String) -> Bool {
    text.contains { "&|;<>()$`*?[]{}~#\"'\\=\n".contains($0) }
  }

  // MARK: What it does

  var isAptInstall: Bool { ["apt-get", "apt", "aptitude"].contains(program) && has("install") }
  var isAptUpdate: Bool { ["apt-get", "apt"].contains(program) && has("update") }
  var isApkAdd: Bool { program == "apk" && has("add") }
  var isPipInstall: Bool {
    (program.hasPrefix("pip") || (program.hasPrefix("python") && has("-m") && has("pip")))
      && has("install")
  }

  /// Installs the project's own dependencies, from the files that name them.
  package var installsProject: Bool {
    switch program {
    case "npm": has("ci") || (isNodeInstall && packageOperands.isEmpty)
    case "yarn":
      packageOperands.isEmpty
        && (has("install") || words.dropFirst().allSatisfy { $0.hasPrefix("-") })
    case "pnpm", "bun": isNodeInstall && packageOperands.isEmpty
    case "uv": has("sync") || (has("pip") && (has("-r") || has("--requirement")))
    case "poetry": has("install")
    case "pdm": has("sync") || has("install")
    case "pipenv": has("sync") || has("install")
    default: isPipInstall && (has("-r") || has("--requirement"))
    }
  }

  private var isNodeInstall: Bool { has("install") || has("i") }
  private var packageOperands: [String] {
    operands.filter { !["install", "i", "ci"].contains($0) }
  }

  /// `npm install` and its like, which change the lockfile where `npm ci` would follow it.
  var followsNoLock: Bool {
    switch program {
    case "npm": isNodeInstall && packageOperands.isEmpty
    case "yarn": installsProject && !has("--frozen-lockfile") && !has("--immutable")
    // In CI pnpm is strict by itself; in a build of an image nothing says that it is one.
    case "pnpm", "bun":
      isNodeInstall && packageOperands.isEmpty && !has("--frozen-lockfile")
        && !has("--no-frozen-lockfile")
    default: false
    }
  }

  /// What people run while they write code: it compiles on demand, watches files, and shows errors to everybody.
  package var isDevelopmentServer: Bool {
    switch program {
    case "next", "vite", "fastapi": has("dev")
    case "npm", "pnpm", "yarn", "bun": operands.last == "dev" || operands.last == "develop"
    case "npx", "bunx": has("next") && has("dev")
    case "nodemon", "ts-node-dev": true
    case "uvicorn": has("--reload")
    case "flask": has("--debug") || has("--reload")
    case "python", "python3": has("--reload") || has("runserver")
    default: false
    }
  }

  /// Compiles the project.
  var isBuild: Bool {
    switch program {
    case "npm", "pnpm", "yarn", "bun": operands.last == "build"
    case "next": has("build")
    case "npx": has("next") && has("build")
    default: false
    }
  }
}
