import ForgeBasics
import ForgeSyntax

extension LintRule {
  /// That the file is a Dockerfile that a builder can carry out.
  static let structure: [LintRule] = [
    LintRule("FORGE-L030") { subject in
      guard subject.dockerfile.stages.isEmpty else { return [] }
      return [
        Hit(
          at: subject.place(line: 1), "the file has no FROM, so that there is nothing to build",
          fix: "Start with FROM")
      ]
    },
    LintRule("FORGE-L031") { subject in
      subject.dockerfile.instructions.filter { !keywords.contains($0.keyword) }.map { instruction in
        Hit(
          at: subject.place(line: instruction.line), "\(instruction.spelling) is no instruction",
          fix: "Correct it; a line that goes on needs a \\ at the end of the line before it")
      }
    },
    LintRule("FORGE-L032") { subject in
      let file = subject.dockerfile
      return file.stages.flatMap { stage in
        stage.instructions.flatMap { instruction in
          (instruction.values(of: "from") + instruction.mounts.compactMap { $0["from"] }).compactMap
          { from in
            let isLater = file.stages.dropFirst(stage.index).contains {
              $0.name?.lowercased() == from.lowercased()
            }
            let isNoStage = Int(from).map { $0 >= stage.index } ?? false
            guard file.stage(from, before: stage.index) == nil, isLater || isNoStage else {
              return nil
            }
            return Hit(
              at: subject.place(line: instruction.line), "--from=\(from) names no earlier stage",
              fix: "Move that stage up, or correct its name")
          }
        }
      }
    },
    LintRule("FORGE-L033") { subject in
      let expanding = LintRule.expanding.union(["FROM"])
      return subject.dockerfile.instructions.compactMap { instruction in
        guard expanding.contains(instruction.keyword),
          let fault = DockerfileSubstitution.fault(
            in: instruction.arguments, escape: subject.dockerfile.escape)
        else { return nil }
        return Hit(
          at: subject.place(line: instruction.line), fault,
          fix: "Only ${NAME:-…}, :+, :?, #, % and / are known outside of RUN: set the value in a "
            + "step, or pass it as an argument")
      }
    },
    LintRule("NoEmptyContinuation") { subject in
      subject.dockerfile.emptyContinuations.map { line in
        Hit(
          at: subject.place(line: line), "an empty line after a \\ will become an error",
          fix: "Remove the empty line, or the \\ before it")
      }
    },
  ]

  private static let keywords: Set<String> = [
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL",
    "MAINTAINER",
    "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
  ]
}
