import ForgeBasics
import ForgeFindings
import ForgeInspection
import ForgeSecrets
import ForgeSyntax

/// Which line of a Dockerfile made what an image is blamed for: the stage that was built, held against the history of the image
/// that was built from it.
struct DockerfileLines {
  let file: DockerfileSyntax
  /// The Dockerfile's own text, line by line.
  let text: [String]
  /// Where the image begins.
  let from: DockerfileInstruction
  /// Of the stage that was built, and of the stages that it stands on.
  let instructions: [DockerfileInstruction]
  /// By the index of the step in the history.
  private let steps: [Int: DockerfileInstruction]
  /// By the index of the layer.
  private let layers: [Int: DockerfileInstruction]

  /// Nil where the Dockerfile cannot be read, or the history is not that of its stage: then nothing is said rather
  /// than something wrong.
  /// - Parameters:
  ///   - name: what people call the Dockerfile.
  ///   - target: the stage that was built; nil: the last one.
  init?(_ text: String, name: String, target: String? = nil, history: [HistoryFacts]) {
    guard let file = try? DockerfileSyntax.parse(SourceText(name: name, bytes: Array(text.utf8))),
      let stage = target.map({ file.stage($0, before: file.stages.count) }) ?? file.stages.last
    else { return nil }
    self.file = file
    self.text = text.replacing("\r\n", with: "\n").split(
      separator: "\n", omittingEmptySubsequences: false
    )
    .map(String.init)
    let chain = file.chain(of: stage)
    from = chain[0].from
    instructions = chain.flatMap(\.instructions).filter { $0.keyword != "FROM" }
    var steps: [Int: DockerfileInstruction] = [:]
    var layers: [Int: DockerfileInstruction] = [:]
    var end = history.count
    for instruction in instructions.reversed() {
      // Engines add labels of their own.
      while end > 0, Self.keyword(history[end - 1]) == "LABEL", instruction.keyword != "LABEL" {
        end -= 1
      }
      guard end > 0, Self.keyword(history[end - 1]) == instruction.keyword else {
        // Not every engine records an ARG, nor several LABELs each.
        if ["ARG", "LABEL", "SHELL"].contains(instruction.keyword) { continue }
        return nil
      }
      end -= 1
      steps[end] = instruction
      if let layer = history[end].layer { layers[layer] = instruction }
    }
    self.steps = steps
    self.layers = layers
  }

  private static func keyword(_ step: HistoryFacts) -> String {
    let text = BuildStep.short(step.createdBy)
    if text.hasPrefix("|") { return "RUN" }
    return String(text.prefix { $0 != " " })
  }

  /// The line that made what a finding is about.
  func cause(_ finding: Finding) -> SourceLine? {
    guard let instruction = instruction(finding) else { return nil }
    let words =
      [instruction.keyword]
      + instruction.flags.map { "--\($0.name)" + ($0.value.map { "=\($0)" } ?? "") }
    let text =
      (words + instruction.arguments.split(whereSeparator: \.isWhitespace).map(String.init))
      .joined(separator: " ")
    var shown = DisplayText.escape(SecretText.masked(text))
    if shown.count > 60 { shown = shown.prefix(59) + "…" }
    return SourceLine(file: file.name, line: instruction.line, text: shown)
  }

  /// Whether the Dockerfile shows that a finding is wrong: the history holds no flags of ADD, the line does.
  func isRefuted(_ finding: Finding) -> Bool {
    guard finding.id == "FORGE-I007", let instruction = instruction(finding) else { return false }
    return instruction.keyword == "ADD" && !instruction.values(of: "checksum").isEmpty
  }

  /// What the stage does not make itself comes from its base.
  func instruction(_ finding: Finding) -> DockerfileInstruction? {
    switch finding.place {
    case .layer(let index, _, _): layers[index] ?? from
    case .history(let step): steps[step] ?? from
    case .config(let field): instruction(field, finding)
    case .source, .file, .group, .archive, .text, nil: nil
    }
  }

  /// The instruction that set a field of the image's config.
  private func instruction(
    _ field: Place.ConfigField, _ finding: Finding
  ) -> DockerfileInstruction? {
    switch field {
    case .user: last("USER")
    case .entrypoint: last("ENTRYPOINT")
    // What a container starts is in either of them.
    case .command: last("CMD", "ENTRYPOINT")
    case .workingDirectory: last("WORKDIR")
    case .exposedPorts: last("EXPOSE")
    case .volumes: last("VOLUME")
    case .onBuild: last("ONBUILD")
    case .author: last("MAINTAINER")
    case .environment: finding.variable.flatMap(assignment)
    case .labels, .healthcheck, .history: nil
    }
  }

  private func last(_ keywords: String...) -> DockerfileInstruction {
    instructions.last { keywords.contains($0.keyword) } ?? from
  }

  private func assignment(of name: String) -> DockerfileInstruction? {
    instructions.last { instruction in
      instruction.keyword == "ENV"
        && DockerfileVariables.pairs(instruction.arguments, escape: file.escape)
          .contains { $0.name == name }
    }
  }
}
