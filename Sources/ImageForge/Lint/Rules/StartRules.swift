import ForgeBasics
import ForgeDockerignore
import ForgeFindings
import ForgeSyntax

extension LintRule {
  /// That what the container starts is there, and can be reached.
  static let start: [LintRule] = [
    LintRule("FORGE-L074", check: missingModule),
    LintRule("FORGE-L075", check: loopback),
    LintRule("FORGE-L077", check: healthPrograms),
    LintRule("FORGE-L078", check: missingProgram),
    LintRule("FORGE-L079", check: otherPort),
  ]

  private struct Server {
    let start: StartCommand
    let program: ServerProgram
    let environment: [String: String]
  }

  /// The server that the last stage starts, where compose does not start another.
  private static func server(_ subject: LintSubject) -> Server? {
    guard let stage = subject.dockerfile.stages.last, let start = StartCommand(of: subject),
      let last = start.server,
      let program = ServerProgram(last, isStandalone: subject.copiesStandalone)
    else { return nil }
    return Server(
      start: start, program: program, environment: subject.environment(of: stage))
  }

  // MARK: The module of a Python server

  private static func missingModule(_ subject: LintSubject) -> [Hit] {
    guard let server = server(subject), let application = server.program.application,
      let stage = subject.dockerfile.stages.last, server.start.commands.count == 1,
      !subject.surroundings.compose.contains(where: { $0.mountsFolders || $0.replacesCommand }),
      let module = application.split(separator: ":").first
    else { return [] }
    let files = StageFiles(stage, in: subject)
    let parts = module.split(separator: ".").map(String.init)
    let given = server.program.command.value(of: "--app-dir", "--chdir", "--working-dir")
    let places = [given ?? "."] + (server.environment["PYTHONPATH"] ?? "").components(":")
    let folders = places.filter { !$0.isEmpty }.compactMap(files.absolute)
    guard files.workingDirectory != nil, !folders.isEmpty, let top = parts.first,
      !files.mayBeMade(top), !installsItself(files, subject)
    else { return [] }
    let path = parts.joined(separator: "/")
    for folder in folders {
      for name in ["\(path).py", "\(path)/__init__.py", path] {
        let place = GoPath.clean("\(folder)/\(name)")
        guard case .absent = files.lookup(place) else { return [] }
      }
    }
    var fix = "Name the module as it is imported from \(folders[0])"
    if let facts = subject.surroundings.service?.service.fastapi {
      fix += "; the application is \(facts.entrypoint), importable from \(facts.appDir)"
    }
    return [
      Hit(
        server.start.instruction, of: subject,
        "there is no module \(module) in \(folders.joined(separator: ", ")): "
          + "\(server.program.kind.rawValue) stops at once",
        fix: fix)
    ]
  }

  /// Whether a step installs the project itself, so that it is importable from everywhere.
  private static func installsItself(_ files: StageFiles, _ subject: LintSubject) -> Bool {
    let steps = subject.dockerfile.instructions.filter { $0.keyword == "RUN" }
    return steps.contains { step in
      ShellCommand.all(of: step).contains { command in
        let isProject = ["uv", "poetry", "pdm", "hatch", "pipenv"].contains(command.program)
        if isProject, command.installsProject { return !command.has("--no-root") }
        return command.words.contains { $0 == "." || $0 == "-e" || $0.hasSuffix(".whl") }
      }
    }
  }

  // MARK: Where it listens

  private static let loopbackHosts: Set<String> = ["127.0.0.1", "localhost", "::1", "[::1]"]

  private static func loopback(_ subject: LintSubject) -> [Hit] {
    guard let server = server(subject),
      !subject.surroundings.compose.contains(where: \.replacesCommand)
    else { return [] }
    let name = server.program.kind.rawValue
    let message: String
    switch server.program.host(server.environment) {
    case .known(let host) where loopbackHosts.contains(host):
      message = "the server listens on \(host): nothing outside of the container reaches it"
    case .usual(let host) where loopbackHosts.contains(host):
      guard !hasConfiguration(of: server.program, subject) else { return [] }
      message =
        "\(name) listens on \(host) where nothing else is said: nothing outside of the container "
        + "reaches it"
    case .known, .usual, .unknown: return []
    }
    let flag =
      switch server.program.kind {
      case .gunicorn, .hypercorn: "--bind 0.0.0.0:8000"
      case .next: "--hostname 0.0.0.0"
      case .nextStandalone: "ENV HOSTNAME=0.0.0.0"
      case .uvicorn, .granian, .fastapi: "--host 0.0.0.0"
      }
    return [Hit(server.start.instruction, of: subject, message, fix: "Write \(flag)")]
  }

