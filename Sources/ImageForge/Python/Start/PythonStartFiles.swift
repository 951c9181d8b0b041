import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// A line that may start something, and what it stands in.
struct PythonStartLine: Sendable {
  let text: String
  let place: Place
  let origin: PythonStartOrigin
  /// What the file gives to variables before the line, as it writes it.
  var variables: [String: String] = [:]
}

/// What says how a service is started, the one that comes nearest to a container first.
enum PythonStartOrigin: Int, Sendable, Comparable {
  case dockerfile, exposed, compose, published, procfile, script, code

  static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Commands that start the service, in files that are no code: a Procfile, compose files, Dockerfiles, scripts, a
/// Makefile.
enum PythonStartFiles {
  private static let maximumLines = 2_000
  /// The most that is read of a script, in bytes.
  private static let maximumSize = 256 << 10

  /// In the order in which they rule.
  static func commands(_ folder: String, in tree: ProjectTree) -> [PythonStartCommand] {
    let web = procfile(folder, in: tree).filter { $0.text.hasPrefix("web:") }.prefix(1).map {
      PythonStartLine(
        text: String($0.text.dropFirst(4)), place: $0.place, origin: $0.origin)
    }
    return (web + lines(folder, in: tree)).compactMap { line in
      PythonStartCommand.parse(line, folder: folder)
    }
  }

  /// All lines that may start something, with their places; those of a Procfile left out.
  static func lines(_ folder: String, in tree: ProjectTree) -> [PythonStartLine] {
    let compose = ComposeFile.commands(of: folder, in: tree).map {
      PythonStartLine(text: $0.value, place: $0.place, origin: .compose)
    }
    return compose + dockerfiles(folder, in: tree) + scripts(folder, in: tree)
  }

  /// The lines of a Procfile, each with the name of its process.
  static func procfile(_ folder: String, in tree: ProjectTree) -> [PythonStartLine] {
    guard let source = tree.source(ProjectTree.join(folder, "Procfile")) else { return [] }
    let rows = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    return rows.prefix(maximumLines).enumerated().map { index, row in
      PythonStartLine(
        text: String(row.prefix(4096)), place: source.place(line: index + 1), origin: .procfile)
    }
  }

  // MARK: Dockerfiles

  /// The `CMD` and `ENTRYPOINT` of the stage that serves, and the lines of a script that one of them runs.
  private static func dockerfiles(_ folder: String, in tree: ProjectTree) -> [PythonStartLine] {
    tree.dockerfiles(of: folder).flatMap { source -> [PythonStartLine] in
      guard let file = try? DockerfileSyntax.parse(source), let stage = serving(file) else {
        return []
      }
      let variables = variables(of: stage)
      return ["CMD", "ENTRYPOINT"].flatMap { keyword -> [PythonStartLine] in
        guard let instruction = stage.instructions.last(where: { $0.keyword == keyword }) else {
          return []
        }
        let line = PythonStartLine(
          text: instruction.words.joined(separator: " "),
          place: file.place(line: instruction.line), origin: .dockerfile, variables: variables)
        let started = instruction.words.compactMap { script(named: $0, folder, in: tree) }.first
        return [line] + (started.map { rows(of: $0, variables, origin: .dockerfile) } ?? [])
      }
    }
  }

  /// The stage that serves: the last one that is not there for tests or development.
  private static func serving(_ file: DockerfileSyntax) -> DockerfileSyntax.Stage? {
    let aside = ["test", "tests", "testing", "dev", "development", "debug", "lint", "ci"]
    return file.stages.last { stage in
      !aside.contains(stage.name?.lowercased() ?? "")
        && stage.instructions.last { $0.keyword == "CMD" }?.words.contains("pytest") != true
    } ?? file.stages.last
  }

  private static func variables(of stage: DockerfileSyntax.Stage) -> [String: String] {
    var found: [String: String] = [:]
    for instruction in stage.instructions where instruction.keyword == "ENV" {
      for (name, value) in DockerfileVariables.pairs(instruction.arguments) { found[name] = value }
    }
    return found
  }

