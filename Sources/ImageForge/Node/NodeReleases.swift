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

  /// A setting, and the first version that reads it.
  struct Setting: Decodable, Sendable {
    let key: String
    let version: String
  }

  let asOf: String
  let `default`: Int
  /// In ascending order.
  let lines: [Line]
  let lockfiles: [Lockfile]
  /// Of `pnpm-workspace.yaml`.
  let settings: [Setting]

  enum CodingKeys: String, CodingKey {
    case asOf = "as-of"
    case `default`, lines, lockfiles, settings
  }

  static let table: NodeReleases = {
    // The table is embedded; a test reads it, so that an unreadable one cannot be released.
    let table = try? Catalogue.decode(NodeReleases.self, from: "data/node-releases.yaml")
    return table ?? NodeReleases(asOf: "", default: 24, lines: [], lockfiles: [], settings: [])
  }()

  func isMaintained(_ line: Line) -> Bool { line.endOfLife >= asOf }

  private init(
    asOf: String, default: Int, lines: [Line], lockfiles: [Lockfile], settings: [Setting]
  ) {
    self.asOf = asOf
    self.default = `default`
    self.lines = lines
    self.lockfiles = lockfiles
    self.settings = settings
  }
}
