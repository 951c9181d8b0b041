import ForgeBasics
import ForgeLint
import ForgeSyntax

/// A step of the user's own that forge has no other place for: it goes into a `# forge:keep` block.
package struct ExistingStep: Sendable, Equatable {
  /// Where it belongs.
  package enum Position: Sendable, Equatable {
    /// In the build stage, before the dependencies: settings of their package manager.
    case beforeInstallation
    /// In the build stage, once source and dependencies are there.
    case beforeBuild
    /// In the build stage, once the application is built.
    case afterBuild
    /// In the last stage, as root.
    case final
  }

  package let position: Position
  /// The instruction, in one line or several.
  package let text: String
  /// Of the file that was read.
  package let line: Int
}

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
      self = text.contains("=") ? .beside : .settled
      return
    }
    let installers = [
      "astral.sh/uv", "install.python-poetry.org", "pdm-project.org", "get.pnpm.io",
      "bun.sh/install",
    ]
    if commands.count > 1 {
      // `curl … | sh`, and `a || true`.
      self =
        installers.contains(where: text.contains)
        ? .settled
        : commands.contains { ![.settled, .beside].contains(Self.single($0, text)) }
          ? .own : .settled
      if case .own = self,
        commands.dropFirst().allSatisfy({ ["true", ":", "echo"].contains($0.program) })
      {
        self = Self.single(command, text)
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
      return text.contains(">") ? .own : .beside
    case "echo", "printf": return text.contains(">") ? .own : .beside
    case "useradd", "adduser", "groupadd", "addgroup", "usermod": return .settled
    case "apt-get", "apt", "aptitude":
      if command.has("install") {
        return .packages(manager: "apt", Array(operands.drop { $0 != "install" }.dropFirst()))
      }
      return ["upgrade", "dist-upgrade", "full-upgrade"].contains(where: command.has)
        ? .lost(reason: "a newer base image brings newer packages") : .settled
    case "apk":
      guard command.has("add") else {
        return command.has("upgrade")
          ? .lost(reason: "a newer base image brings newer packages") : .settled
      }
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
        return words.contains("--version") ? .settled : .own
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
      return operands.first == "run" ? .own : .settled
    case "poetry", "pdm", "pipenv", "hatch": return operands.first == "run" ? .own : .settled
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
    word.wholeMatch(of: /[A-Za-z0-9_.,:\/@%+=~$\{\}-]+/) == nil
      ? "\"\(word.replacing("\"", with: ""))\"" : word
  }

  private static func node(_ command: ShellCommand, _ operands: [String]) -> StepMeaning {
    switch command.program {
    case "corepack": return .settled
    case "next": return operands.first == "build" ? .build : .own
    case "turbo":
      return operands.contains("build") ? .build : operands.contains("prune") ? .settled : .own
    case "npx", "bunx":
      if operands.first == "next", operands.contains("build") { return .build }
      if operands.first == "turbo" { return operands.contains("build") ? .build : .settled }
      return .own
    default: break
    }
    if operands.isEmpty {
      return ["yarn", "pnpm", "bun"].contains(command.program) ? .settled : .beside
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
      return operands.dropFirst().first == "next" && operands.contains("build") ? .build : .own
    case "build", "turbo", "next": return operands.contains("build") ? .build : .settled
    default: return operands.contains("build") && command.program == "pnpm" ? .build : .own
    }
  }
}
