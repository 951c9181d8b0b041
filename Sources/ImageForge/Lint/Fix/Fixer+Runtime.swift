import ForgeSyntax

/// How the container runs: as whom, and what.
extension Fixer {
  static let runtime: [Fix] = [
    Fix(rule: "FORGE-L057") { draft in
      guard let stage = draft.file.stages.last else { return [] }
      return stage.instructions.filter { ["CMD", "ENTRYPOINT"].contains($0.keyword) }.compactMap {
        instruction in
        guard let command = ShellCommand.all(of: instruction).first(where: \.isDevelopmentServer)
        else { return nil }
        switch command.program {
        case "uvicorn", "python", "python3":
          guard command.has("--reload") else { return nil }
          return draft.edit(instruction, "the server does not watch files") { text in
            text.replacing(", \"--reload\"", with: "").replacing(" --reload", with: "")
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
        guard hits.contains(where: { $0.line == instruction.line }), !instruction.arguments.isEmpty
        else { return nil }
        return draft.edit(instruction, "the program itself gets the signals") { _ in
          "\(instruction.spelling) \(execForm(instruction.arguments))"
        }
      }
    },
    Fix(rule: "FORGE-L060") { draft in
      guard draft.subject.runsAsRoot, let stage = draft.file.stages.last,
        let (_, image) = draft.subject.finalBase,
        // Other images may need root to start: a database that changes its folder's owner.
        ["node", "python", "bun", "scratch"].contains(Base(image).family)
      else { return [] }
      let change =
        "the image runs as an ordinary user; give folders that it writes to 10001 by COPY --chown"
      let user = stage.from.spelling == stage.from.spelling.lowercased() ? "user" : "USER"
      if let written = stage.instructions.last(where: { $0.keyword == "USER" }) {
        let isLast = !stage.instructions.contains {
          $0.line > written.line && ["RUN", "COPY", "ADD"].contains($0.keyword)
        }
        if isLast {
          return [draft.edit(written, change) { _ in "\(user) 10001:10001" }].compactMap(\.self)
        }
      }
      let last =
        stage.instructions.last { ["RUN", "COPY", "ADD", "WORKDIR", "USER"].contains($0.keyword) }
        ?? stage.from
      return [
        Edit(
          lines: (last.endLine + 1)..<(last.endLine + 1), replacement: ["\(user) 10001:10001"],
          change: change)
      ]
    },
  ]

  /// A command line as an exec form. Where it needs a shell, one that gives its place to the program.
  package static func execForm(_ line: String) -> String {
    guard ShellCommand.needsShell(line) else {
      return array(line.split { $0 == " " || $0 == "\t" }.map(String.init))
    }
    let isOneCommand = !line.contains { "&|;\n".contains($0) } && !line.hasPrefix("exec ")
    return array(["sh", "-c", (isOneCommand ? "exec " : "") + line])
  }

  private static func array(_ words: [String]) -> String {
    "["
      + words.map { "\"\($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }
      .joined(separator: ", ")
      + "]"
  }
}
