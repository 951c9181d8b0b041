import ForgeBasics
import ForgeSyntax

/// What the rules of practice and the fixer both ask.
extension LintSubject {
  /// The image that a stage stands on itself; nil for an earlier stage, and where only the build knows.
  func image(of stage: DockerfileSyntax.Stage) -> String? {
    guard dockerfile.parent(of: stage) == nil else { return nil }
    return DockerfileVariables(preamble: dockerfile).expand(stage.base)
  }

  func image(of instruction: DockerfileInstruction) -> String? {
    dockerfile.stages.last { $0.from.line <= instruction.line }.flatMap(image)
  }

  /// The last stage, and before it those that it stands on.
  var finalChain: [DockerfileSyntax.Stage] {
    dockerfile.stages.last.map { dockerfile.chain(of: $0) } ?? []
  }

  /// The image that the last stage stands on in the end, and the stage that says so.
  var finalBase: (stage: DockerfileSyntax.Stage, image: BaseImage)? {
    guard let first = finalChain.first, let image = image(of: first) else { return nil }
    return (first, BaseImage(image))
  }

  /// The image that a stage stands on in the end.
  func base(of stage: DockerfileSyntax.Stage) -> BaseImage {
    BaseImage(dockerfile.chain(of: stage).first.flatMap(image) ?? "")
  }

  /// A stage and those that stand on it.
  func descendants(of stage: DockerfileSyntax.Stage) -> [DockerfileSyntax.Stage] {
    var found: Set<Int> = [stage.index]
    for next in dockerfile.stages {
      if let parent = dockerfile.parent(of: next), found.contains(parent.index) {
        found.insert(next.index)
      }
    }
    return dockerfile.stages.filter { found.contains($0.index) }
  }

  /// What `ENV` and `ARG` with a default set in a stage and below it, in front of a line.
  func environment(of stage: DockerfileSyntax.Stage, before line: Int = .max) -> [String: String] {
    var values: [String: String] = [:]
    for instruction in dockerfile.chain(of: stage).flatMap(\.instructions)
    where instruction.line < line {
      for (name, value) in settings(of: instruction) {
        guard let value else { continue }
        let expanded = DockerfileWords.expand(value, escape: dockerfile.escape) { other in
          values[other].map { .known($0) }
        }
        values[name] = expanded ?? value
      }
    }
    return values
  }

  /// The names that `ARG` or `ENV` sets, with their values as written.
  func settings(of instruction: DockerfileInstruction) -> [(name: String, value: String?)] {
    switch instruction.keyword {
    case "ARG":
      DockerfileWords.split(instruction.arguments, escape: dockerfile.escape).map { word in
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(parts[0]), parts.dropFirst().first.map(String.init))
      }
    case "ENV":
      DockerfileVariables.pairs(instruction.arguments, escape: dockerfile.escape)
        .map { ($0.name, $0.value) }
    default: []
    }
  }

  /// Whether the file's name or folder says that its image is for writing code or for tests.
  var isForDevelopment: Bool {
    let parts = dockerfile.name.lowercased().split(separator: "/")
    let folders: Set<Substring> = [".devcontainer", ".cursor", ".gitpod", ".codesandbox"]
    if parts.contains(where: folders.contains) { return true }
    let words = (parts.last ?? "").split { ".-_".contains($0) }
    return words.contains {
      ["dev", "develop", "development", "local", "test", "tests"].contains($0)
    }
  }

  func mountsCache(_ run: DockerfileInstruction) -> Bool {
    run.mounts.contains { $0["type"] == "cache" }
  }

  /// The `COPY . …` of a stage that stands before its first installation, with no manifest copied before it.
  func earlySource(
    in stage: DockerfileSyntax.Stage
  ) -> (copy: DockerfileInstruction, install: DockerfileInstruction)? {
    guard
      let install = stage.instructions.first(where: { instruction in
        instruction.keyword == "RUN"
          && ShellCommand.all(of: instruction).contains(where: \.installsProject)
      }),
      let copy = stage.instructions.first(where: { instruction in
        uses.contains { $0.instruction == instruction && $0.path == "." && $0.means != .bind }
      }), copy.line < install.line
    else { return nil }
    return (copy, install)
  }

  /// The image with the version that the project asks for; nil where it asks for none.
  func askedVersion(of image: BaseImage) -> String? {
    let files = ["node": [".nvmrc", ".node-version"], "python": [".python-version"]]
    guard image.isOfficial, let names = files[image.family] else { return nil }
    let text = names.lazy.compactMap {
      context.read($0, limit: 1 << 10)?.text.trimmingSpaces
    }.first
    guard let text else { return nil }
    let version = text.hasPrefix("v") ? String(text.dropFirst()) : text
    let isVersion = version.allSatisfy { $0.isASCII && $0.isNumber || $0 == "." }
    guard isVersion, version.first?.isNumber == true else { return nil }
    return image.tagged(version)
  }

  /// Whether a stage stands on an image that works in `/`.
  func worksInRoot(_ stage: DockerfileSyntax.Stage) -> Bool {
    let image = base(of: stage)
    let names: Set = ["node", "python", "debian", "ubuntu", "alpine", "busybox"]
    return image.text == "scratch" || image.isOfficial && names.contains(image.family)
  }

  /// Whether `.gitignore` keeps a path out of the repository: then something makes it before a build.
  func isMadeBefore(_ path: String) -> Bool {
    let names = path.split(separator: "/").map(String.init) + [path]
    return names.contains { surroundings.gitIgnored.contains($0) }
  }
}
