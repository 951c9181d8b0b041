import ForgeBasics
import ForgeCodebase
import ForgeSyntax
import ForgeTemplates
import ForgeWorkloads
import Foundation
import SystemPackage

extension ExistingDockerfile {
  /// Larger than any Dockerfile, in bytes.
  private static let sizeLimit = 1 << 20

  /// The decisions for each service: those that a generated Dockerfile remembers, or those of a foreign one.
  /// - Parameters:
  ///   - root: the analysed folder.
  ///   - readsForeign: read Dockerfiles that forge did not write; each service must then have one.
  /// - Returns: by the services' paths.
  public static func all(
    of analysis: Analysis, root: String, readsForeign: Bool
  ) throws(RecipeError) -> [String: ExistingDockerfile] {
    var found: [String: ExistingDockerfile] = [:]
    for service in analysis.services {
      let name = service.file("Dockerfile")
      guard let data = try? BoundedFile.read("\(root)/\(name)", limit: sizeLimit) else {
        if readsForeign { throw .noDockerfile(path: name) }
        continue
      }
      let text = String(decoding: data, as: UTF8.self).replacing("\r\n", with: "\n")
      let memory = remembered(by: text)
      if !memory.isEmpty {
        let file = try parse(memory.map(\.text).joined(separator: "\n"), path: name)
        var reader = DockerfileReader(path: name, service: service, root: root)
        reader.lines = memory.map(\.number)
        found[service.path] = reader.read(file)
      } else if readsForeign, !GeneratedMark.stands(in: text) {
        var reader = DockerfileReader(path: name, service: service, root: root)
        found[service.path] = reader.read(try parse(text, path: name))
      }
    }
    return found
  }

  private static func parse(
    _ text: String, path: String
  ) throws(RecipeError) -> DockerfileSyntax {
    let file: DockerfileSyntax
    do { file = try DockerfileSyntax.parse(SourceText(name: path, text: text)) } catch {
      throw .badSettings(file: error.location, reason: error.reason)
    }
    guard !file.stages.isEmpty else { throw .badSettings(file: path, reason: "it has no FROM") }
    return file
  }
}

/// Reads the decisions of one Dockerfile. What is known only while it is read is here; what it decides is `result`.
struct DockerfileReader {
  let service: Service
  /// The analysed folder.
  let root: String
  /// For a file's memory: the line that each of its lines had in the file that was read first.
  var lines: [Int]?
  var result: ExistingDockerfile

  /// Numbers of users and groups that steps make.
  var users: [String: String] = [:]
  var groups: [String: String] = [:]
  var secretArguments: Set<String> = []
  /// Stages that have packages from elsewhere, and those in which the application is built already.
  var foreignPackages: Set<Int> = []
  var built: Set<Int> = []
  /// Stages that have the project's dependencies.
  var installed: Set<Int> = []
  var madeFolders: [String] = []
  /// Arguments of a file of one stage.
  var ownArguments: [String: ExistingDockerfile.Line] = [:]
  /// Files that are copied from the context, by their last names.
  var copied: [String: String] = [:]
  /// Words of the last ENTRYPOINT and CMD.
  var entrypoint: [String]?
  var arguments: [String]?
  var entrypointLine = 0
  var commandLine = 0
  /// What of these stands in front of the command.
  var prefix: [String] = []
  /// Which of `result.kept` are not remembered, by their places.
  private var unremembered: Set<Int> = []

  init(path: String, service: Service, root: String) {
    self.service = service
    self.root = root
    result = ExistingDockerfile(path: path)
  }

