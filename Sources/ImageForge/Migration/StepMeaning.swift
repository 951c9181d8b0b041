import ForgeBasics
import ForgeLint
import ForgeSyntax

/// What a command of a RUN is to forge.
enum StepMeaning: Equatable {
  /// forge's own steps do it, each in its way.
  case settled
  /// It only makes sense beside others: `cd`, `mkdir`.
  case beside
  /// Packages of the distribution.
  case packages(manager: String, [String])
  /// Packages that pip installs beside those of the project.
  case distributions(String)
  /// Settings of the dependencies' package manager.
  case settings
  /// The application is built.
  case build
  case lost(reason: String)
  case own

  /// Of a command, as it was written.
  init(_ text: String) {
    let commands = ShellCommand.all(in: text)
    guard let command = commands.first else {
      self = .settled
      if text.contains("=") { self = .beside }
      return
    }
    let installers = [
      "astral.sh/uv", "install.python-poetry.org", "pdm-project.org", "get.pnpm.io",
      "bun.sh/install",
    ]
    if commands.count > 1 {
      // `curl … | sh`, and `a || true`.
      let isPlain = commands.allSatisfy { [.settled, .beside].contains(Self.single($0, text)) }
      if isPlain || installers.contains(where: text.contains) {
        self = .settled
      } else if commands.dropFirst().allSatisfy({ ["true", ":", "echo"].contains($0.program) }) {
        self = Self.single(command, text)
      } else {
        self = .own
      }
    } else {
      self = Self.single(command, text)
    }
  }

  private static let managers: Set<String> = [
    "npm", "yarn", "pnpm", "bun", "corepack", "turbo", "node-gyp", "uv", "poetry", "poetry-core",
    "pdm", "pipenv",
    "pip",
    "setuptools", "wheel", "virtualenv",
  ]

  private static func single(_ command: ShellCommand, _ text: String) -> StepMeaning {
    let words = command.words
    let operands = command.operands
    switch command.program {
    case "set", "cd", "true", ":", "export", "umask", "exit": return .beside
    case "mkdir", "chown", "chmod", "rm", "cp", "mv", "ln", "touch", "test", "[", "ls", "id",
      "which", "chgrp",
      "install":
      return beside(unlessWriting: text)
    case "echo", "printf": return beside(unlessWriting: text)
    case "useradd", "adduser", "groupadd", "addgroup", "usermod": return .settled
    case "apt-get", "apt", "aptitude":
      if command.has("install") {
        return .packages(manager: "apt", Array(operands.drop { $0 != "install" }.dropFirst()))
      }
      return upgrade(by: ["upgrade", "dist-upgrade", "full-upgrade"], in: command)
    case "apk":
      guard command.has("add") else { return upgrade(by: ["upgrade"], in: command) }
      var packages: [String] = []
      var isValue = false
      for word in words.drop(while: { $0 != "add" }).dropFirst() {
        if isValue {
          isValue = false
        } else if ["-t", "--virtual", "-X", "--repository"].contains(word) {
          isValue = true
        } else if !word.hasPrefix("-") {
          packages.append(word)
        }
      }
      return .packages(manager: "apk", packages)
    case "dnf", "yum", "microdnf", "zypper", "tdnf":
      return .lost(reason: "forge's bases are Debian's and Alpine's: name the package there")
    case "npm", "yarn", "pnpm", "bun", "npx", "bunx", "corepack", "next", "turbo", "nx":
      return node(command, operands)
    case "pip", "pip3": return pip(Array(words.dropFirst()))
    case "python", "python3":
      guard words.count > 2, words[1] == "-m" else {
        return settled(if: words.contains("--version"))
      }
      switch words[2] {
      case "pip": return pip(Array(words.dropFirst(3)))
      case "venv", "virtualenv", "ensurepip": return .settled
      case "compileall": return .lost(reason: "forge compiles where --bytecode asks for it")
      case "build": return .settled
      default: return .own
      }
    case "uv":
      if command.has("pip"), command.has("install") {
        return pip(Array(words.drop { $0 != "install" }))
      }
      return settled(if: operands.first != "run")
    case "poetry", "pdm", "pipenv", "hatch": return settled(if: operands.first != "run")
    case "virtualenv": return .settled
    default: return .own
    }
  }

