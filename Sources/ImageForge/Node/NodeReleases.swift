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
