import ForgeBasics
import ForgeDockerignore
import ForgeFindings

extension LintRule {
  /// That everything which the Dockerfile takes from the context is there, after the ignore file.
  static let context: [LintRule] = [
    LintRule("FORGE-L008") { subject in
      guard !subject.surroundings.isContextKnown,
        let missing = subject.uses.first(where: { isMissing($0, subject) })
      else { return [] }
      return [
        Hit(
          missing.instruction, of: subject,
          "\(missing.written) is not in \(subject.context.root), and nothing says which folder the "
            + "build gets: whether the sources are there is not known",
          fix: "Name the folder: forge lint \(subject.dockerfile.name) --context FOLDER")
      ]
    },
    LintRule("FORGE-L001") { subject in
      guard subject.surroundings.isContextKnown else { return [] }
      return subject.uses.compactMap { use in
        guard let path = use.path, isMissing(use, subject) else { return nil }
        if subject.isMadeBefore(path) {
          return hit(
            subject, use,
            "is not in the build context \(subject.context.root) now; .gitignore names it, so that "
              + "something has to make it before the build",
            fix: "Make it first, or in a stage of the Dockerfile", severity: .warning)
        }
        return hit(
          subject, use, "is not in the build context \(subject.context.root)",
          fix:
            "Correct the path, add the file, or build with the folder that holds it as the context")
      }
    },
    // BuildKit warns of it, and then finds nothing to copy.
    LintRule("CopyIgnoredFile") { subject in
      subject.uses.compactMap { use in
        guard let path = use.path, !use.leavesContext else { return nil }
        if use.isGlob {
          guard let found = try? subject.context.matches(path), let first = found.first,
            !found.contains(where: { subject.context.survives($0, subject.ignore) })
          else { return nil }
          return hit(
            subject, use,
            "matches only what is ignored, such as \(first)\(culprit(subject, first))",
            fix: "Remove that pattern, or add an exception below it")
        }
        guard subject.context.kind(path) != nil, !subject.context.survives(path, subject.ignore)
        else { return nil }
        let example = path == "." ? "package.json" : GoPath.escapingPattern(path)
        return hit(
          subject, use, "is left out of the build context\(culprit(subject, path))",
          fix: "Remove that pattern, or add the line !\(example) below it")
      }
    },
    LintRule("FORGE-L003") { subject in
      guard subject.surroundings.isContextKnown else { return [] }
      return subject.uses.filter(\.leavesContext).map { use in
        hit(
          subject, use, "leads out of the build context, which no builder follows",
          fix: "Build with the folder above as the context, and write all sources from there")
      }
    },
    LintRule("FORGE-L004") { subject in
      subject.uses.compactMap { use in
        // Beside a source that is there, builders take it as optional: `package.json yarn.lock*`.
        guard let path = use.path, use.isGlob,
          !subject.uses.contains(where: {
            $0.instruction == use.instruction && mayExist($0, subject)
          })
        else { return nil }
        return hit(
          subject, use, "matches nothing: buildah and podman stop there, BuildKit copies nothing",
          fix: "Correct the pattern \(path), or remove it")
      }
    },
    LintRule("FORGE-L006") { subject in
      subject.uses.compactMap { use -> Hit? in
        guard let path = use.path, use.isGlob else { return nil }
        do throws(BadPattern) { _ = try subject.context.matches(path) } catch {
          return hit(
            subject, use, error.reason, fix: "Write a literal bracket as a class of its own: [[]")
        }
        return nil
      }
    },
    LintRule("FORGE-L007") { subject in
      subject.uses.compactMap { use in
        guard let path = use.path, use.isGlob, path.contains("["),
          subject.context.kind(path) != nil,
          let found = try? subject.context.matches(path), !found.contains(path)
        else { return nil }
        return hit(
          subject, use,
          "is a folder's name, but brackets are a class of characters: the folder is not copied",
          fix: "Write \(GoPath.escapingSource(path))")
      }
    },
  ]

  private static func isMissing(_ use: ContextUse, _ subject: LintSubject) -> Bool {
    guard let path = use.path, !use.leavesContext, !use.isGlob else { return false }
    return subject.context.kind(path) == nil
  }

  /// Whether a source is there, or only the build knows.
  private static func mayExist(_ use: ContextUse, _ subject: LintSubject) -> Bool {
    guard let path = use.path, !use.leavesContext else { return true }
    if subject.context.kind(path) != nil { return true }
    return use.isGlob && (try? subject.context.matches(path))?.isEmpty != true
  }

  private static func hit(
    _ subject: LintSubject, _ use: ContextUse, _ what: String, fix: String,
    severity: Severity? = nil
  ) -> Hit {
    var source = use.written
    if let path = use.path, path != use.written { source += " (\(path))" }
    return Hit(
      at: subject.place(line: use.instruction.line),
      "the \(use.means.rawValue) source \(source) \(what)", fix: fix, severity: severity)
  }

  /// ` by .dockerignore:3`, for the rule that leaves a path out.
  private static func culprit(_ subject: LintSubject, _ path: String) -> String {
    guard let name = subject.ignoreName, let rule = subject.ignore.decision(path) else { return "" }
    return " by \(rule.text) (\(name):\(rule.line))"
  }
}
