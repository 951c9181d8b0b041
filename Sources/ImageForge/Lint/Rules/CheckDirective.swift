import ForgeBasics
import ForgeSyntax

/// The directive `# check=skip=…;error=true;experimental=…`, by which a Dockerfile says which checks it wants.
/// BuildKit ignores names that it does not know, so that forge's own rules can be named beside its own.
struct CheckDirective {
  private var skipped: Set<String> = []
  private var experimental: Set<String> = []
  /// Warnings count as errors.
  private(set) var fails = false
  /// The first part that is none.
  private(set) var problem: String?

  init(_ value: String) {
    for part in value.split(separator: ";", maxSplits: 2) {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        \.trimmingSpaces)
      let names = sides.count > 1 ? Set(sides[1].split(separator: ",").map(\.trimmingSpaces)) : []
      switch sides[0] {
      case "skip" where sides.count > 1: skipped = names
      case "experimental" where sides.count > 1: experimental = names
      case "error" where Self.booleans[sides.last ?? ""] != nil:
        fails = Self.booleans[sides[1]] ?? false
      default: problem = problem ?? part.trimmingSpaces
      }
    }
  }

  /// As Go's `strconv.ParseBool` reads them.
  private static let booleans = [
    "1": true, "t": true, "T": true, "true": true, "TRUE": true, "True": true, "0": false,
    "f": false, "F": false,
    "false": false, "FALSE": false, "False": false,
  ]

  /// Whether a rule is to be asked. What stops every build is said whatever a `skip=all` says.
  func wants(_ rule: LintRule) -> Bool {
    let id = rule.id.rawValue
    if rule.isExperimental { return experimental.contains("all") || experimental.contains(id) }
    return !skipped.contains(id) && !(skipped.contains("all") && rule.severity != .error)
  }
}

extension LintSubject {
  // Patterns are compiled once; `Regex` is not `Sendable`, but one without captured closures never changes.
  private nonisolated(unsafe) static let hadolintComment = /hadolint\s+ignore\s*=\s*(.+)/
  private nonisolated(unsafe) static let checkComment = /check\s*=\s*(\S+).*/

  /// The directive at the top of the file.
  var directive: CheckDirective {
    CheckDirective(dockerfile.directives.first { $0.name == "check" }?.value ?? "")
  }

  /// Whether a comment right above the line tells hadolint, or a `# check=skip=…` tells BuildKit, to be silent.
  func silences(_ rule: LintRule, at line: Int) -> Bool {
    dockerfile.comments(above: line).contains { comment in
      if let match = comment.wholeMatch(of: Self.hadolintComment) {
        return match.1.split(separator: ",").contains { rule.sameAs.contains($0.trimmingSpaces) }
      }
      guard let match = comment.wholeMatch(of: Self.checkComment) else { return false }
      return !CheckDirective(String(match.1)).wants(rule)
    }
  }
}