  private static func pip(_ words: [String]) -> StepMeaning {
    if words.first == "config" { return .settings }
    guard let install = words.firstIndex(of: "install") else { return .settled }
    var packages: [String] = []
    var isValue = false
    for word in words[(install + 1)...] {
      if isValue {
        isValue = false
      } else if ["-r", "--requirement", "-e", "--editable"].contains(word) || word.hasPrefix("-r") {
        return .settled
      } else if word.hasPrefix("-") {
        isValue =
          [
            "-c", "-f", "-i", "-t", "--constraint", "--find-links", "--index-url",
            "--extra-index-url", "--prefix",
            "--target", "--python", "--trusted-host", "--timeout", "--retries",
            "--root-user-action",
          ].contains(word)
      } else {
        packages.append(word)
      }
    }
    let plain = packages.map {
      $0.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) }.lowercased()
    }
    if zip(packages, plain).allSatisfy({
      $0.hasPrefix(".") || $0.hasPrefix("/") || managers.contains($1)
    }) {
      return .settled
    }
    return .distributions(
      words[(install + 1)...].filter { !["--no-cache-dir", "--user"].contains($0) }.map(quoted)
        .joined(separator: " "))
  }

  /// A word as a shell reads it again.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.wholeMatch(of: /[A-Za-z0-9_.,:\/@%+=~$\{\}-]+/) != nil
    return isPlain ? word : "\"\(word.replacing("\"", with: ""))\""
  }

  private static func node(_ command: ShellCommand, _ operands: [String]) -> StepMeaning {
    switch command.program {
    case "corepack": return .settled
    case "next" where operands.first == "build": return .build
    case "turbo" where operands.contains("build"): return .build
    case "turbo": return settled(if: operands.contains("prune"))
    case "npx", "bunx":
      let isKnown = ["next", "turbo"].contains(operands.first)
      if isKnown, operands.contains("build") { return .build }
      return settled(if: operands.first == "turbo")
    case "next": return .own
    default: break
    }
    if operands.isEmpty {
      // npm alone prints its help; the others install.
      if command.program == "npm" { return .beside }
      return .settled
    }
    let isGlobal = command.has("-g") || command.has("--global") || operands.first == "global"
    switch operands[0] {
    case "config": return .settings
    case "set": return .settled
    case "ci", "clean-install", "cache", "prune", "audit", "dedupe", "fetch", "deploy", "version",
      "workspaces":
      return .settled
    case "install", "i", "add", "global":
      let named = operands.dropFirst().filter { $0 != "add" }
      if named.isEmpty { return .settled }
      let names = named.map { word in
        String(word.prefix(1) + word.dropFirst().prefix { $0 != "@" })
      }
      if isGlobal, names.allSatisfy({ managers.contains($0) || $0 == "@yarnpkg/cli-dist" }) {
        return .settled
      }
      return .own
    case "run", "exec", "dlx":
      if operands.dropFirst().first == "build"
        || operands.contains("turbo") && operands.contains("build")
      {
        return .build
      }
      if operands.dropFirst().first == "turbo" { return .settled }
      if operands.dropFirst().first == "next", operands.contains("build") { return .build }
      return .own
    case "build", "turbo", "next":
      if operands.contains("build") { return .build }
      return .settled
    default:
      if command.program == "pnpm", operands.contains("build") { return .build }
      return .own
    }
  }

  private static func settled(if isSettled: Bool) -> StepMeaning {
    guard isSettled else { return .own }
    return .settled
  }

  private static func beside(unlessWriting text: String) -> StepMeaning {
    guard text.contains(">") else { return .beside }
    return .own
  }

  private static func upgrade(by words: [String], in command: ShellCommand) -> StepMeaning {
    guard words.contains(where: command.has) else { return .settled }
    return .lost(reason: "a newer base image brings newer packages")
  }
}
