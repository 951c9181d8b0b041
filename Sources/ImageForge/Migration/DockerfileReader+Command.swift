import ForgeBasics
import ForgeCodebase
import ForgeLint
import ForgeTemplates
import Foundation

/// What the container runs.
extension DockerfileReader {
  /// The last ENTRYPOINT and CMD together are one decision.
  mutating func settleCommand(_ service: Service, root: String) {
    var first = entrypoint ?? []
    var rest = arguments ?? []
    if commandLine == 0 { commandLine = entrypointLine }
    guard !(first + rest).isEmpty else { return }
    takeInit(&first, &rest)
    takeScript(&first, service, root)
    if !prefix.isEmpty {
      var line = entrypointLine
      if line == 0 { line = commandLine }
      result.server.entrypoint = Kept(prefix, line)
      keep("ENTRYPOINT \(DockerText.execForm(prefix))", line, isRemembered: false)
    }
    var words = first + rest
    // Settings in front of the program.
    if words.first == "env" { words.removeFirst() }
    var settings: [String] = []
    while let word = words.first, let match = word.wholeMatch(of: /([A-Za-z_][A-Za-z0-9_]*)=(.*)/) {
      words.removeFirst()
      if match.1 == "PORT", let number = Int(match.2), (1...65535).contains(number) {
        result.server.port = Kept(number, commandLine)
      }
      if !["PORT", "HOSTNAME", "HOST", "NODE_ENV"].contains(String(match.1)) {
        settings.append(word)
      }
    }
    if words.first == "exec" { words.removeFirst() }
    guard !words.isEmpty else { return }
    words = Self.withoutRunner(words)
    let text = "CMD \(DockerText.execForm(settings + words))"
    if Self.isDevelopment(words) {
      return drop(text, commandLine, "it starts a development server")
    }
    guard settings.allSatisfy({ !SecretName.isSecret(String($0.prefix { $0 != "=" })) }) else {
      return drop("CMD", commandLine, "it holds a secret: pass it when the container starts")
    }
    takePort(words)
    if service.kind == .nextjs {
      settleNode(words, service, text)
    } else {
      settlePython(settings, words, root, service)
    }
  }

  private static func isDevelopment(_ words: [String]) -> Bool {
    words.contains { ["dev", "--reload", "--debug"].contains($0) } || words.first == "nodemon"
      || words.last.map { $0.contains(" dev") || $0.contains("--reload") } == true
  }

  /// `uv run`, `poetry run`: the virtual environment's programs are on the path.
  private static func withoutRunner(_ words: [String]) -> [String] {
    guard words.count > 2, ["uv", "poetry", "pdm", "pipenv", "hatch"].contains(words[0]),
      words[1] == "run"
    else {
      return words
    }
    let rest = words.dropFirst(2).drop { $0.hasPrefix("--") }
    guard !rest.isEmpty else { return words }
    return Array(rest)
  }

  // MARK: In front of the command

  /// An init process, whose package the file installs too.
  private mutating func takeInit(_ first: inout [String], _ rest: inout [String]) {
    var words = first.isEmpty ? rest : first
    guard let name = words.first?.split(separator: "/").last.map(String.init),
      ["tini", "dumb-init"].contains(name)
    else { return }
    words.removeFirst()
    let options = words.prefix { $0.hasPrefix("-") }
    words.removeFirst(options.count)
    if first.isEmpty { rest = words } else { first = words }
    guard result.packages.inImage.contains(name) || result.base.isNamed else {
      return drop(
        "ENTRYPOINT \(name)", max(entrypointLine, 1),
        "the image does not hold it, and the server needs none")
    }
    prefix = [name] + options
    if options.last != "--" { prefix.append("--") }
  }

  /// A script of the project's that ends with `exec "$@"`.
  private mutating func takeScript(_ first: inout [String], _ service: Service, _ root: String) {
    guard let (words, count) = scriptWords(first, service, root) else { return }
    switch words {
    case .failure(let problem):
      drop("ENTRYPOINT \(DockerText.execForm(first))", entrypointLine, problem.reason)
      first = []
    case .success(let words):
      prefix += words
      first.removeFirst(count)
    }
  }

  struct ScriptProblem: Error { let reason: String }