  /// The port that the serving stage of the service's Dockerfile exposes, where it is one.
  static func exposed(_ folder: String, in tree: ProjectTree) -> Written<Int>? {
    for source in tree.dockerfiles(of: folder) {
      guard let file = try? DockerfileSyntax.parse(source), let stage = serving(file) else {
        continue
      }
      let preamble = DockerfileVariables(preamble: file)
      var variables = DockerfileVariables(stageOf: file)
      var found: [Written<Int>] = []
      for instruction in stage.instructions {
        variables.apply(instruction, preamble: preamble)
        guard instruction.keyword == "EXPOSE" else { continue }
        for word in instruction.words {
          guard let port = variables.expand(word)?.split(separator: "/").first.flatMap({ Int($0) })
          else { continue }
          found.append(Written(port, at: file.place(line: instruction.line)))
        }
      }
      if found.count == 1 { return found[0] }
    }
    return nil
  }

  // MARK: Scripts

  /// The script of the project that a word of an image's command means: `/app/scripts/start.sh`, `./start.sh`.
  private static func script(named word: String, _ folder: String, in tree: ProjectTree)
    -> SourceText?
  {
    guard word.hasSuffix(".sh") else { return nil }
    var parts = word.split(separator: "/").filter { $0 != "." }[...]
    while !parts.isEmpty {
      let path = ProjectTree.join(folder, parts.joined(separator: "/"))
      if let source = try? tree.read(path, limit: maximumSize) { return source }
      parts = parts.dropFirst()
    }
    return nil
  }

  private static func isScript(_ name: String) -> Bool {
    name.hasSuffix(".sh")
      && ["start", "run", "serve", "entrypoint", "docker-entrypoint", "launch", "server", "prod"]
        .contains {
          name.hasPrefix($0)
        }
  }

  /// Shell scripts and the Makefile, line by line.
  private static func scripts(_ folder: String, in tree: ProjectTree) -> [PythonStartLine] {
    let folders = [".", "scripts", "bin", "docker"].map {
      $0 == "." ? folder : ProjectTree.join(folder, $0)
    }
    var paths = folders.flatMap { place in
      tree.names(in: place).filter(isScript).map { ProjectTree.join(place, $0) }
    }
    paths.append(ProjectTree.join(folder, "Makefile"))
    return paths.prefix(50).flatMap { path -> [PythonStartLine] in
      guard let source = try? tree.read(path, limit: maximumSize) else { return [] }
      return rows(of: source, [:], origin: .script)
    }
  }

  /// The lines of a script; a server that reloads is development's.
  private static func rows(
    of source: SourceText, _ variables: [String: String], origin: PythonStartOrigin
  ) -> [PythonStartLine] {
    var variables = variables
    return logicalLines(source.text).filter {
      !$0.text.hasPrefix("#") && !$0.text.contains("--reload")
    }.map { row in
      if let (name, value) = assignment(row.text), variables.count < maximumLines {
        variables[name] = value
      }
      return PythonStartLine(
        text: row.text, place: source.place(line: row.line), origin: origin, variables: variables)
    }
  }

  /// `PORT=8000`, `export PORT="${PORT:-8000}"`, `: "${PORT:=8000}"`.
  private static func assignment(_ row: String) -> (name: String, value: String)? {
    if let match = row.wholeMatch(of: /: *"?\$\{([A-Za-z_][A-Za-z0-9_]*):?=([^}]*)\}"?/) {
      return (String(match.1), String(match.2))
    }
    guard
      let match = row.wholeMatch(of: /(?:export +)?([A-Za-z_][A-Za-z0-9_]*)=["']?([^"']*)["']?/)
    else { return nil }
    return (String(match.1), String(match.2))
  }

  /// Lines with their continuations joined, and the number of the first.
  private static func logicalLines(_ text: String) -> [(text: String, line: Int)] {
    var found: [(text: String, line: Int)] = []
    var open = false
    for (index, row) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
      .prefix(maximumLines)
    {
      let continues = row.hasSuffix("\\")
      let part = (continues ? row.dropLast() : row).trimmingSpaces
      if open, let last = found.popLast() {
        found.append((last.text.utf8.count < 8192 ? last.text + " " + part : last.text, last.line))
      } else {
        found.append((part, index + 1))
      }
      open = continues
    }
    return found
  }
}
