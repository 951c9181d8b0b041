import ForgeSyntax

/// How the container runs: as whom, and what.
extension Fixer {
  static let runtime: [Fix] = [
    Fix(rule: "FORGE-L057") { draft in
      let mounted = draft.subject.surroundings.compose.contains { $0.mountsFolders }
      guard let stage = draft.file.stages.last, !draft.subject.isForDevelopment, !mounted else {
        return []
      }
      return stage.instructions.filter { ["CMD", "ENTRYPOINT"].contains($0.keyword) }.compactMap {
        instruction in
        let command = ShellCommand.all(of: instruction).first(where: \.isDevelopmentServer)
        switch command?.program {
        case "uvicorn":
          return draft.edit(instruction, "the server does not watch files") { text in
            text.replacing(", \"--reload\"", with: "").replacing(" --reload ", with: " ")
              .replacing(reloadAtEnd, with: "")
          }
        case "fastapi":
          return draft.edit(instruction, "fastapi runs for production") { text in
            text.replacing("\"dev\"", with: "\"run\"").replacing("fastapi dev", with: "fastapi run")
          }
        // Others need a build that is not there: forge generate writes one.
        default: return nil
        }
      }
    },
    Fix(rule: "JSONArgsRecommended") { draft in
      let hits =
        LintRule.buildKit.first { $0.id == "JSONArgsRecommended" }?.check(draft.subject) ?? []
      return draft.file.instructions.compactMap { instruction in
        guard hits.contains(where: { $0.line == instruction.line }),
          LintRule.whyShellStays(instruction, draft.subject) == nil,
          let words = ExecForm.text(instruction.arguments)
        else { return nil }
        return draft.edit(instruction, "the program itself gets the signals") { _ in
          "\(instruction.spelling) \(words)"
        }
      }
    },
    Fix(rule: "FORGE-L060") { draft in
      guard case .root = draft.subject.containerUser, draft.subject.whyNotOrdinaryUser == nil,
        !draft.subject.isForDevelopment, let stage = draft.file.stages.last
      else { return [] }
      let isLower = stage.from.spelling == stage.from.spelling.lowercased()
      let last =
        stage.instructions.last { ["RUN", "COPY", "ADD", "WORKDIR", "USER"].contains($0.keyword) }
        ?? stage.from
      return [
        Edit(
          lines: (last.endLine + 1)..<(last.endLine + 1),
          replacement: ["\(isLower ? "user" : "USER") 10001:10001"],
          change: "the image runs as an ordinary user: its sources write no files")
      ]
    },
  ]

  // Compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  private nonisolated(unsafe) static let reloadAtEnd = /\ --reload$/
}