  /// How a script is called in the image.
  /// - Returns: nil for what is no script of the project's; else also how many words it takes the place of.
  private mutating func scriptWords(
    _ words: [String], _ service: Service, _ root: String
  ) -> (Result<[String], ScriptProblem>, Int)? {
    let shells = ["sh", "bash", "/bin/sh", "/bin/bash", "ash"]
    let hasShell = words.first.map(shells.contains) ?? false
    let count = hasShell ? 2 : 1
    guard let written = words.prefix(count).last, words.count >= count, !written.hasPrefix("-")
    else { return nil }
    let name = written.split(separator: "/").last.map(String.init) ?? written
    guard
      name.hasSuffix(".sh")
        || copied[name] != nil && !name.hasSuffix(".js") && !name.hasSuffix(".py")
    else {
      return nil
    }
    func fail(_ reason: String) -> (Result<[String], ScriptProblem>, Int) {
      (.failure(ScriptProblem(reason: reason)), count)
    }
    guard result.base.hasShell else {
      return fail("this base has no shell")
    }
    var candidates = [name, "scripts/\(name)", "docker/\(name)"]
    if written.hasPrefix("/app/") { candidates.insert(written.removing(prefix: "/app/"), at: 0) }
    if let source = copied[name] { candidates.insert(source, at: 0) }
    guard
      let path = candidates.first(where: { path in
        PlainText.isRelativePath(path) && Self.isFile("\(root)/\(service.file(path))")
      }), let data = FileManager.default.contents(atPath: "\(root)/\(service.file(path))"),
      data.count <= 1 << 16
    else {
      return fail("the project has no script \(name)")
    }
    let text = String(decoding: data, as: UTF8.self)
    let commands = ShellCommand.all(in: text).map(\.program)
    let missing: Set<String> = [
      "npm", "npx", "yarn", "pnpm", "bun", "bunx", "next", "pip", "pip3", "uv", "poetry", "pdm",
      "pipenv", "curl",
      "psql",
      "pg_isready", "nc", "netcat", "wget", "gosu", "su-exec", "sudo",
    ]
    let installed = programs(of: result.packages.inImage)
    if let tool = commands.first(where: { missing.contains($0) && !installed.contains($0) }) {
      return fail("\(path) calls \(tool), which the image does not hold")
    }
    let needsBash = text.prefix { !$0.isNewline }.contains("bash")
    let isAlpine =
      result.base.choice == .alpine || result.base.choice == nil && service.kind == .nextjs
    if needsBash, isAlpine {
      return fail("\(path) is written for bash, which this base does not have")
    }
    if service.kind == .nextjs {
      let copy = "COPY --from=build /app/\(path) /app/\(path)"
      if !result.steps.contains(where: { $0.text == copy }) {
        result.steps.append(
          ExistingStep(position: .final, text: copy, line: max(entrypointLine, 1)))
      }
    }
    let shell = needsBash ? "bash" : "sh"
    return (.success([shell, "/app/\(path)"]), count)
  }

