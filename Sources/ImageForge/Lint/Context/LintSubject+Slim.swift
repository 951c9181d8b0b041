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
  static func slim(_ image: String) -> String? {
    let base = Base(image)
    guard base.isOfficial, let tag = base.tag, !image.contains("@"),
      ["node", "python"].contains(base.family),
      let match = tag.wholeMatch(of: plainTag)
    else { return nil }
    let name = image.dropLast(tag.count)
    guard let release = match.2 else { return "\(name)\(match.1)-slim" }
    return base.family == "node"
      ? "\(name)\(match.1)-\(release)-slim" : "\(name)\(match.1)-slim-\(release)"
  }

  /// What the full image has, and the stage uses, in words; nil where nothing is seen.
  func needsFullImage(_ stage: DockerfileSyntax.Stage) -> String? {
    var stages: Set<Int> = [stage.index]
    for next in dockerfile.stages {
      if let parent = dockerfile.stage(next.base, before: next.index), stages.contains(parent.index)
      {
        stages.insert(next.index)
      }
    }
    var installed: Set<String> = []
    for instruction in dockerfile.stages.filter({ stages.contains($0.index) }).flatMap(
      \.instructions)
    {
      guard ["RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"].contains(instruction.keyword) else {
        continue
      }
      var commands = ShellCommand.all(of: instruction)
      if instruction.keyword == "HEALTHCHECK", instruction.arguments.hasPrefix("CMD") {
        commands = ShellCommand.all(
          in: instruction.arguments.dropFirst(3).filter { !"[]\",".contains($0) })
      }
      for command in commands where command.isAptInstall { installed.formUnion(command.operands) }
      // A script may call anything.
      if let script = commands.lazy.compactMap({ $0.words.prefix(2).first { $0.hasSuffix(".sh") } })
        .first
      {
        let name = script.split(separator: "/").last.map(String.init) ?? script
        let place = uses.first { $0.path?.hasSuffix(name) == true }?.path ?? name
        guard let text = context.read(place, limit: 1 << 16)?.text else {
          return "it runs \(script)"
        }
        commands += ShellCommand.all(in: text)
      }
      for command in commands {
        let program = command.program
        guard let package = Self.fullPrograms[program], !installed.contains(package),
          !installed.contains("build-essential") || !["gcc", "g++", "make"].contains(package)
        else { continue }
        return "line \(instruction.line) calls \(program)"
      }
    }
    return Self.compiled(in: context, isPython: Base(image(of: stage) ?? "").family == "python")
  }

  /// Programs that the slim images lack, and the packages that have them.
  private static let fullPrograms = [
    "git": "git", "curl": "curl", "wget": "wget", "gcc": "gcc", "g++": "g++", "cc": "gcc",
    "make": "make",
    "ssh": "openssh-client", "scp": "openssh-client", "ssh-keyscan": "openssh-client",
    "hg": "mercurial",
    "svn": "subversion", "unzip": "unzip", "gpg": "gnupg", "convert": "imagemagick",
    "pkg-config": "pkg-config",
    "mysql_config": "default-libmysqlclient-dev", "pg_config": "libpq-dev", "sqlite3": "sqlite3",
    "file": "file",
    "patch": "patch", "procps": "procps", "ps": "procps",
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

  /// A dependency that is compiled here, or loads a library that the slim image lacks.
  private static func compiled(in context: BuildContext, isPython: Bool) -> String? {
    let files =
      isPython
      ? [
        "requirements.txt", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml",
        "pyproject.toml",
      ]
      : ["package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "package.json"]
    let table =
      (try? Catalogue.decode([String: Needs].self, from: "data/python-system-packages.yaml")) ?? [:]
    let packages =
      (try? Catalogue.decode(NodePackages.self, from: "data/node-packages.yaml"))?.packages ?? []
    let names =
      isPython
      ? table.keys.sorted()
      : packages.filter { !$0.prebuilt.contains("glibc") || $0.runtime != nil }.map(\.name)
    for file in files {
      guard let text = context.read(file, limit: 16 << 20)?.text else { continue }
      if text.contains("git+") { return "\(file) names what git fetches" }
      let named =
        isPython
        ? Set(
          text.lowercased().matches(of: pythonName).map {
            match in
            String(match.1).replacing("_", with: "-")
          })
        : Set(
          text.matches(of: nodeName).map {
            String($0.1)
          })
      if let name = names.first(where: named.contains) {
        return "\(file) names \(name), which is compiled, or loads a library of the system"
      }
      // The lockfile names all that the manifest does.
      return nil
    }
    return nil
  }
}
