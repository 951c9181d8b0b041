import ForgeBasics
import ForgeSyntax

/// Which of some well-known programs a stage is seen to lack. It claims nothing where a step, a copy or the base could
/// have brought the program.
struct ImagePrograms {
  private let subject: LintSubject
  private let chain: [DockerfileSyntax.Stage]
  private let base: BaseImage

  init(of stage: DockerfileSyntax.Stage, in subject: LintSubject) {
    self.subject = subject
    chain = subject.dockerfile.chain(of: stage)
    base = subject.base(of: stage)
  }

  /// The program that every health check can ask by.
  var ownRuntime: String {
    base.family == "node" || base.family == "python" ? base.family : "the server's runtime"
  }

  /// Whether the program is known not to be there.
  func lacks(_ program: String) -> Bool {
    guard baseLacks(program) else { return false }
    return !isBrought(program)
  }

  func remedy(for program: String) -> String {
    switch program {
    case "next": "Start it by npx next start or npm start, or put node_modules/.bin on PATH"
    case "pnpm": "Run corepack enable in the last stage, or start node itself"
    case "uvicorn", "gunicorn", "hypercorn", "granian", "fastapi":
      "Add \(program) to the dependencies that the last stage has"
    default: "Install it in the last stage"
    }
  }

  /// What the image itself comes without.
  private func baseLacks(_ program: String) -> Bool {
    let isDebian = base.isOfficial && ["debian", "ubuntu"].contains(base.family)
    guard base.isOfficialRuntime || isDebian || base.isAlpine else { return false }
    switch program {
    case "curl", "git": return !base.isFull
    case "wget": return !base.isFull && !base.isAlpine
    case "nc": return !base.isAlpine
    case "bash": return base.isAlpine
    case "dumb-init", "tini", "gosu", "su-exec", "supervisord", "pm2", "serve", "uv", "poetry",
      "pnpm", "next", "bun", "nginx":
      return true
    case "gunicorn", "hypercorn", "granian": return base.family == "python"
    case "node", "npm", "npx": return base.family != "node"
    case "pip", "uvicorn", "fastapi": return base.family == "node"
    default: return false
    }
  }

  /// Whether anything could have brought it.
  private func isBrought(_ program: String) -> Bool {
    let instructions = chain.flatMap(\.instructions)
    for instruction in instructions {
      switch instruction.keyword {
      case "RUN": if installs(program, instruction) { return true }
      case "COPY", "ADD": if copies(program, instruction) { return true }
      case "ENV":
        if program == "next", instruction.arguments.contains("node_modules/.bin") { return true }
      default: break
      }
    }
    return isDependency(program)
  }

  private static let otherNames = [
    "pnpm": ["corepack"], "nc": ["netcat"], "supervisord": ["supervisor"], "npm": ["nodejs"],
    "node": ["nodejs", "nodesource"], "npx": ["nodejs", "npm"], "next": ["npm install -g"],
  ]
  /// Programs that run what was fetched, or unpack it: what they bring is not known.
  private static let openEnded: Set<String> = [
    "bash", "sh", "make", "tar", "unzip", "dpkg", "ansible-playbook", "install", "conda", "mamba",
  ]

  private func installs(_ program: String, _ step: DockerfileInstruction) -> Bool {
    let text = step.arguments + step.heredocs.map(\.content).joined()
    let commands = ShellCommand.all(of: step)
    // A program that starts itself needs no other name: `next build` shows nothing about PATH.
    let names = Self.otherNames[program] ?? []
    if names.contains(where: text.contains) { return true }
    if program != "next",
      commands.contains(where: { command in
        command.words.dropFirst().contains { $0.contains(program) }
      })
    {
      return true
    }
    if text.contains(".sh") || text.contains("| sh") || text.contains("| bash") { return true }
    return commands.contains { Self.openEnded.contains($0.program) }
  }

  private func copies(_ program: String, _ copy: DockerfileInstruction) -> Bool {
    if program != "next", copy.arguments.contains(program) { return true }
    guard let target = copy.words.last, copy.value(of: "from") != nil else { return false }
    let bins = ["/bin", "/usr", "/opt", "/root", "/venv", ".venv", "/nix", "/sbin"]
    return target == "/" || bins.contains(where: target.contains)
      || copy.arguments.contains("venv")
  }

  /// Whether a file of dependencies names it.
  private func isDependency(_ program: String) -> Bool {
    guard ["gunicorn", "hypercorn", "granian", "uvicorn", "fastapi"].contains(program) else {
      return false
    }
    let names = [
      "requirements", "pyproject", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile",
      "pylock", "setup", "environment", "constraints", "conda",
    ]
    var isFound = false
    var isNamed = false
    _ = subject.context.first(
      below: ".", depth: 4,
      enters: { !$0.contains("node_modules") && !$0.hasPrefix(".") },
      where: { path, kind in
        let name = path.split(separator: "/").last.map(String.init) ?? path
        guard kind == .file,
          names.contains(where: name.hasPrefix)
            || path.contains("requirements/")
        else { return false }
        isFound = true
        isNamed = subject.context.read(path, limit: 16 << 20)?.text.contains(program) ?? true
        return isNamed
      })
    // Without any such file, what is installed is not known.
    return isNamed || !isFound
  }
}