  private static func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && !isFolder.boolValue
  }

  // MARK: The server

  private mutating func takePort(_ words: [String]) {
    let line = words.joined(separator: " ")
    let patterns = [
      /(?:--port|-p)[ =]([0-9]{2,5})\b/, /(?:--bind|-b)[ =][^ ]*:([0-9]{2,5})\b/,
      /(?:--port|-p)[ =]"?\$\{PORT:-([0-9]{2,5})\}/,
      /(?:--bind|-b)[ =][^ ]*:"?\$\{PORT:-([0-9]{2,5})\}/,
    ]
    for pattern in patterns {
      guard let match = line.firstMatch(of: pattern), let number = Int(match.1),
        (1...65535).contains(number)
      else {
        continue
      }
      result.server.port = Kept(number, commandLine)
      return
    }
  }

  /// What is served is what forge builds: by node itself, at the place where the output lies. Its options are kept.
  private mutating func settleNode(_ words: [String], _ service: Service, _ text: String) {
    let migrates = ["prisma", "migrat", "drizzle"].contains { text.contains($0) }
    var reason = "node starts the server of the built output, without npm or next"
    if migrates { reason += "; migrations are a job of their own, which runs once" }
    guard words[0].split(separator: "/").last == "node" else {
      return drop(text, commandLine, reason)
    }
    let options = words.dropFirst().prefix { $0.hasPrefix("-") }
    let rest = words.dropFirst(1 + options.count)
    let isOwn = rest.first.map {
      $0 == "server.js" || $0.hasSuffix("/server.js") || $0 == service.next?.customServer
    }
    guard isOwn == true, rest.count == 1,
      options.allSatisfy({ $0.wholeMatch(of: /--[a-z][a-z-]*(=[A-Za-z0-9_.,:@\/-]+)?/) != nil }),
      !options.contains(where: {
        ["--inspect", "--watch", "--eval", "--require", "--import"].contains(where: $0.hasPrefix)
      })
    else { return drop(text, commandLine, reason) }
    guard !options.isEmpty else { return }
    guard service.next?.output != .export else {
      return drop(text, commandLine, "nginx serves the exported files, and node is not there")
    }
    result.server.nodeOptions = Kept(Array(options), commandLine)
    keep(
      "CMD \(DockerText.execForm(["node"] + options + ["server.js"]))", commandLine,
      isRemembered: false)
  }

  private static let servers: Set<String> = [
    "uvicorn", "gunicorn", "hypercorn", "granian", "fastapi", "python", "python3",
  ]
  private static let helpers: Set<String> = [
    "alembic", "aerich", "prisma", "echo", "sleep", "exec", "cd", "set",
  ]

  private mutating func settlePython(
    _ settings: [String], _ words: [String], _ root: String, _ service: Service
  ) {
    var words = words
    let text = "CMD \(DockerText.execForm(settings + words))"
    if let (script, count) = scriptWords(words, service, root) {
      switch script {
      case .failure(let problem): return drop(text, commandLine, problem.reason)
      case .success(let call):
        return keepCommand(call + words.dropFirst(count))
      }
    }
    let program = words[0].split(separator: "/").last.map(String.init) ?? words[0]
    if ["sh", "bash"].contains(program), words.count == 3, ["-c", "-lc"].contains(words[1]) {
      guard let script = Self.script(words[2]) else {
        return drop(text, commandLine, "it needs a shell, which would keep signals from the server")
      }
      guard result.base.hasShell else {
        return drop(text, commandLine, "this base has no shell")
      }
      words = ["sh", "-c", script]
    } else {
      guard
        words.allSatisfy({
          $0.wholeMatch(of: /[ -~]{1,400}/) != nil && !$0.contains("$") && !$0.contains("`")
        }),
        !["sh", "bash"].contains(program)
      else {
        return drop(text, commandLine, "it needs a shell, which would keep signals from the server")
      }
      guard Self.servers.contains(program) else {
        return drop(
          text, commandLine, "\(program) is no server that the new image is known to hold")
      }
      if words[0].hasPrefix("/"), program != words[0] { words[0] = program }
    }
    guard result.base.choice != .distroless else {
      return drop(
        text, commandLine, "this base has the modules, but no programs of a virtual environment")
    }
    if !settings.isEmpty { words = ["env"] + settings + words }
    keepCommand(words)
  }

  private mutating func keepCommand(_ words: [String]) {
    result.server.command = Kept(words, commandLine)
    keep("CMD \(DockerText.execForm(words))", commandLine, isRemembered: false)
  }

  /// A script of known commands, whose last one takes the shell's place and gets the signals.
  private static func script(_ text: String) -> String? {
    guard text.utf8.count <= 1_000, text.wholeMatch(of: /[ -~]+/) != nil, !text.contains("`"),
      !text.contains("$("),
      !text.contains("|"), !text.contains(">"), !text.contains("<"),
      let parts = ShellChain.split(text),
      let last = parts.last
    else { return nil }
    let commands = parts.map { part in withoutRunner(ShellCommand.all(in: part).first?.words ?? [])
    }
    guard let server = commands.last?.first, servers.contains(server),
      commands.allSatisfy({ $0.first.map { servers.contains($0) || helpers.contains($0) } ?? false }
      )
    else { return nil }
    func plain(_ part: String) -> String {
      var part = part
      for runner in ["uv run ", "poetry run ", "pdm run ", "pipenv run "]
      where part.hasPrefix(runner) {
        part = String(part.dropFirst(runner.count))
      }
      return part
    }
    let plainLast = plain(last.removing(prefix: "exec "))
    return (parts.dropLast().map(plain) + ["exec \(plainLast)"]).joined(separator: " && ")
  }
}

/// The programs that packages bring: by the package's own name, where the table says nothing else.
private func programs(of packages: [String]) -> Set<String> {
  let others: [String: [String]] = [
    "postgresql-client": ["psql", "pg_isready"],
    "netcat-openbsd": ["nc", "netcat"],
    "netcat-traditional": ["nc", "netcat"],
  ]
  return Set(packages + packages.flatMap { others[$0] ?? [] })
}
