import ForgeBasics
import ForgeDockerignore
import ForgeSyntax

/// A path of the build context that an instruction needs.
package struct ContextUse: Sendable {
  package enum Means: String, Sendable {
    case copy = "COPY"
    case add = "ADD"
    case bind = "bind mount"
  }

  package let means: Means
  package let instruction: DockerfileInstruction
  /// As the Dockerfile has it.
  package let written: String
  /// With variables expanded, cleaned, without a leading slash; nil when only the build knows it.
  package let path: String?
  /// The path leaves the context by `..`.
  package let leavesContext: Bool
  package var isGlob: Bool { means != .bind && path.map(GoGlob.isGlob) ?? false }

  static func all(in file: DockerfileSyntax) -> [ContextUse] {
    let preamble = DockerfileVariables(preamble: file)
    var uses: [ContextUse] = []
    for stage in file.stages {
      var variables = DockerfileVariables(stageOf: file)
      for instruction in stage.instructions {
        variables.apply(instruction, preamble: preamble)
        switch instruction.keyword {
        case "COPY", "ADD": uses += copied(by: instruction, variables)
        case "RUN": uses += mounted(by: instruction, variables)
        default: break
        }
      }
    }
    return uses
  }

  private static func copied(
    by instruction: DockerfileInstruction, _ variables: DockerfileVariables
  ) -> [ContextUse] {
    guard instruction.value(of: "from") == nil else { return [] }
    let means: Means = instruction.keyword == "ADD" ? .add : .copy
    return instruction.words.dropLast().compactMap { word in
      if word.contains("<<"), !instruction.heredocs.isEmpty { return nil }
      let expanded = variables.expand(word)
      if means == .add, let expanded, isRemote(expanded) { return nil }
      return ContextUse(means, instruction, written: word, expanded: expanded)
    }
  }

  private static func mounted(
    by instruction: DockerfileInstruction, _ variables: DockerfileVariables
  ) -> [ContextUse] {
    instruction.mounts.compactMap { mount in
      guard mount["type"] ?? "bind" == "bind", mount["from"] == nil else { return nil }
      let source = mount["source"] ?? mount["src"] ?? "."
      return ContextUse(.bind, instruction, written: source, expanded: variables.expand(source))
    }
  }

  private init(
    _ means: Means, _ instruction: DockerfileInstruction, written: String, expanded: String?
  ) {
    self.means = means
    self.instruction = instruction
    self.written = written
    let cleaned = expanded.map(GoPath.clean)
    leavesContext = cleaned == ".." || cleaned?.hasPrefix("../") == true
    path = cleaned.map { $0.hasPrefix("/") ? GoPath.clean(String($0.drop { $0 == "/" })) : $0 }
  }

  /// A web address or a repository, which ADD fetches.
  private static func isRemote(_ source: String) -> Bool {
    source.contains("://") || source.hasPrefix("git@") || source.hasSuffix(".git")
  }
}
