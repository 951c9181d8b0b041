import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// The scripts of a `package.json`, followed to the commands that they run in the end.
struct NodeScripts {
  private let manifest: NodeManifest
  private var seen: Set<String> = []
  private var found: [ShellCommand] = []

  /// The most commands that are followed; what has more is no script of an application.
  private static let maximumCount = 200

  /// The commands of a script, those of the scripts that it calls in their places.
  static func commands(of name: String, in manifest: NodeManifest) -> [ShellCommand] {
    var scripts = NodeScripts(manifest)
    scripts.follow(script: name)
    return scripts.found
  }

  /// The commands of a text, as if it were a script.
  static func commands(in text: String, of manifest: NodeManifest) -> [ShellCommand] {
    var scripts = NodeScripts(manifest)
    scripts.follow(text: text)
    return scripts.found
  }

  private init(_ manifest: NodeManifest) { self.manifest = manifest }

  private mutating func follow(script name: String) {
    // Around each script stand those of its name with `pre` and `post`.
    for name in ["pre" + name, name, "post" + name] where seen.insert(name).inserted {
      if let script = manifest.script(name) { follow(text: script.value) }
    }
  }

  private mutating func follow(text: String) {
    for command in ShellCommand.all(in: text) where found.count < Self.maximumCount {
      let bare = Self.unwrapped(command)
      let called = scripts(calledBy: bare)
      if called.isEmpty { found.append(bare) }
      for name in called { follow(script: name) }
    }
  }

  // MARK: Calls of other scripts

  /// The names of the scripts of this manifest that a command runs; empty where it runs something else.
  private func scripts(calledBy command: ShellCommand) -> [String] {
    switch command.program {
    case "npm", "pnpm", "yarn", "bun": return script(runBy: command).map { [$0] } ?? []
    case "run-s", "run-p", "npm-run-all", "npm-run-all2":
      return command.operands.flatMap { scripts(like: $0) }
    default: return []
    }
  }

  private func script(runBy command: ShellCommand) -> String? {
    let words = Array(command.words.dropFirst())
    // Those of another package are not this manifest's.
    let elsewhere = [
      "--prefix", "-C", "--dir", "--cwd", "--filter", "-F", "-r", "-w", "--recursive",
    ]
    guard
      !words.contains(where: { word in
        elsewhere.contains(word) || word.hasPrefix("--workspace")
          || elsewhere.contains { $0.hasPrefix("--") && word.hasPrefix($0 + "=") }
      })
    else { return nil }
    var operands = words.filter { !$0.hasPrefix("-") }
    let isRun = operands.first == "run" || operands.first == "run-script"
    if isRun { operands.removeFirst() }
    guard let name = operands.first, isRun || command.program != "npm",
      manifest.script(name) != nil
    else { return nil }
    return name
  }

  /// `build:*` means all whose names begin so, without a further colon.
  private func scripts(like pattern: String) -> [String] {
    let names = (manifest.root["scripts"]?.members ?? []).map(\.key)
    guard let star = pattern.firstIndex(of: "*") else { return names.filter { $0 == pattern } }
    let head = pattern[..<star]
    return names.filter { name in
      name.hasPrefix(head)
        && (pattern.hasSuffix("**") || !name.dropFirst(head.count).contains(":"))
    }
  }

  // MARK: Programs in front of a command

  /// The command that stands behind `npx`, `cross-env`, `dotenv --` and the like.
  private static func unwrapped(_ command: ShellCommand) -> ShellCommand {
    var words = command.words
    for _ in 0..<8 {
      guard let rest = behindWrapper(words), !rest.isEmpty else { break }
      words = rest
    }
    return ShellCommand(words: words)
  }

  /// Nil where no program stands in front of another.
  private static func behindWrapper(_ words: [String]) -> [String]? {
    let rest = words.dropFirst()
    switch ShellCommand(words: words).program {
    case "npx", "bunx", "pnpx": return Array(rest.drop { $0.hasPrefix("-") })
    case "cross-env", "cross-env-shell": return Array(rest.drop { $0.contains("=") })
    case "dotenv", "dotenvx", "env-cmd", "infisical", "doppler", "op":
      guard let mark = rest.firstIndex(of: "--") else { return nil }
      return Array(rest[(mark + 1)...])
    case "npm", "pnpm", "yarn", "bun":
      guard let verb = rest.first, ["exec", "dlx", "x"].contains(verb) else { return nil }
      return Array(rest.dropFirst().drop { $0.hasPrefix("-") })
    default: return nil
    }
  }
}

extension ShellCommand {
  /// Whether it is `next build`.
  var buildsNext: Bool { program == "next" && operands.first == "build" }

  /// Whether it makes code from Prisma's schema.
  var generatesPrisma: Bool { program == "prisma" && operands.first == "generate" }

  /// Whether it changes or reads a database, which no build of an image has.
  var needsDatabase: Bool {
    let operands = operands.prefix(2).joined(separator: " ")
    switch program {
    case "prisma":
      return ["db push", "db seed", "db pull", "migrate deploy", "migrate dev", "migrate reset"]
        .contains(operands)
    case "drizzle-kit":
      return ["migrate", "push", "push:pg", "push:mysql", "push:sqlite", "pull"].contains {
        operands == $0 || operands.hasPrefix($0 + " ")
      }
    case "payload": return operands.hasPrefix("migrate")
    case "knex", "sequelize", "sequelize-cli", "typeorm": return operands.contains("migrat")
    default: return false
    }
  }

  /// Whether it sets up a developer's checkout, which nothing in an image is.
  var isForCheckout: Bool {
    switch program {
    case "husky", "lefthook", "simple-git-hooks", "pre-commit", "git", "yorkie", "is-ci",
      "only-allow", "ensure-git":
      return true
    default: return false
    }
  }

  /// Whether it fails where there is no repository, as in an image's build.
  var needsRepository: Bool {
    ["lefthook", "simple-git-hooks", "pre-commit", "git"].contains(program)
  }

  /// Whether it does nothing that lasts.
  var isIdle: Bool {
    ["true", ":", "echo", "exit", "test", "[", "[[", "is-ci", "fi", "cd"].contains(program)
  }

  /// The value of an option: `--schema a` or `--schema=a`.
  func option(_ name: String) -> String? {
    for (index, word) in words.enumerated() {
      if word == name, index + 1 < words.count { return words[index + 1] }
      if word.hasPrefix(name + "=") { return String(word.dropFirst(name.count + 1)) }
    }
    return nil
  }
}
