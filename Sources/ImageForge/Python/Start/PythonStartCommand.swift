import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// A command or call that starts the service, as far as it can be read.
struct PythonStartCommand: Sendable {
  enum Target: Sendable, Equatable {
    /// `pkg.mod:name`.
    case name(String)
    /// A file of the service, and the name in it.
    case object(file: String, name: String?)
  }

  var target: Target?
  /// Relative to the service.
  var appDir = "."
  /// For a call in the code: the folder of its file, relative to the service.
  var ownFolder: String?
  var isFactory = false
  var port: Int?
  /// Processes that serve, where the command says so.
  var workers: Int?
  /// `uvicorn`, `gunicorn`, …
  var server: String?
  var location: Place?
  var origin = PythonStartOrigin.code
  /// The port, with what says it.
  var writtenPort: Written<Int>? {
    guard let port, let location else { return nil }
    return Written(port, at: location)
  }

  /// The configuration file that gunicorn is given.
  var settingsFile: String?

  static let servers: Set<String> = ["uvicorn", "gunicorn", "hypercorn", "granian", "fastapi"]

  /// Those that were found, the one that rules first.
  static func all(_ folder: String, in tree: ProjectTree, _ index: PythonIndex)
    -> [PythonStartCommand]
  {
    let written = PythonStartFiles.commands(folder, in: tree)
    return written.map {
      GunicornSettings.complete($0, file: $0.settingsFile, folder: folder, index)
    }
      + calls(folder, index)
  }

  /// Reads a command line; nil when it starts no server that is known.
  static func parse(_ line: PythonStartLine, folder: String) -> PythonStartCommand? {
    let words = line.text.prefix(4096).split(whereSeparator: { " \t;&|".contains($0) }).map {
      word in
      String(word.filter { $0 != "\"" && $0 != "'" })
    }
    guard let start = words.firstIndex(where: { servers.contains(lastComponent($0)) }) else {
      return nil
    }
    let variables = line.variables
    var command = PythonStartCommand(
      server: lastComponent(words[start]), location: line.place, origin: line.origin)
    if let name = portVariables[command.server ?? ""], let value = variables[name] {
      command.port = number(value, variables)
    }
    var index = start + 1
    while index < words.count {
      let parts = words[index].split(separator: "=", maxSplits: 1).map(String.init)
      let option = parts.first ?? ""
      let value = parts.count > 1 ? parts[1] : index + 1 < words.count ? words[index + 1] : ""
      index += 1
      switch option {
      case "--factory": command.isFactory = true
      case "--app-dir", "--chdir", "--working-dir": command.appDir = value
      case "--port", "-p": command.port = number(value, variables)
      case "--workers", "-w": command.workers = number(value, variables)
      case "--bind", "-b": command.port = port(ofAddress: value, variables)
      case "--config", "-c": command.settingsFile = value
      default:
        if command.target == nil, !option.hasPrefix("-") {
          command.target = target(words[index - 1], folder)
        }
        continue
      }
      if parts.count == 1, option != "--factory" { index += 1 }
    }
    return command
  }

  /// Where servers listen that get no port by an option.
  private static let portVariables = ["uvicorn": "UVICORN_PORT", "gunicorn": "PORT"]

