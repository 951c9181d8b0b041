import ForgeBasics
import Yams

/// One rule as the catalogue `recipes/data/rules.yaml` describes it.
public struct Rule: Sendable, Equatable, Codable {
  public let id: String
  public let title: String
  /// The severity where the policy says nothing else.
  public let severity: Severity
  /// What the same rule is called in other tools and benchmarks.
  public let sameAs: [String]
  /// What it rests on.
  public let evidence: Evidence
  /// The version of the rules that it came with: a policy of an older version only gets a warning.
  public let since: Int
  /// Why it matters, in a sentence or two.
  public let why: String
  /// What to change, in general; a finding says it in particular.
  public let fix: String

  enum CodingKeys: String, CodingKey {
    case id, title, severity, why, evidence, since, fix
    case sameAs = "same-as"
  }
}

/// A recommendation that no archive can tell about.
public struct NotCheckable: Sendable, Equatable, Codable {
  public let id: String
  public let title: String
  public let reason: String
}

public enum RuleCatalogue {
  /// The version of the rules that this forge has: the highest `since`.
  public static let currentVersion = 1

  private struct File: Decodable {
    let rules: [Rule]
    let notCheckable: [NotCheckable]

    enum CodingKeys: String, CodingKey {
      case rules
      case notCheckable = "not-checkable"
    }
  }

  // The catalogue is embedded; a test reads it, so that an unreadable one cannot be released.
  private static let file = try? YAMLDecoder().decode(File.self, from: Catalogue.text("data/rules.yaml") ?? "")

  /// All rules, in the order of the catalogue.
  public static var rules: [Rule] { file?.rules ?? [] }

  /// What is reported as not checkable, never as passed.
  public static var notCheckable: [NotCheckable] { file?.notCheckable ?? [] }

  public static func rule(_ id: String) -> Rule? { rules.first { $0.id == id } }
}
