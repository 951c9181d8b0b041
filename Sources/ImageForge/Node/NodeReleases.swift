import ForgeBasics
import ForgeCatalogue
import ForgeCodebase
import ForgeSyntax

/// The table `recipes/data/node-releases.yaml`.
struct NodeReleases: Decodable, Sendable {
  struct Line: Decodable, Sendable {
    let major: Int
    /// The code name of the long-term support line, lower case.
    let name: String?
    let endOfLife: String

    enum CodingKeys: String, CodingKey {
      case major, name
      case endOfLife = "end-of-life"
    }
  }

  struct Lockfile: Decodable, Sendable {
    let manager: PackageManager.Name
    let format: String
    let version: String
  }

  let asOf: String
  let `default`: Int
  /// In ascending order.
  let lines: [Line]
  let lockfiles: [Lockfile]

  enum CodingKeys: String, CodingKey {
    case asOf = "as-of"
    case `default`, lines, lockfiles
  }

  static let table: NodeReleases = {
    // The table is embedded; a test reads it, so that an unreadable one cannot be released.
    let table = try? Catalogue.decode(NodeReleases.self, from: "data/node-releases.yaml")
    return table ?? NodeReleases(asOf: "", default: 24, lines: [], lockfiles: [])
  }()

  func isMaintained(_ line: Line) -> Bool { line.endOfLife >= asOf }

  private init(asOf: String, default: Int, lines: [Line], lockfiles: [Lockfile]) {
    self.asOf = asOf
    self.default = `default`
    self.lines = lines
    self.lockfiles = lockfiles
  }
}

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

    /// The version that mends it for an installed one; nil when that is not vulnerable.
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

  /// The nearest version from `version` on that has none of them: what mends one may have another.
  func mended(_ version: SemanticVersion, of known: [Vulnerability]) -> SemanticVersion {
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
