import ForgeBasics
import Yams

/// One rule as the catalogue `recipes/data/rules.yaml` describes it.
public struct Rule: Sendable, Equatable, Decodable {
  public let id: String
  public let title: String
  /// The severity where the policy says nothing else.
  public let severity: Severity
  /// What the same rule is called in other tools and benchmarks.
  public let sameAs: [String]
  /// Why it matters, in a sentence or two.
  public let why: String

  enum CodingKeys: String, CodingKey {
    case id, title, severity, why
    case sameAs = "same-as"
  }
}

public enum RuleCatalogue {
  /// All rules, in the order of the catalogue.
  public static let rules: [Rule] = {
    struct File: Decodable { let rules: [Rule] }
    // The catalogue is embedded; a test reads it, so that an unreadable one cannot be released.
    let file = try? YAMLDecoder().decode(File.self, from: Catalogue.text("data/rules.yaml") ?? "")
    return file?.rules ?? []
  }()

  public static func rule(_ id: String) -> Rule? { rules.first { $0.id == id } }
}