  /// `9000`, or what a shell takes for `$PORT`, `${PORT}` and `${PORT:-9000}`.
  /// - Parameter variables: what the file gives to variables before the command.
  static func number(_ text: some StringProtocol, _ variables: [String: String]) -> Int? {
    if let number = Int(text) { return number }
    guard
      let match = String(text).wholeMatch(
        of: /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::?[-=]([^}]*))?\})/)
    else { return nil }
    guard let name = (match.1 ?? match.2).map(String.init) else { return nil }
    var others = variables
    if let value = others.removeValue(forKey: name), let known = number(value, others) {
      return known
    }
    return match.3.flatMap { number($0, others) }
  }

  /// The port of `0.0.0.0:8000`, `[::]:8000`, `:${PORT:-8000}`.
  static func port(ofAddress text: String, _ variables: [String: String] = [:]) -> Int? {
    if let variable = text.firstRange(of: ":$") {
      return number(text[variable.lowerBound...].dropFirst(), variables)
    }
    return text.split(separator: ":").last.flatMap { number($0, variables) }
  }

  private static func target(_ word: String, _ folder: String) -> Target? {
    if word.hasSuffix(".py") {
      return ProjectPath.resolve(word, from: folder).map { .object(file: $0, name: nil) }
    }
    let parts = word.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].split(separator: ".").allSatisfy(FastAPIObjects.isIdentifier)
    else { return nil }
    return .name(word)
  }

  private static func lastComponent(_ word: String) -> String {
    String(word.split(separator: "/").last ?? "")
  }

  // MARK: Calls in the code

  private static let runs = [
    "uvicorn.run": "uvicorn", "uvicorn.main.run": "uvicorn", "granian.Granian": "granian",
  ]

  private static func calls(_ folder: String, _ index: PythonIndex) -> [PythonStartCommand] {
    var found: [PythonStartCommand] = []
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      PythonIndex.forEachScope(file) { scope, statements in
        statements.flattened.forEachOwnExpression { expression in
          guard let (callee, arguments) = expression.call,
            case .external(let name)? = index.origin(of: callee, in: file), let server = runs[name]
          else { return }
          var command = PythonStartCommand(
            server: server, location: file.location(expression.offset))
          command.ownFolder = ProjectPath.relative(ProjectTree.parent(path), to: folder)
          let application = arguments.argument(0, "app") ?? arguments["target"]
          if let text = application?.string {
            command.target = .name(text)
          } else if let name = application?.name {
            command.target = .object(file: path, name: name)
          }
          command.isFactory = arguments["factory"]?.bool == true
          command.appDir = arguments["app_dir"]?.string ?? "."
          command.workers = arguments["workers"]?.integer
          command.port = arguments["port"].flatMap {
            PythonPort.read(PythonPlace(expression: $0, scope: scope), index)
          }
          found.append(command)
        }
      }
    }
    return found
  }
}

/// A port as the code writes it.
enum PythonPort {
  /// The port that the files of a service say, the word nearest to a container first; nil where none says one.
  /// - Parameter commands: those that start the service.
  static func fact(
    of commands: [PythonStartCommand], folder: String, in tree: ProjectTree
  ) -> Fact<Int>? {
    var found = commands.compactMap { command in
      command.writtenPort.map { (origin: command.origin, port: $0) }
    }
    if let port = PythonStartFiles.exposed(folder, in: tree) { found.append((.exposed, port)) }
    // A container's own port, where compose publishes one.
    let published = ComposeFile.containerPorts(of: folder, in: tree)
    if published.count == 1 { found.append((.published, published[0])) }
    found = found.filter { (1...65535).contains($0.port.value) }
    guard let first = found.min(by: { $0.origin < $1.origin }) else { return nil }
    let others = found.filter { $0.port.value != first.port.value }
    guard !others.isEmpty else {
      return .certain(
        first.port.value, at: first.port.place, why: "what starts the service says it")
    }
    let alternatives = others.map {
      Conclusion.Alternative(value: "\($0.port.value)", at: $0.port.place)
    }
    return Fact(
      first.port.value, .likely, evidence: [first.port.place],
      alternatives: alternatives.uniqued,
      why: "of several ports, the one that stands nearest to a container")
  }

  static func read(_ place: PythonPlace, _ index: PythonIndex) -> Int? {
    if let port = place.expression.integer { return port }
    // A parameter with a default.
    if let name = place.expression.name,
      let value = place.scope.function?.declaration.parameters.first(where: { $0.name == name })?
        .value?.integer
    {
      return value
    }
    // `int(os.getenv("PORT", "8000"))`
    if let arguments = place.expression.call?.arguments, let last = arguments.positional.last {
      return last.integer ?? last.string.flatMap { Int($0) }
        ?? (arguments.count == 1
          ? read(PythonPlace(expression: last, scope: place.scope), index) : nil)
    }
    for maker in index.makers(of: place) {
      if maker.identity != place.identity, let port = read(maker, index) { return port }
    }
    guard case .attribute(let base, let field) = place.expression.kind else { return nil }
    return index.fieldDefault(field, of: PythonPlace(expression: base, scope: place.scope))?.integer
  }
}
