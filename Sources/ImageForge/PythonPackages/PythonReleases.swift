import ForgeCatalogue
import ForgeCodebase
import ForgeSyntax

/// The table `recipes/data/python-releases.yaml`.
package struct PythonReleases: Decodable, Sendable {
  /// A minor version of Python 3.
  struct Line: Decodable, Sendable {
    let minor: Int
    /// The last month of security fixes: `2025-10`.
    let endOfLife: String
    /// Whether it has an image although it gets no more fixes.
    let image: Bool?
    /// The last releases of package managers that run on it, where the newest do not.
    let tools: [String: String]?

    enum CodingKeys: String, CodingKey {
      case minor, image, tools
      case endOfLife = "end-of-life"
    }
  }

  /// The day by which versions are judged.
  private let asOf: String
  /// The minor version that is used where nothing is asked for.
  let `default`: Int
  /// In ascending order.
  let lines: [Line]
  /// By the name of a package manager: the newest release of each of its lines, the newest first.
  private let tools: [String: [String]]

  /// Packages that bring to older Pythons what newer ones have.
  let backports: Set<String>

  enum CodingKeys: String, CodingKey {
    case asOf = "as-of"
    case `default`, lines, tools, backports
  }

  package static let table: PythonReleases = {
    // The table is embedded; a test reads it, so that an unreadable one cannot be released.
    let table = try? Catalogue.decode(PythonReleases.self, from: "data/python-releases.yaml")
    return table ?? PythonReleases(asOf: "", default: 13, lines: [], tools: [:], backports: [])
  }()

  private init(
    asOf: String, default: Int, lines: [Line], tools: [String: [String]], backports: Set<String>
  ) {
    self.backports = backports
    self.asOf = asOf
    self.default = `default`
    self.lines = lines
    self.tools = tools
  }

  /// The minor versions that still get security fixes, in ascending order: those that an image may have.
  var offered: [Int] { lines.filter { $0.endOfLife >= asOf }.map(\.minor) }

  /// The minor versions without fixes that have an image all the same, in ascending order.
  var retired: [Int] { lines.filter { $0.endOfLife < asOf && $0.image == true }.map(\.minor) }

  /// The last release of a package manager that runs on a Python; nil for the newest.
  package func last(_ tool: PackageManager.Name, on minor: Int) -> String? {
    lines.first { $0.minor == minor }?.tools?[tool.rawValue]
  }

  /// The oldest version that still gets security fixes.
  var oldest: Int { offered.first ?? `default` }

  /// The newest version that is known.
  var newest: Int { offered.last ?? `default` }

  /// The month in which a version got its last security fixes; nil for one that still gets them, or is not known.
  func endOfLife(of minor: Int) -> String? {
    lines.first { $0.minor == minor && $0.endOfLife < asOf }?.endOfLife
  }

  /// The newest release of a package manager that a project allows: of its lines, else one that the bounds name.
  func newest(_ tool: PackageManager.Name, in range: VersionSpecifier) -> String? {
    let known = tools[tool.rawValue] ?? []
    let all = known + range.bounds.map { $0.map(String.init).joined(separator: ".") }
    return all.first { VersionSpecifier.numbers($0).map(range.allows) == true }
  }
}