  /// Whether gunicorn reads a file that may say where it listens.
  private static func hasConfiguration(of program: ServerProgram, _ subject: LintSubject) -> Bool {
    guard program.kind == .gunicorn, let stage = subject.dockerfile.stages.last else {
      return false
    }
    let files = StageFiles(stage, in: subject)
    guard let place = files.absolute("gunicorn.conf.py") else { return true }
    if case .absent = files.lookup(place) { return false }
    return true
  }

  private static func otherPort(_ subject: LintSubject) -> [Hit] {
    guard let server = server(subject), let port = server.program.port(server.environment),
      !subject.surroundings.compose.contains(where: \.replacesCommand)
    else { return [] }
    let exposed = subject.finalChain.flatMap(\.instructions).filter { $0.keyword == "EXPOSE" }
    let words = exposed.flatMap { instruction in
      instruction.words.map { (instruction, $0.prefix { $0 != "/" }) }
    }
    let ports = words.compactMap { Int($0.1) }
    guard let first = words.first, ports.count == words.count, !ports.contains(port) else {
      return []
    }
    return [
      Hit(
        first.0, of: subject,
        "EXPOSE names \(ports.map(String.init).joined(separator: ", ")), and the server of line "
          + "\(server.start.instruction.line) listens on \(port)",
        fix: "Write EXPOSE \(port), or give the server the port")
    ]
  }

  // MARK: Programs

  private static func healthPrograms(_ subject: LintSubject) -> [Hit] {
    guard let stage = subject.dockerfile.stages.last else { return [] }
    let programs = ImagePrograms(of: stage, in: subject)
    func missing(_ commands: [ShellCommand]) -> String? {
      commands.lazy.map(\.program).first {
        ["curl", "wget", "nc"].contains($0) && programs.lacks($0)
      }
    }
    let own = subject.finalChain.flatMap(\.instructions).last { $0.keyword == "HEALTHCHECK" }
    var hits: [Hit] = []
    let image = subject.finalBase?.image.text ?? ""
    if let own, let program = missing(LintSubject.commands(of: own)) {
      hits.append(
        Hit(
          own, of: subject, "the health check calls \(program), which \(image) does not have",
          fix: "Install it, or ask by \(programs.ownRuntime) itself"))
    }
    for build in subject.surroundings.compose {
      guard let program = missing(build.healthCommands) else { continue }
      hits.append(
        Hit(
          at: build.place,
          "the health check of \(build.service) calls \(program), which the image of "
            + "\(subject.dockerfile.name) does not have: the container never gets healthy",
          fix: "Install \(program) in the last stage, or ask by \(programs.ownRuntime) itself"))
    }
    return hits
  }

  private static func missingProgram(_ subject: LintSubject) -> [Hit] {
    guard let stage = subject.dockerfile.stages.last, let start = StartCommand(of: subject) else {
      return []
    }
    let programs = ImagePrograms(of: stage, in: subject)
    for command in start.commands {
      guard let word = command.words.first, !word.contains("/"), programs.lacks(word) else {
        continue
      }
      return [
        Hit(
          start.instruction, of: subject,
          "the container starts \(word), which is not in the image: it stops at once",
          fix: programs.remedy(for: word))
      ]
    }
    guard let first = start.commands.first, let script = subject.script(of: first),
      let shell = shebang(script), programs.lacks(shell)
    else { return [] }
    return [
      Hit(
        start.instruction, of: subject,
        "\(first.words.joined(separator: " ")) is a script for \(shell), which is not in the image",
        fix: "Write it for #!/bin/sh, or install \(shell)")
    ]
  }

  /// The program of a script's first line.
  private static func shebang(_ script: String) -> String? {
    guard script.hasPrefix("#!") else { return nil }
    let line = script.prefix { $0 != "\n" && $0 != "\r" }.dropFirst(2)
    let words = line.split(separator: " ").map(String.init)
    guard let first = words.first else { return nil }
    let isEnv = first.hasSuffix("/env")
    return ShellCommand(words: isEnv ? Array(words.dropFirst()) : words).program
  }
}
