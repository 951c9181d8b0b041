import ForgeBasics
import ForgeSyntax

/// Secrets in ARG and ENV become mounts of the steps that read them.
extension Fixer {
  static let secrets: [Fix] = [
    Fix(rule: "SecretsUsedInArgOrEnv") { draft in
      // What a step is given is written into it once more with each name: one at a time.
      guard draft.file.escape == "\\" else { return [] }
      for name in secretNames(draft) {
        if let edits = mounts(name, draft) { return edits }
      }
      return []
    }
  ]

  private static func secretNames(_ draft: Draft) -> [String] {
    var names: [String] = []
    for instruction in draft.file.stages.flatMap(\.instructions) {
      let rule = LintRule.all.first { $0.id == "SecretsUsedInArgOrEnv" }
      if let rule,
        !draft.subject.directive.wants(rule) || draft.subject.silences(rule, at: instruction.line)
      {
        continue
      }
      names += LintRule.names(setBy: instruction, draft.subject).filter {
        LintRule.saysSecret($0) && !names.contains($0)
      }
    }
    return names
  }

  /// - Returns: nil where something other than steps uses the value, or a step that cannot be given it.
  private static func mounts(_ name: String, _ draft: Draft) -> [Edit]? {
    var edits: [Edit] = []
    // The stages that have it, and whether they have had it from a line above.
    var has: Set<Int> = []
    for stage in draft.file.stages {
      if let parent = draft.file.stage(stage.base, before: stage.index), has.contains(parent.index)
      {
        has.insert(stage.index)
      }
      var steps: [DockerfileInstruction] = []
      for instruction in stage.instructions {
        let isSet = LintRule.names(setBy: instruction, draft.subject).contains(name)
        if isSet {
          has.insert(stage.index)
          guard let edit = removing(name, from: instruction, draft) else { return nil }
          edits.append(edit)
        } else if instruction.keyword == "RUN", has.contains(stage.index) {
          steps.append(instruction)
        } else if has.contains(stage.index), uses(name, instruction.arguments) {
          return nil
        }
        if instruction.keyword == "SHELL", has.contains(stage.index) { return nil }
      }
      let named = steps.filter { step in
        uses(name, step.arguments) || step.heredocs.contains { uses(name, $0.content) }
      }
      // Tools read it from the environment, too.
      let readers =
        named.isEmpty
        ? steps.filter { ShellCommand.all(of: $0).contains { $0.installsProject || $0.isBuild } }
        : named
      for step in readers
      where !step.mounts.contains(where: { $0["type"] == "secret" && $0["id"] == name }) {
        guard step.execForm == nil, step.heredocs.isEmpty,
          let edit = mounting(name, in: step, draft)
        else {
          return nil
        }
        edits.append(edit)
      }
    }
    return edits
  }

  // Patterns are compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  private nonisolated(unsafe) static let variable = /\$\{?([A-Za-z_][A-Za-z0-9_]*)/
  /// The keyword of an instruction with its flags.
  private nonisolated(unsafe) static let keywordAndFlags =
    /[ \t]*[A-Za-z]+((?:(?:[ \t]|\\\n)+--[^\s\\]+)*)(?:[ \t]|\\\n)+/

  private static func uses(_ name: String, _ text: String) -> Bool {
    text.matches(of: variable).contains { $0.1 == name }
  }

  /// `ENV A=1 TOKEN=x B=2` without TOKEN.
  private static func removing(
    _ name: String, from instruction: DockerfileInstruction, _ draft: Draft
  ) -> Edit? {
    let words = DockerfileWords.split(instruction.arguments, escape: draft.file.escape)
    let isLegacy = instruction.keyword == "ENV" && !(words.first?.contains("=") ?? false)
    let rest = isLegacy ? [] : words.filter { $0.prefix { $0 != "=" } != name }
    let what =
      instruction.keyword == "ARG"
      ? "\(name) is mounted for the steps that read it: build with --secret id=\(name),src=FILE"
      : "\(name) is no longer in the image: give it when the container starts; steps get it by --secret id=\(name),src=FILE"
    return draft.edit(instruction, what) { _ in
      rest.isEmpty ? "" : "\(instruction.spelling) \(rest.joined(separator: " "))"
    }
  }

  private static func mounting(_ name: String, in step: DockerfileInstruction, _ draft: Draft)
    -> Edit?
  {
    let text = draft.raw(step).joined(separator: "\n")
    guard let start = text.prefixMatch(of: keywordAndFlags) else { return nil }
    let script = text[start.range.upperBound...]
    guard !script.hasPrefix("--") else { return nil }
    let file = "/run/secrets/\(name)"
    return draft.edit(step, "") { _ in
      "\(step.spelling) --mount=type=secret,id=\(name)\(start.1) \\\n"
        + "    if [ -f \(file) ]; then \(name)=\"$(cat \(file))\" && export \(name); fi \\\n    && \(script)"
    }
  }

  /// A text as reports may show it: without the values of secrets that a Dockerfile sets.
  static func masked(_ text: String, _ file: DockerfileSyntax) -> String {
    var text = text
    for instruction in file.instructions {
      let pairs: [(String, String)] =
        switch instruction.keyword {
        case "ENV":
          DockerfileVariables.pairs(instruction.arguments, escape: file.escape).map {
            ($0.name, $0.value)
          }
        case "ARG":
          DockerfileWords.split(instruction.arguments, escape: file.escape).compactMap { word in
            word.firstIndex(of: "=").map {
              (String(word[..<$0]), String(word[word.index(after: $0)...]))
            }
          }
        default: []
        }
      for (name, value) in pairs
      where LintRule.saysSecret(name) || SecretName.isSecret(name, setTo: value) {
        guard !value.isEmpty, !value.hasPrefix("$") else { continue }
        for between in ["=", " ", "=\"", "='"] {
          text = text.replacing(name + between + value, with: name + between + "…")
        }
      }
    }
    return text
  }
}
