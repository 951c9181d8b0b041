import ForgeBasics
import ForgeSyntax

/// Secrets in ARG and ENV become mounts of the steps that read them.
extension Fixer {
  static let secrets: [Fix] = [
    Fix(rule: "SecretsUsedInArgOrEnv") { draft in
      // What a step is given is written into it once more with each name: one at a time.
      guard draft.file.escape == "\\" else { return [] }
      return secretNames(draft).lazy.compactMap { mounts($0, draft) }.first ?? []
    }
  ]

  private static func secretNames(_ draft: Draft) -> [String] {
    let rule = LintRule.all.first { $0.id == "SecretsUsedInArgOrEnv" }
    var names: [String] = []
    for instruction in draft.file.stages.flatMap(\.instructions) {
      let isWanted = rule.map {
        draft.subject.directive.wants($0) && !draft.subject.silences($0, at: instruction.line)
      }
      guard isWanted ?? true else { continue }
      names += draft.subject.settings(of: instruction).map(\.name).filter {
        LintRule.saysSecret($0) && !names.contains($0)
      }
    }
    return names
  }

  private static func mounts(_ name: String, _ draft: Draft) -> [Edit]? {
    guard case .mount(let removed, let steps) = SecretPlan.of(name, in: draft.subject) else {
      return nil
    }
    var edits: [Edit] = []
    for instruction in removed {
      guard let edit = removing(name, from: instruction, draft) else { return nil }
      edits.append(edit)
    }
    for step in steps
    where !step.mounts.contains(where: { $0["type"] == "secret" && $0["id"] == name }) {
      guard let edit = mounting(name, in: step, draft) else { return nil }
      edits.append(edit)
    }
    return edits
  }

  // Compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  /// The keyword of an instruction with its flags.
  private nonisolated(unsafe) static let keywordAndFlags =
    /[ \t]*[A-Za-z]+((?:(?:[ \t]|\\\n)+--[^\s\\]+)*)(?:[ \t]|\\\n)+/

  /// `ENV A=1 TOKEN=x B=2` without TOKEN; all else stays as it is written.
  private static func removing(
    _ name: String, from instruction: DockerfileInstruction, _ draft: Draft
  ) -> Edit? {
    let change =
      "\(name) is mounted for the steps that read it: build with --secret id=\(name),src=FILE"
    let settings = draft.subject.settings(of: instruction)
    guard settings.contains(where: { $0.name != name }) else {
      return draft.edit(instruction, change) { _ in "" }
    }
    let words = DockerfileWords.split(instruction.arguments, escape: draft.file.escape)
    let own = words.filter { $0 == name || $0.hasPrefix(name + "=") }
    let raw = draft.raw(instruction).joined(separator: "\n")
    guard own.count == 1, raw.ranges(of: own[0]).count == 1 else { return nil }
    return draft.edit(instruction, change) { without(own[0], $0) }
  }

  /// A text without one of its words; a line that held nothing else goes with it.
  private static func without(_ word: String, _ text: String) -> String {
    var lines = text.components("\n")
    guard let index = lines.firstIndex(where: { $0.contains(word) }) else { return text }
    switch lines[index].trimmingSpaces {
    case word:
      lines.remove(at: index)
      // The line before it goes on no more.
      if index == lines.count, let last = lines.popLast() {
        lines.append(last.hasSuffix("\\") ? String(last.dropLast()).trimmingEnd : last)
      }
    case word + " \\": lines.remove(at: index)
    default: lines[index] = lines[index].replacingFirst(" " + word, with: "")
    }
    return lines.joined(separator: "\n")
  }

  private static func mounting(_ name: String, in step: DockerfileInstruction, _ draft: Draft)
    -> Edit?
  {
    let text = draft.raw(step).joined(separator: "\n")
    guard let start = text.prefixMatch(of: keywordAndFlags) else { return nil }
    let script = text[start.range.upperBound...]
    guard !script.hasPrefix("--") else { return nil }
    let file = "/run/secrets/\(name)"
    let read = "if [ -f \(file) ]; then \(name)=\"$(cat \(file))\" && export \(name); fi"
    return draft.edit(step, "") { _ in
      "\(step.spelling) --mount=type=secret,id=\(name)\(start.1) \\\n    \(read) \\\n"
        + "    && \(script)"
    }
  }

  /// A text as reports may show it: without the values of secrets that a Dockerfile sets.
  static func masked(_ text: String, _ subject: LintSubject) -> String {
    var text = text
    for instruction in subject.dockerfile.instructions {
      let pairs = subject.settings(of: instruction)
      for (name, value) in pairs
      where LintRule.saysSecret(name) || SecretName.isSecret(name, setTo: value ?? "") {
        guard let value, !value.isEmpty, !value.hasPrefix("$") else { continue }
        for between in ["=", " ", "=\"", "='"] {
          text = text.replacing(name + between + value, with: name + between + "…")
        }
      }
    }
    return text
  }
}

extension String {
  fileprivate var trimmingEnd: String {
    guard let last = lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
    return String(self[...last])
  }
}
