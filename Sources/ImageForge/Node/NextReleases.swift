import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
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

  let node: [Minimum]
  let vulnerable: [Vulnerability]

  static let table: NextReleases = {
    let table = try? Catalogue.decode(NextReleases.self, from: "data/next-releases.yaml")
    return table ?? NextReleases(node: [], vulnerable: [])
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

  private init(node: [Minimum], vulnerable: [Vulnerability]) {
    self.node = node
    self.vulnerable = vulnerable
  }
}
