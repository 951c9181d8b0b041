import ForgeBasics
import ForgeDockerignore

extension LintRule {
  /// That everything which the Dockerfile takes from the context is there, after the ignore file.
  static let context: [LintRule] = [
    LintRule("FORGE-L001", .error, "A source does not exist") { subject in
      subject.uses.compactMap { use in
        guard let path = use.path, !use.leavesContext, !use.isGlob,
          subject.context.kind(path) == nil
        else {
          return nil
        }
        return hit(
          subject, use, "is not in the build context \(subject.context.root)",
          fix:
            "Correct the path, add the file, or build with the folder that holds it as the context")
      }
    },
    // BuildKit warns of it, and then finds nothing to copy.
    LintRule("CopyIgnoredFile", .error, "A source is ignored") { subject in
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
        let kept = path == "." ? "!package.json" : "!" + GoPath.escapingPattern(path)
        return hit(
          subject, use, "is left out of the build context\(culprit(subject, path))",
          fix: "Remove that pattern, or add the line \(kept) below it")
      }
    },
    LintRule("FORGE-L003", .error, "A source lies outside the context") { subject in
      subject.uses.filter(\.leavesContext).map { use in
        hit(
          subject, use, "leads out of the build context, which no builder follows",
          fix: "Build with the folder above as the context, and write all sources from there")
      }
    },
    LintRule("FORGE-L004", .warning, "A source with wildcards matches nothing") { subject in
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
    LintRule("FORGE-L006", .error, "A source is a malformed pattern") { subject in
      subject.uses.compactMap { use -> Hit? in
        guard let path = use.path, use.isGlob else { return nil }
        do throws(BadPattern) { _ = try subject.context.matches(path) } catch {
          return hit(
            subject, use, error.reason, fix: "Write a literal bracket as a class of its own: [[]")
        }
        return nil
      }
    },
    LintRule("FORGE-L007", .error, "Brackets of a path are read as a class") { subject in
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

  /// Whether a source is there, or only the build knows.
  private static func mayExist(_ use: ContextUse, _ subject: LintSubject) -> Bool {
    guard let path = use.path, !use.leavesContext else { return true }
    if subject.context.kind(path) != nil { return true }
    return use.isGlob && (try? subject.context.matches(path))?.isEmpty != true
  }

  private static func hit(_ subject: LintSubject, _ use: ContextUse, _ what: String, fix: String)
    -> Hit
  {
    let source =
      use.written == use.path || use.path == nil
      ? use.written : "\(use.written) (\(use.path ?? ""))"
    return Hit(
      at: subject.place(line: use.instruction.line),
      "the \(use.means.rawValue) source \(source) \(what)", fix: fix)
  }

  /// ` by .dockerignore:3`, for the rule that leaves a path out.
  private static func culprit(_ subject: LintSubject, _ path: String) -> String {
    guard let name = subject.ignoreName, let rule = subject.ignore.decision(path) else { return "" }
    return " by \(rule.text) (\(name):\(rule.line))"
  }
}
