import ForgeSyntax

/// How instructions are written: nothing of what is built changes.
extension Fixer {
  static let spelling: [Fix] = [
    Fix(rule: "ConsistentInstructionCasing") { draft in
      let instructions = draft.file.stages.flatMap { [$0.from] + $0.instructions }
      let lower = instructions.count { $0.spelling == $0.spelling.lowercased() }
      let isLower = lower > instructions.count { $0.spelling == $0.spelling.uppercased() }
      return instructions.compactMap { instruction in
        let right = isLower ? instruction.spelling.lowercased() : instruction.spelling.uppercased()
        return draft.edit(instruction, "instructions are written alike") { text in
          text.replacingFirst(instruction.spelling, with: right)
        }
      }
    },
    Fix(rule: "FromAsCasing") { draft in
      draft.file.stages.compactMap { stage in
        guard let name = stage.name else { return nil }
        let from = stage.from.spelling
        guard from == from.lowercased() || from == from.uppercased() else { return nil }
        return draft.edit(stage.from, "FROM and AS are written alike") { text in
          text.replacing(
            " \(stage.from.words[1]) \(name)",
            with: " \(from == from.lowercased() ? "as" : "AS") \(name)")
        }
      }
    },
    Fix(rule: "StageNameCasing") { draft in
      let names = draft.file.stages.compactMap(\.name).filter { $0 != $0.lowercased() }
      guard !names.isEmpty else { return [] }
      return draft.file.instructions.compactMap { instruction in
        draft.edit(instruction, "names of stages are in lower case") { text in
          var text = text
          for name in names {
            if instruction.keyword == "FROM" {
              text = text.components(" ").map { $0 == name ? name.lowercased() : $0 }.joined(
                separator: " ")
            } else {
              for use in ["from=\(name) ", "from=\(name),"] {
                text = text.replacing(use, with: use.lowercased())
              }
            }
          }
          return text
        }
      }
    },
    Fix(rule: "RedundantTargetPlatform") { draft in
      draft.file.stages.compactMap { stage in
        draft.edit(stage.from, "the platform is the default") { text in
          text.replacing("--platform=$TARGETPLATFORM ", with: "").replacing(
            "--platform=${TARGETPLATFORM} ", with: "")
        }
      }
    },
    Fix(rule: "NoEmptyContinuation") { draft in
      draft.file.emptyContinuations.map {
        Edit(lines: $0..<($0 + 1), replacement: [], change: "an empty line is removed")
      }
    },
    Fix(rule: "MaintainerDeprecated") { draft in
      draft.file.instructions.filter { $0.keyword == "MAINTAINER" && !$0.arguments.contains("\"") }
        .compactMap { one in
          draft.edit(one, "MAINTAINER becomes a label") { _ in
            "LABEL org.opencontainers.image.authors=\"\(one.arguments)\""
          }
        }
    },
    Fix(rule: "LegacyKeyValueFormat") { draft in
      draft.file.instructions.compactMap { instruction in
        guard ["ENV", "LABEL"].contains(instruction.keyword),
          let pair = DockerfileVariables.pairs(instruction.arguments, escape: draft.file.escape)
            .first,
          !instruction.arguments.hasPrefix(pair.name + "="),
          // What is quoted or escaped means something else between quotes.
          !pair.value.contains(where: { "\"'\\`".contains($0) })
        else { return nil }
        let value = pair.value.contains { " \t".contains($0) } ? "\"\(pair.value)\"" : pair.value
        return draft.edit(instruction, "name and value are joined by =") { _ in
          "\(instruction.spelling) \(pair.name)=\(value)"
        }
      }
    },
    Fix(rule: "WorkdirRelativePath") { draft in
      var set: Set<Int> = []
      return draft.file.stages.flatMap { stage in
        if let parent = draft.file.parent(of: stage),
          set.contains(parent.index)
        {
          set.insert(stage.index)
        }
        return stage.instructions.filter { $0.keyword == "WORKDIR" }.compactMap { one -> Edit? in
          guard set.insert(stage.index).inserted,
            !["/", "$", "\"", "~"].contains(where: one.arguments.hasPrefix)
          else {
            return nil
          }
          guard draft.subject.worksInRoot(stage) else { return nil }
          let path =
            one.arguments.hasPrefix("./") ? String(one.arguments.dropFirst(2)) : one.arguments
          return draft.edit(one, "the working directory is absolute") { _ in
            "\(one.spelling) /\(path)"
          }
        }
      }
    },
    Fix(rule: "MultipleInstructionsDisallowed") { draft in
      draft.file.stages.flatMap { stage in
        ["CMD", "ENTRYPOINT", "HEALTHCHECK"].flatMap { keyword in
          stage.instructions.filter { $0.keyword == keyword }.dropLast().compactMap { one in
            draft.edit(one, "only the last \(keyword) counts") { _ in "" }
          }
        }
      }
    },
    Fix(rule: "ExposeInvalidFormat") { draft in
      ports(draft, "a port of the container is enough") {
        $0.contains("$") ? $0 : $0.components(":").last ?? $0
      }
    },
    Fix(rule: "ExposeProtoCasing") { draft in
      ports(draft, "protocols are in lower case") { $0.contains("$") ? $0 : $0.lowercased() }
    },
  ]

  private static func ports(_ draft: Draft, _ change: String, _ transform: (String) -> String)
    -> [Edit]
  {
    draft.file.instructions.filter { $0.keyword == "EXPOSE" }.compactMap { instruction in
      let words = instruction.words.map(transform)
      guard words != instruction.words else { return nil }
      return draft.edit(instruction, change) { _ in
        "\(instruction.spelling) \(words.joined(separator: " "))"
      }
    }
  }
}

extension String {
  func replacingFirst(_ old: String, with new: String) -> String {
    guard let range = firstRange(of: old) else { return self }
    return replacingCharacters(in: range, with: new)
  }

  private func replacingCharacters(in range: Range<String.Index>, with new: String) -> String {
    String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
  }
}
