import ForgeBasics
import ForgeCatalogue
import ForgeSyntax

/// Whether a stage does with the slim variant of its image.
extension LintSubject {
  // Patterns are compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  private nonisolated(unsafe) static let plainTag =
    /([0-9]+(?:\.[0-9]+)*)(?:-(bookworm|trixie|bullseye))?/
  private nonisolated(unsafe) static let pythonName =
    /(?:^|["'\n ])([a-z0-9][a-z0-9._-]*(?:\[c\])?)/
  private nonisolated(unsafe) static let nodeName =
    /["'\n \/]((?:@[a-z0-9._-]+\/)?[a-z0-9][a-z0-9._-]*)/

  /// The slim variant of one of the official images of Node.js and Python; nil where the tag names no version, or is
  /// small already.
  static func slim(_ image: BaseImage) -> String? {
    guard image.isOfficialRuntime, !image.isPinned, let tag = image.tag,
      let match = tag.wholeMatch(of: plainTag)
    else { return nil }
    guard let release = match.2 else { return image.tagged("\(match.1)-slim") }
    return image.tagged(
      image.family == "node" ? "\(match.1)-\(release)-slim" : "\(match.1)-slim-\(release)")
  }

  /// What the full image has, and the stage uses, in words; nil where nothing is seen.
  func needsFullImage(_ stage: DockerfileSyntax.Stage) -> String? {
    programOfFullImage(stage) ?? programOfHealthCheck(stage)
      ?? librariesOfFullImage(stage)
  }

  /// A command of the stage, or of one that stands on it, which the slim image lacks.
  private func programOfFullImage(_ stage: DockerfileSyntax.Stage) -> String? {
    var installed: Set<String> = []
    for instruction in descendants(of: stage).flatMap(\.instructions)
    where ["RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"].contains(instruction.keyword) {
      let commands = Self.commands(of: instruction)
      for command in commands where command.isAptInstall { installed.formUnion(command.operands) }
      guard let scripted = commandsOfScripts(commands) else {
        return "line \(instruction.line) runs a script that is not in the context"
      }
      if let program = (commands + scripted).lazy.map(\.program).first(where: {
        Self.isMissing($0, installed)
      }) {
        return "line \(instruction.line) calls \(program)"
      }
    }
    return nil
  }

  /// The commands of a step or a health check.
  static func commands(of instruction: DockerfileInstruction) -> [ShellCommand] {
    guard instruction.keyword == "HEALTHCHECK" else { return ShellCommand.all(of: instruction) }
    guard instruction.arguments.hasPrefix("CMD") else { return [] }
    let rest = String(instruction.arguments.dropFirst(3)).trimmingSpaces
    guard rest.hasPrefix("[") else { return ShellCommand.all(in: rest) }
    let words = (try? JSON.parse(SourceText(name: "", text: rest), .project))?.elements ?? []
    return [ShellCommand(words: words.compactMap(\.string))]
  }

  /// The commands of the scripts that commands run; nil where one of them cannot be read.
  private func commandsOfScripts(_ commands: [ShellCommand]) -> [ShellCommand]? {
    var found: [ShellCommand] = []
    for command in commands {
      guard let script = command.words.prefix(2).first(where: { $0.hasSuffix(".sh") }) else {
        continue
      }
      let name = script.split(separator: "/").last.map(String.init) ?? script
      let place = uses.first { $0.path?.hasSuffix(name) == true }?.path ?? name
      guard let text = context.read(place, limit: 1 << 16)?.text else { return nil }
      found += ShellCommand.all(in: text)
    }
    return found
  }

  private static func isMissing(_ program: String, _ installed: Set<String>) -> Bool {
    guard let package = fullPrograms[program], !installed.contains(package) else { return false }
    return !installed.contains("build-essential") || !["gcc", "g++", "make"].contains(package)
  }

  private func programOfHealthCheck(_ stage: DockerfileSyntax.Stage) -> String? {
    guard finalChain.contains(where: { $0.index == stage.index }) else { return nil }
    for build in surroundings.compose {
      guard
        let program = build.healthCommands.lazy.map(\.program).first(where: {
          Self.fullPrograms[$0] != nil
        })
      else { continue }
      return "the health check of \(build.service) at \(build.place) calls \(program)"
    }
    return nil
  }

  private func librariesOfFullImage(_ stage: DockerfileSyntax.Stage) -> String? {
    if let service = surroundings.service?.service {
      let needed = service.systemPackages.build + service.systemPackages.runtime
      if let first = needed.sorted().first { return "its dependencies need \(first)" }
    }
    let isPython = base(of: stage).family == "python"
    return isPython ? Self.compiledForPython(context) : Self.compiledForNode(context)
  }

  /// Programs that the slim images lack, and the packages that have them.
  private static let fullPrograms = [
    "git": "git", "curl": "curl", "wget": "wget", "gcc": "gcc", "g++": "g++", "cc": "gcc",
    "make": "make", "ssh": "openssh-client", "scp": "openssh-client",
    "ssh-keyscan": "openssh-client", "hg": "mercurial", "svn": "subversion", "unzip": "unzip",
    "gpg": "gnupg", "convert": "imagemagick", "pkg-config": "pkg-config",
    "mysql_config": "default-libmysqlclient-dev", "pg_config": "libpq-dev", "sqlite3": "sqlite3",
    "file": "file", "patch": "patch", "procps": "procps", "ps": "procps",
  ]

  private struct Needs: Decodable {
    let build: [String]?
    let runtime: [String]?
  }

  private struct NodePackages: Decodable {
    struct Package: Decodable {
      let name: String
      let prebuilt: [String]
      let runtime: [String]?
    }
    let packages: [Package]
  }

  private static let pythonFiles = [
    "requirements.txt", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml",
    "pyproject.toml",
  ]
  private static let nodeFiles = [
    "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "package.json",
  ]

  private static func compiledForPython(_ context: BuildContext) -> String? {
    let table = try? Catalogue.decode(
      [String: Needs].self, from: "data/python-system-packages.yaml")
    return compiled(in: context, files: pythonFiles, table?.keys.sorted() ?? []) { text in
      Set(
        text.lowercased().matches(of: pythonName).map {
          String($0.1).replacing("_", with: "-")
        })
    }
  }

  private static func compiledForNode(_ context: BuildContext) -> String? {
    let table = try? Catalogue.decode(NodePackages.self, from: "data/node-packages.yaml")
    let names = (table?.packages ?? []).filter {
      !$0.prebuilt.contains("glibc") || $0.runtime != nil
    }
    return compiled(in: context, files: nodeFiles, names.map(\.name)) { text in
      Set(text.matches(of: nodeName).map { String($0.1) })
    }
  }

  /// A dependency that is compiled here, or loads a library that the slim image lacks.
  private static func compiled(
    in context: BuildContext, files: [String], _ needing: [String],
    names: (String) -> Set<String>
  ) -> String? {
    for file in files {
      guard let text = context.read(file, limit: 16 << 20)?.text else { continue }
      if text.contains("git+") { return "\(file) names what git fetches" }
      let named = names(text)
      // The lockfile names all that the manifest does.
      return needing.first(where: named.contains).map {
        "\(file) names \($0), which is compiled, or loads a library of the system"
      }
    }
    return nil
  }
}