  mutating func read(_ file: DockerfileSyntax) -> ExistingDockerfile {
    let stages = StagesInUse(of: file, isMemory: lines != nil)
    takeBase(of: file, stages)
    var folders: [String: String?] = [:]
    for stage in file.stages { take(stage, of: file, stages, &folders) }
    settleCommand(service, root: root)
    rememberCommand()
    settlePackages()
    settleOwners()
    result.memory.removeAll { line in
      !line.text.hasPrefix("FROM ")
        && result.dropped.contains { $0.line == line.number && $0.text == line.text }
    }
    if result.kept.isEmpty { result.memory = [] }
    result.kept.sort { $0.line < $1.line }
    result.dropped.sort { $0.line < $1.line }
    // A file that remembers holds its steps already, in blocks that are the user's.
    if lines != nil { result.steps = [] }
    return result
  }

  /// The line of the file that was written by hand.
  private func number(_ line: Int) -> Int {
    guard let lines else { return line }
    guard lines.indices.contains(line - 1) else { return 0 }
    return lines[line - 1]
  }

  // MARK: Stages

  /// The base is that of the last stage of the service's own runtime; a base that forge knows as another kind counts
  /// where the image stands on it.
  private mutating func takeBase(of file: DockerfileSyntax, _ stages: StagesInUse) {
    let preamble = DockerfileVariables(preamble: file)
    let own = service.imageFamily
    let images = file.stages.filter { file.parent(of: $0) == nil }
    if let first = stages.final.min(), images.count > 1,
      let image = preamble.expand(file.stages[first].base), Self.hasNoShell(image)
    {
      takeBase(image, own: own, line: number(file.stages[first].from.line))
    }
    guard result.base.choice == nil else { return }
    let ofRuntime = images.last { stage in
      preamble.expand(stage.base).map { ExistingDockerfile.family($0) == own } ?? false
    }
    guard let stage = ofRuntime ?? images.last else { return }
    let image = preamble.expand(stage.base) ?? stage.base
    takeBase(image, own: own, line: number(stage.from.line))
  }

  private static func hasNoShell(_ image: String) -> Bool {
    image.contains("distroless") || image.hasPrefix("cgr.dev/chainguard/")
  }

  private mutating func take(
    _ stage: DockerfileSyntax.Stage, of file: DockerfileSyntax, _ stages: StagesInUse,
    _ folders: inout [String: String?]
  ) {
    let preamble = DockerfileVariables(preamble: file)
    let image = preamble.expand(stage.base) ?? stage.base
    let from = number(stage.from.line)
    let isReached = stages.reached.contains(stage.index)
    if isReached {
      let name = stage.name.map { " AS \($0)" } ?? ""
      result.memory.append(.init(text: "FROM \(image)\(name)", number: from))
    } else {
      drop(
        "FROM \(image) AS \(stage.name ?? "\(stage.index)")", from,
        "nothing of this stage reaches the image")
    }
    var variables = DockerfileVariables(stageOf: file)
    let parent = file.parent(of: stage)
    if let parent, built.contains(parent.index) { built.insert(stage.index) }
    var directory = parent.flatMap { folders["\($0.index)"] ?? nil }
    for instruction in stage.instructions {
      variables.apply(instruction, preamble: preamble)
      if instruction.keyword == "WORKDIR", let path = variables.expand(instruction.arguments) {
        directory = FilePath(directory ?? "/").pushing(FilePath(path)).string
      }
      let before = result.kept.count
      let place = InstructionPlace(
        line: number(instruction.line), stage: stage.index,
        isFinal: stages.final.contains(stage.index), isOnly: file.stages.count == 1,
        isReached: isReached, service: service, variables: variables, escape: file.escape,
        folder: directory, folders: folders, root: root)
      take(instruction, at: place)
      remember(since: before, line: place.line)
    }
    folders["\(stage.index)"] = .some(directory)
    if let name = stage.name { folders[name.lowercased()] = .some(directory) }
  }

  // MARK: Memory

