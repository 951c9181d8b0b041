import ForgeBasics
import ForgeCodebase
import Yams

/// `recipes/data/bases.yaml`: which base images and tool versions the recipes use.
struct BaseTable: Decodable, Sendable {
  struct Bases: Decodable, Sendable {
    /// The versions that have such images, as the tags write them; oldest first.
    let versions: [String]
    private let build: String
    private let final: String

    /// The tags for a runtime version; `22.20.0` is served by the image of `22`. Nil when there is none.
    func images(for version: String) -> (build: String, final: String)? {
      guard let listed = versions.first(where: { version == $0 || version.hasPrefix($0 + ".") }) else { return nil }
      return (build.replacing("{version}", with: listed), final.replacing("{version}", with: listed))
    }
  }

  let node: Bases
  let python: Bases
  /// By the package manager's name.
  private let tools: [String: String]

  private static let file = "data/bases.yaml"

  static func load() throws(RecipeError) -> BaseTable {
    guard let text = Catalogue.text(file) else {
      throw .brokenRecipe(file: file, reason: "it is missing")
    }
    do {
      return try YAMLDecoder().decode(BaseTable.self, from: text)
    } catch {
      throw .brokenRecipe(file: file, reason: "\(error)")
    }
  }

  /// The exact version to install of the project's package manager: the one it pins, else the table's.
  func version(of manager: PackageManager) throws(RecipeError) -> String {
    if let pinned = manager.version, DockerText.isExactVersion(pinned) { return pinned }
    guard let version = tools[manager.name.rawValue] else {
      throw .brokenRecipe(file: Self.file, reason: "tools lacks \(manager.name.rawValue)")
    }
    return version
  }
}
