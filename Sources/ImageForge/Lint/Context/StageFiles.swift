import ForgeBasics
import ForgeDockerignore
import ForgeSyntax

/// Which files of the build context lie where in a stage, as far as COPY and ADD tell.
struct StageFiles {
  enum Lookup: Equatable {
    /// A path of the build context.
    case context(String)
    /// Nothing that is copied brings it.
    case absent
    /// Only the build knows.
    case unknown
  }

  private enum Source {
    /// A path of the context.
    case context(String)
    /// A path of another stage, as that stage has it in the end.
    case stage(Int, String)
    case unknown
  }

  private struct Copied {
    let source: Source
    /// Absolute and clean; nil where only the build knows.
    let destination: String?
    /// Whether the source keeps its name below the destination.
    let keepsName: Bool
  }

  private let subject: LintSubject
  private let stage: DockerfileSyntax.Stage
  private var copied: [Copied] = []
  /// The working directory in the end; nil where only the base image knows.
  private(set) var workingDirectory: String?
  private(set) var variables: DockerfileVariables
  /// What RUN steps do there and in the stages below: whatever they make is not known.
  private(set) var steps: [DockerfileInstruction] = []
  /// Whether the stage stands on an image that brings no files of a project.
  private(set) var hasPlainBase: Bool

  /// - Parameter end: the instruction in front of which the stage is looked at; nil for its end.
  init(_ stage: DockerfileSyntax.Stage, in subject: LintSubject, before end: Int? = nil) {
    self.subject = subject
    self.stage = stage
    let preamble = DockerfileVariables(preamble: subject.dockerfile)
    if let parent = subject.dockerfile.parent(of: stage) {
      let below = StageFiles(parent, in: subject)
      (copied, workingDirectory, variables) =
        (below.copied, below.workingDirectory, below.variables)
      (steps, hasPlainBase) = (below.steps, below.hasPlainBase)
    } else {
      let base = BaseImage(subject.image(of: stage) ?? "")
      hasPlainBase = base.isOfficial
      workingDirectory = base.isOfficial ? "/" : nil
      variables = DockerfileVariables(stageOf: subject.dockerfile)
    }
    for instruction in stage.instructions {
      if let end, instruction.line >= end { break }
      variables.apply(instruction, preamble: preamble)
      switch instruction.keyword {
      case "WORKDIR": workingDirectory = absolute(instruction.arguments)
      case "COPY", "ADD": take(instruction)
      case "RUN": steps.append(instruction)
      default: break
      }
    }
  }

  /// A path as the container has it; nil where only the build knows.
  func absolute(_ path: String) -> String? {
    guard let text = variables.expand(path) else { return nil }
    if text.hasPrefix("/") { return GoPath.clean(text) }
    return workingDirectory.map { GoPath.clean("\($0)/\(text)") }
  }

  private mutating func take(_ instruction: DockerfileInstruction) {
    let words = instruction.words.compactMap { $0.contains("<<") ? nil : $0 }
    guard let target = words.last, words.count > 1 else {
      copied.append(
        Copied(
          source: .unknown, destination: instruction.words.last.flatMap(absolute), keepsName: false)
      )
      return
    }
    let sources = words.dropLast()
    let isFolder = target.hasSuffix("/") || target == "." || sources.count > 1
    for written in sources {
      let path = variables.expand(written).map(GoPath.clean)
      copied.append(
        Copied(
          source: source(path, of: instruction), destination: absolute(target),
          keepsName: isFolder))
    }
  }

  private func source(_ path: String?, of instruction: DockerfileInstruction) -> Source {
    guard let path else { return .unknown }
    if let from = instruction.value(of: "from") {
      guard let name = variables.expand(from),
        let other = subject.dockerfile.stage(name, before: stage.index)
      else { return .unknown }
      return .stage(other.index, path.hasPrefix("/") ? path : "/" + path)
    }
    guard !path.contains("://"), !path.hasPrefix("..") else { return .unknown }
    let clean = GoPath.clean(String(path.drop { $0 == "/" }))
    return .context(clean)
  }

  /// What lies at an absolute path.
  func lookup(_ path: String) -> Lookup { lookup(path, depth: 0) }

  private func lookup(_ path: String, depth: Int) -> Lookup {
    guard depth < 8 else { return .unknown }
    var isUnknown = false
    for copy in copied.reversed() {
      guard let destination = copy.destination else {
        isUnknown = true
        continue
      }
      switch found(path, in: copy, at: destination, depth: depth) {
      case .context(let found): return .context(found)
      case .unknown: isUnknown = true
      case .absent: break
      }
    }
    return isUnknown || !hasPlainBase ? .unknown : .absent
  }

  private func found(_ path: String, in copy: Copied, at destination: String, depth: Int)
    -> Lookup
  {
    guard let rest = Self.remainder(of: path, below: destination) else { return .absent }
    switch copy.source {
    case .unknown: return .unknown
    case .context(let source):
      guard let candidate = candidate(source, rest, copy) else { return .absent }
      guard subject.context.kind(candidate) != nil,
        subject.context.survives(candidate, subject.ignore)
      else { return .absent }
      return .context(candidate)
    case .stage(let index, let source):
      let other = StageFiles(subject.dockerfile.stages[index], in: subject)
      guard !GoGlob.isGlob(source) else { return .unknown }
      let direct = other.lookup(GoPath.clean("\(source)/\(rest)"), depth: depth + 1)
      guard case .absent = direct, copy.keepsName else { return direct }
      // A file keeps its name below a folder.
      guard rest == Self.baseName(source) else { return direct }
      return other.lookup(source, depth: depth + 1)
    }
  }

  /// The path of the context that a copy brings to `rest` below its destination; nil where it brings none.
  private func candidate(_ source: String, _ rest: String, _ copy: Copied) -> String? {
    if GoGlob.isGlob(source) {
      let matches = (try? subject.context.matches(source)) ?? []
      return matches.lazy.compactMap { match in
        subject.context.kind(match) == .folder
          ? GoPath.clean("\(match)/\(rest)") : (Self.baseName(match) == rest ? match : nil)
      }.first { subject.context.kind($0) != nil }
    }
    guard subject.context.kind(source) != .folder else { return GoPath.clean("\(source)/\(rest)") }
    if copy.keepsName { return rest == Self.baseName(source) ? source : nil }
    return rest == "." ? source : nil
  }

  /// What is left of a path below a folder: `.` for the folder itself; nil where it does not lie there.
  private static func remainder(of path: String, below folder: String) -> String? {
    if path == folder { return "." }
    let prefix = folder == "/" ? "/" : folder + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil
  }

  private static func baseName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}

extension StageFiles {
  /// Programs that install, set owners and the like, and write nothing of the project's own.
  private static let quietPrograms: Set<String> = [
    "apt-get", "apt", "apk", "pip", "pip3", "npm", "yarn", "pnpm", "bun", "corepack", "uv",
    "poetry", "pipenv", "pdm", "chmod", "chown", "mkdir", "adduser", "addgroup", "useradd",
    "groupadd", "usermod", "rm", "echo", "set", "test", "true", "which", "python", "python3",
    "update-ca-certificates", "export", "cd", "next", "npx", "find", "touch", "id", "locale-gen",
  ]

  /// Whether steps could have made a path of this name.
  func mayBeMade(_ name: String) -> Bool {
    steps.contains { step in
      if step.arguments.contains(name) || !step.heredocs.isEmpty { return true }
      return ShellCommand.all(of: step).contains { command in
        !Self.quietPrograms.contains(command.program)
      }
    }
  }
}
