import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The table `recipes/data/next-releases.yaml`.
struct NextReleases: Decodable, Sendable {
  struct Minimum: Decodable, Sendable {
    let next: String
    let node: String
  }

  struct Vulnerability: Decodable, Sendable {
    struct Versions: Decodable, Sendable {
      let introduced: String
      let fixed: String
    }

    let id: String
    let title: String
    /// The router whose applications are open to it; nil for both.
    let router: NextFacts.Router?
    /// The file that makes applications open to it, beside `app/` or `pages/`, without its extension; since Next.js 16
    /// `proxy` does what `middleware` did.
    let file: String?
    let ranges: [Versions]

    /// The version that fixes it for an installed one; nil when that is not vulnerable.
    func fix(for version: SemanticVersion) -> String? {
      ranges.first { range in
        guard let low = SemanticVersion(range.introduced), let high = SemanticVersion(range.fixed)
        else { return false }
        return low <= version && version < high
      }?.fixed
    }
  }

  /// What a version no longer has.
  struct Removal: Decodable, Sendable {
    let since: String
    /// Words that a command of the build script has, in this order.
    let script: [String]?
    /// The path of a key of the configuration.
    let key: [String]?
    let severity: Severity
    let fix: String
  }

  let node: [Minimum]
  let vulnerable: [Vulnerability]
  let removed: [Removal]

  static let table: NextReleases = {
    let table = try? Catalogue.decode(NextReleases.self, from: "data/next-releases.yaml")
    return table ?? NextReleases(node: [], vulnerable: [], removed: [])
  }()

  /// The nearest version from `version` on that has none of them: what fixes one may have another.
  func fixed(_ version: SemanticVersion, of known: [Vulnerability]) -> SemanticVersion {
    var version = version
    // As often as there are ranges, and no more.
    for _ in known.flatMap(\.ranges) {
      let fixes = known.compactMap { $0.fix(for: version) }.compactMap { SemanticVersion($0) }
      guard let fix = fixes.max(), version < fix else { break }
      version = fix
    }
    return version
  }

  /// The lowest Node.js that a version of Next.js runs on.
  func minimumNode(for next: SemanticVersion) -> SemanticVersion? {
    for line in node {
      if let first = SemanticVersion(line.next), first <= next { return SemanticVersion(line.node) }
    }
    return nil
  }

  /// What a version no longer has that others before it had.
  func removed(in version: SemanticVersion) -> [Removal] {
    removed.filter { removal in
      SemanticVersion(removal.since).map { $0 <= version } ?? false
    }
  }

  private init(node: [Minimum], vulnerable: [Vulnerability], removed: [Removal]) {
    self.node = node
    self.vulnerable = vulnerable
    self.removed = removed
  }
}
