import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeSyntax

/// As whom the container runs, and whether it does as an ordinary user.
extension LintSubject {
  enum ContainerUser {
    /// Not root, or only the base image knows.
    case other
    /// The instruction that says so; nil where it is the base image's user.
    case root(DockerfileInstruction?)
  }

  var containerUser: ContainerUser {
    let instructions = finalChain.flatMap(\.instructions)
    if let user = instructions.last(where: { $0.keyword == "USER" }) {
      let name = user.arguments.prefix { $0 != ":" }
      return name == "root" || name == "0" ? .root(user) : .other
    }
    guard let (_, image) = finalBase else { return .other }
    // Files alone run nothing.
    let runs = instructions.contains { ["CMD", "ENTRYPOINT"].contains($0.keyword) }
    if image.text == "scratch" { return runs ? .root(nil) : .other }
    return image.runsAsRoot ? .root(nil) : .other
  }

  /// The program by which a container that starts as root gives that up; nil where none is seen.
  var rootDropper: String? {
    guard let start = StartCommand(of: self) else { return nil }
    return programs(of: start).first(where: StartCommand.droppers.contains)
  }

  /// The program that starts others as their users say, and is root for that; nil where none is seen.
  private var rootManager: String? {
    guard let start = StartCommand(of: self) else { return nil }
    return programs(of: start).first(where: StartCommand.managers.contains)
  }

  /// The programs that a start calls, itself or by its scripts.
  private func programs(of start: StartCommand) -> [String] {
    start.commands.flatMap { command in
      [command.program] + ShellCommand.all(in: script(of: command) ?? "").map(\.program)
    }
  }

  /// Whether the image holds the standalone output of Next.js.
  var copiesStandalone: Bool {
    finalChain.flatMap(\.instructions).contains {
      $0.keyword == "COPY" && $0.arguments.contains("standalone")
    }
  }

  /// The text of the script that a command runs, where the context has it.
  func script(of command: ShellCommand) -> String? {
    guard let stage = dockerfile.stages.last else { return nil }
    let isShell = ["sh", "bash", "ash"].contains(command.program)
    let word = isShell ? command.operands.first : command.words.first
    let files = StageFiles(stage, in: self)
    guard let word, let place = files.absolute(word), case .context(let path) = files.lookup(place)
    else { return nil }
    return context.read(path, limit: 1 << 16)?.text
  }

  /// Why the image cannot be said to run as an ordinary user; nil where that was seen.
  var whyNotOrdinaryUser: String? {
    let chain = finalChain.flatMap(\.instructions)
    if case .root(let user?) = containerUser { return "line \(user.line) asks for root" }
    guard let image = finalBase?.image, image.isOfficialRuntime else {
      return "whether this base starts as an ordinary user is not known"
    }
    guard let start = StartCommand(of: self), start.commands.count == 1, let server = start.server
    else { return "what the container starts is not one command" }
    if server.isDevelopmentServer { return "a development server writes beside the code" }
    if let program = rootDropper ?? rootManager { return "\(program) needs root to start" }
    if let use = chain.first(where: Self.usesHomeOfRoot) {
      return "line \(use.line) keeps something below /root, which only root reads"
    }
    if let volume = chain.first(where: { $0.keyword == "VOLUME" }) {
      return "whether it may write to the volume of line \(volume.line) is not known"
    }
    if let exposed = chain.first(where: { $0.keyword == "EXPOSE" && Self.isLow($0) }) {
      return "line \(exposed.line) asks for a port below 1024"
    }
    guard ServerProgram(server, isStandalone: copiesStandalone) != nil else {
      return "what \(server.words.first ?? "it") writes while it runs is not known"
    }
    return whyMayWrite
  }

  private static func usesHomeOfRoot(_ instruction: DockerfileInstruction) -> Bool {
    let text = instruction.arguments + instruction.heredocs.map(\.content).joined()
    if instruction.keyword == "RUN", !text.contains("/root/.local"), !text.contains("/root/.") {
      return text.contains("pip install --user") || text.contains("--user -r")
        || text.contains("uv python install") || text.contains("uv tool install")
    }
    return instruction.keyword != "RUN" && text.contains("/root")
      || text.contains("/root/.local") || text.contains("UV_PYTHON_INSTALL_DIR")
  }

  private static func isLow(_ instruction: DockerfileInstruction) -> Bool {
    instruction.words.contains { word in
      guard let port = Int(word.prefix { $0.isNumber }) else { return false }
      return port < 1024
    }
  }

  /// Why the program may write where only root may; nil where its sources were seen to write nothing.
  private var whyMayWrite: String? {
    guard let project = surroundings.service else {
      return "what the program writes while it runs is not known"
    }
    switch project.service.kind {
    case .nextjs: return "Next.js writes to its cache, which belongs to root"
    case .fastapi, .mcp: return QuietSources.whyNot(below: project.folder, in: context)
    }
  }
}

/// Python sources that write no files.
enum QuietSources {
  private static var table: CatalogueTable { .embedded("data/quiet-modules.yaml") }
  private static let modules = Set(
    (table.texts("standard") ?? []) + (table.texts("installed") ?? []))
  private static let writes = table.texts("writes") ?? []
  private static let skipped: Set<String> = [
    "node_modules", ".git", ".venv", "venv", "__pycache__", "tests", "test", "migrations",
    "alembic", "scripts",
  ]

  /// The first thing by which they may write; nil where all were read and none does.
  static func whyNot(below folder: String, in context: BuildContext) -> String? {
    var files: [String] = []
    _ = context.first(
      below: folder, depth: 12,
      enters: { !skipped.contains(String($0.split(separator: "/").last ?? "")) },
      where: { path, kind in
        if kind == .file, path.hasSuffix(".py") { files.append(path) }
        return files.count > 500
      })
    guard files.count <= 500 else { return "what so many sources write is not known" }
    let own = Set(files.flatMap { $0.split { "/.".contains($0) }.map(String.init) })
    for path in files {
      guard let text = context.read(path, limit: 1 << 20)?.text else {
        return "\(path) cannot be read"
      }
      for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
        .enumerated()
      {
        if let call = writes.first(where: line.contains) {
          return "\(path):\(index + 1) may write (\(call))"
        }
        if let module = module(line), !modules.contains(module), !own.contains(module) {
          return "\(path):\(index + 1) imports \(module): what it writes is not known"
        }
      }
    }
    return files.isEmpty ? "no sources were found" : nil
  }

  /// The first part of what a line imports.
  private static func module(_ line: Substring) -> String? {
    let words = line.split { " \t,".contains($0) }
    guard words.count > 1, words[0] == "import" || words[0] == "from", !words[1].hasPrefix(".")
    else { return nil }
    return words[1].split(separator: ".").first.map(String.init)
  }
}