  /// What was not kept is not remembered either: it may be a secret. Steps are in blocks of the file itself.
  private mutating func remember(since before: Int, line: Int) {
    for index in before..<result.kept.count where !unremembered.contains(index) {
      var text = result.kept[index].text
      if text.hasPrefix("HEALTHCHECK "), let path = text.split(separator: " ").last {
        let words = result.server.healthFlags + ["CMD curl http://localhost\(path)"]
        text = "HEALTHCHECK \(words.joined(separator: " "))"
      }
      result.memory.append(.init(text: text, number: line))
    }
  }

  private mutating func rememberCommand() {
    if !prefix.isEmpty {
      result.memory.append(
        .init(text: "ENTRYPOINT \(DockerText.execForm(prefix))", number: entrypointLine))
    }
    let ofNode = result.server.nodeOptions.map { ["node"] + $0.value + ["server.js"] }
    if let words = result.server.command?.value ?? ofNode {
      result.memory.append(.init(text: "CMD \(DockerText.execForm(words))", number: commandLine))
    }
  }

  // MARK: Decisions

  /// Packages need the distribution that they are of.
  private mutating func settlePackages() {
    guard !result.base.isNamed else { return }
    guard let base = result.base.choice else {
      // The recipe chooses: Alpine where nothing needs Debian.
      let needsDebian =
        service.kind != .nextjs || result.packages.hasDebian || service.needsDebian
      if needsDebian { loseAlpinePackages(.slim) }
      return
    }
    if base != .slim {
      lose("RUN apt-get install ", of: "Debian", base)
      (result.packages.build, result.packages.runtime) = ([], [])
    }
    if base != .alpine { loseAlpinePackages(base) }
  }

  private mutating func loseAlpinePackages(_ base: BaseChoice) {
    lose("RUN apk add ", of: "Alpine", base)
    (result.packages.alpineBuild, result.packages.alpineRuntime) = ([], [])
  }

  private mutating func lose(_ start: String, of distribution: String, _ base: BaseChoice) {
    let lost = result.kept.filter { $0.text.hasPrefix(start) }
    result.kept.removeAll { $0.text.hasPrefix(start) }
    for decision in lost {
      drop(
        decision.text, decision.line,
        "the image's base, \(base.name), cannot install packages of \(distribution)")
    }
  }

  /// Steps give files to the image's user, whose number may stand below them.
  private mutating func settleOwners() {
    guard let user = result.server.user?.value else { return }
    result.steps = result.steps.map { step in
      ExistingStep(
        position: step.position, text: step.text.replacing(ImageUser.user, with: user),
        line: step.line)
    }
  }

  mutating func keep(_ text: String, _ line: Int, isRemembered: Bool = true) {
    if !isRemembered { unremembered.insert(result.kept.count) }
    result.kept.append(.init(line: line, text: text, reason: nil))
  }

  mutating func drop(_ text: String, _ line: Int, _ reason: String) {
    result.dropped.append(.init(line: line, text: text, reason: reason))
  }
}

/// Which stages of a file count for its image, by their numbers.
struct StagesInUse {
  /// The last stage, and those that it stands on.
  let final: Set<Int>
  /// Those, and what they copy from.
  let reached: Set<Int>

  /// - Parameter isMemory: the file is one's memory, all of which has reached the image before.
  init(of file: DockerfileSyntax, isMemory: Bool) {
    final = Set(file.stages.last.map { file.chain(of: $0).map(\.index) } ?? [])
    if isMemory {
      reached = Set(file.stages.map(\.index))
    } else {
      reached = Self.reached(in: file)
    }
  }

  private static func reached(in file: DockerfileSyntax) -> Set<Int> {
    var found: Set<Int> = []
    var open = file.stages.last.map { [$0] } ?? []
    while let stage = open.popLast() {
      guard found.insert(stage.index).inserted else { continue }
      var names: [String] = []
      for instruction in stage.instructions {
        names += instruction.values(of: "from") + instruction.mounts.compactMap { $0["from"] }
      }
      open += names.compactMap { file.stage($0, before: stage.index) }
      if let parent = file.parent(of: stage) { open.append(parent) }
    }
    return found
  }
}
