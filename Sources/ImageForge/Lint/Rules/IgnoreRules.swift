import ForgeBasics
import ForgeCatalogue
import ForgeDockerignore

extension LintRule {
  /// What goes wrong in ignore files, which look like Git's and are not.
  static let ignoreFile: [LintRule] = [
    LintRule("FORGE-L020") {
      subject in
      hits(subject) { rule in
        let text = rule.pattern.cleaned
        guard text.contains("["), !text.contains("\\"), subject.context.kind(text) != nil,
          !rule.pattern.matches(text)
        else { return nil }
        return (
          "\(rule.text) is a folder's name, but brackets are a class of characters: the folder is not matched",
          "Write \(rule.pattern.isException ? "!" : "")\(GoPath.escapingPattern(text))"
        )
      }
    },
    LintRule("FORGE-L021") { subject in
      hits(subject) { rule in
        let name = rule.pattern.cleaned
        guard !rule.pattern.isException, !name.contains("/"), !name.contains("*"),
          bulky.contains(name),
          let deeper = deeperFolder(name, subject)
        else { return nil }
        return (
          "\(rule.text) matches only at the top of the context; \(deeper) is sent to the builder",
          "Write **/\(name)"
        )
      }
    },
    LintRule("FORGE-L023") {
      subject in
      hits(subject) { rule in
        let text = rule.pattern.cleaned
        guard rule.pattern.isException, GoGlob.isGlob(text), let kept = lostToBuildah(rule, subject)
        else { return nil }
        return (
          "\(rule.text) keeps \(kept) for BuildKit alone: buildah and podman do not look into an ignored folder for "
            + "a pattern with wildcards",
          "Write the exception without wildcards: !\(GoPath.escapingPattern(kept))"
        )
      }
    },
    LintRule("FORGE-L022") { subject in
      hits(subject) { rule in
        guard rule.text.hasPrefix("#") else { return nil }
        return (
          "an indented # starts a pattern, not a comment", "Move the # to the start of the line"
        )
      }
    },
  ]

  private static func hits(
    _ subject: LintSubject, _ check: (Dockerignore.Rule) -> (message: String, fix: String)?
  ) -> [Hit] {
    guard let name = subject.ignoreName else { return [] }
    return subject.ignore.rules.compactMap { rule in
      check(rule).map { Hit(at: .source(file: name, line: rule.line), $0.message, fix: $0.fix) }
    }
  }

  /// A file that the rule keeps, in a folder that is ignored and that no exception names.
  private static func lostToBuildah(_ rule: Dockerignore.Rule, _ subject: LintSubject) -> String? {
    let ignore = subject.ignore
    func isClosed(_ path: String) -> Bool {
      ignore.ignores(path)
        && !ignore.rules.contains {
          $0.pattern.isException && ($0.pattern.cleaned + "/").hasPrefix(path + "/")
        }
    }
    return subject.context.first(
      below: ".", depth: 6,
      enters: { !bulky.contains(String($0.split(separator: "/").last ?? "")) },
      where: { path, kind in
        guard kind == .file, ignore.decision(path)?.line == rule.line else { return false }
        let parts = path.split(separator: "/")
        return (1..<max(1, parts.count)).contains {
          isClosed(parts.prefix($0).joined(separator: "/"))
        }
      })
  }

  /// Folders that installs and builds leave behind, at any depth.
  private static let bulky: Set<String> = [
    "node_modules", ".next", "__pycache__", ".venv", "venv", ".turbo", ".pytest_cache",
    ".mypy_cache", "dist",
  ]

  private static func deeperFolder(_ name: String, _ subject: LintSubject) -> String? {
    let ignore = subject.ignore
    return subject.context.first(
      below: ".", depth: 6,
      enters: {
        !bulky.contains(String($0.split(separator: "/").last ?? "")) && !ignore.ignores($0)
      },
      where: { path, kind in kind == .folder && path.hasSuffix("/\(name)") && !ignore.ignores(path)
      })
  }
}
