import ForgeBasics
import ForgeFindings

/// One rule as the catalogue `recipes/data/rules.yaml` describes it.
public struct Rule: Sendable, Equatable, Codable {
  public let id: FindingID
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
  public let id: FindingID
  public let title: String
  public let reason: String

  /// A recommendation, and why an archive cannot tell whether it is kept.
  package init(id: FindingID, title: String, reason: String) {
    self.id = id
    self.title = title
    self.reason = reason
  }
}

public enum RuleCatalogue {
  /// What `recipes/data/rules.yaml` holds.
  package struct Contents: Sendable {
    package let rules: [Rule]
    package let notCheckable: [NotCheckable]
    fileprivate let index: [FindingID: Int]
    /// The highest `since`.
    fileprivate let version: Int

    /// - Throws: where the text is no catalogue.
    package init(yaml: String) throws(RuleCatalogueError) {
      let file: CatalogueTable
      do { file = try CatalogueTable(yaml: yaml) } catch {
        throw RuleCatalogueError(reason: "\(error)")
      }
      rules = try file.rows("rules").map { (row) throws(RuleCatalogueError) in try Rule(row) }
      notCheckable = try file.rows("not-checkable").map { (row) throws(RuleCatalogueError) in
        NotCheckable(
          id: FindingID(rawValue: try row.required("id")), title: try row.required("title"),
          reason: try row.required("reason"))
      }
      index = Dictionary(
        zip(rules.map(\.id), rules.indices), uniquingKeysWith: { first, _ in first })
      version = rules.map(\.since).max() ?? 1
    }
  }

  // The catalogue is embedded; a test reads it, so that an unreadable one cannot be released.
  private static let embedded = try? Contents(yaml: Catalogue.text("data/rules.yaml") ?? "")

  /// The catalogue that is in force: the embedded one, but for tests of how rules of another version would be taken.
  @TaskLocal package static var contents: Contents? = embedded

  /// The version of the rules that this forge has: the highest `since`.
  public static var currentVersion: Int { contents?.version ?? 1 }

  /// All rules, in the order of the catalogue.
  public static var rules: [Rule] { contents?.rules ?? [] }

  /// What is reported as not checkable, never as passed.
  public static var notCheckable: [NotCheckable] { contents?.notCheckable ?? [] }

  /// The rule that a person means: its id in any case, with or without `FORGE-`.
  package static func rule(spelled text: String) -> Rule? {
    let id = text.uppercased()
    return rule(FindingID(rawValue: id)) ?? rule(FindingID(rawValue: "FORGE-\(id)"))
  }

  /// The row of an id; nil where there is none.
  public static func rule(_ id: FindingID) -> Rule? {
    guard let contents, let index = contents.index[id] else { return nil }
    return contents.rules[index]
  }
}

/// The embedded catalogue of rules cannot be used: a defect of forge, which tests rule out.
package struct RuleCatalogueError: ForgeError, Equatable {
  let reason: String
  package var exitCode: ExitCode { .defect }
  package var description: String {
    "recipes/data/rules.yaml is broken: \(reason); please report it"
  }
}

extension Rule {
  fileprivate init(_ row: CatalogueTable) throws(RuleCatalogueError) {
    func named<Value: RawRepresentable<String>>(_ key: String) throws(RuleCatalogueError) -> Value {
      let text = try row.required(key)
      guard let value = Value(rawValue: text) else {
        throw RuleCatalogueError(reason: "the \(key) \(text) is unknown")
      }
      return value
    }
    guard let since = row.text("since").flatMap({ Int($0) }), since > 0 else {
      throw RuleCatalogueError(reason: "a rule has no `since`")
    }
    guard let sameAs = row.texts("same-as") else {
      throw RuleCatalogueError(reason: "a rule has no `same-as`")
    }
    self.init(
      id: FindingID(rawValue: try row.required("id")), title: try row.required("title"),
      severity: try named("severity"),
      sameAs: sameAs, evidence: try named("evidence"), since: since, why: try row.required("why"),
      fix: try row.required("fix"))
  }
}

extension CatalogueTable {
  fileprivate func required(_ key: String) throws(RuleCatalogueError) -> String {
    guard let text = text(key) else { throw RuleCatalogueError(reason: "a row has no \(key)") }
    return text
  }
}
