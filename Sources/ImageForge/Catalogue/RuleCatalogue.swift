import ForgeBasics
import ForgeFindings

/// One id that forge prints, as a row of `recipes/rules/*.yaml` describes it.
public struct Rule: Sendable, Equatable, Codable {
  /// What findings of it carry.
  public let id: FindingID
  /// What it finds, in a few words.
  public let title: String
  /// The severity where neither the policy nor the finding says anything else.
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
  /// Severities that single findings of it have beside `severity`, by what they found.
  package private(set) var also: [Severity] = []
  /// Ids that stood for this meaning before, and that policies may still name.
  package private(set) var formerly: [FindingID] = []

  enum CodingKeys: String, CodingKey {
    case id, title, severity, why, evidence, since, fix
    case sameAs = "same-as"
  }
}

/// A recommendation that no archive can tell about.
public struct NotCheckable: Sendable, Equatable, Codable {
  /// What the benchmark calls it.
  public let id: FindingID
  /// What it recommends.
  public let title: String
  /// Why an archive cannot tell.
  public let reason: String

  /// A recommendation, and why an archive cannot tell whether it is kept.
  package init(id: FindingID, title: String, reason: String) {
    self.id = id
    self.title = title
    self.reason = reason
  }
}

/// All ids that forge can print: one row and one meaning each.
public enum RuleCatalogue {
  /// What the files of one or several families hold.
  package struct Contents: Sendable {
    package let rules: [Rule]
    package let notCheckable: [NotCheckable]
    fileprivate let index: [FindingID: Int]
    /// The highest `since`.
    fileprivate let version: Int

    /// - Throws: `RuleCatalogueError` where a text is no catalogue.
    package init(yaml texts: [String]) throws(RuleCatalogueError) {
      var (rules, notCheckable): ([Rule], [NotCheckable]) = ([], [])
      for text in texts {
        let file: CatalogueTable
        do { file = try CatalogueTable(yaml: text) } catch {
          throw RuleCatalogueError(reason: "\(error)")
        }
        for row in file.rows("rules") { rules.append(try Rule(row)) }
        for row in file.rows("not-checkable") { notCheckable.append(try NotCheckable(row)) }
      }
      self.rules = rules
      self.notCheckable = notCheckable
      index = Dictionary(
        zip(rules.map(\.id), rules.indices), uniquingKeysWith: { first, _ in first })
      version = rules.map(\.since).max() ?? 1
    }

    /// The row of an id; nil where no file of these holds it.
    package func rule(_ id: FindingID) -> Rule? { index[id].map { rules[$0] } }
  }

  /// The families that a policy sets: what the gate judges images by.
  package static let gateFamilies = ["size", "image", "policy", "not-checkable"]
  /// The families of what else forge finds.
  package static let otherFamilies = [
    "archive", "lint", "next", "fastapi", "python", "mcp", "links", "tree",
  ]

  /// The text of one family's file.
  package static func text(family: String) -> String {
    Catalogue.text("rules/\(family).yaml") ?? ""
  }

  // The catalogue is embedded; a test reads it, so that an unreadable one cannot be released.
  private static let embedded = try? Contents(yaml: gateFamilies.map { text(family: $0) })

  // Read where an id is to be explained only: most runs print none of them.
  private static let others = try? Contents(yaml: otherFamilies.map { text(family: $0) })

  /// The gate's catalogue that is in force: the embedded one, but for tests of how rules of another version would be
  /// taken.
  @TaskLocal package static var contents: Contents? = embedded

  /// The version of the rules that this forge has: the highest `since`.
  public static var currentVersion: Int { contents?.version ?? 1 }

  /// The rules of the gate, in the order of the catalogue. A policy can set each of them.
  public static var rules: [Rule] { contents?.rules ?? [] }

  /// Every row, of the gate and of all else that forge finds.
  public static var allRules: [Rule] { rules + (others?.rules ?? []) }

  /// What is reported as not checkable, never as passed.
  public static var notCheckable: [NotCheckable] { contents?.notCheckable ?? [] }

  /// The row of an id, whichever room gives it; nil where there is none.
  public static func rule(_ id: FindingID) -> Rule? { contents?.rule(id) ?? others?.rule(id) }

  /// The rule that a person means: its id in any case, with or without `FORGE-`.
  package static func rule(spelled text: String) -> Rule? {
    let id = text.uppercased()
    if let rule = rule(FindingID(rawValue: id)) ?? rule(FindingID(rawValue: "FORGE-\(id)")) {
      return rule
    }
    return others?.rules.first { $0.id.rawValue.uppercased() == id }
  }
}

/// The embedded catalogue of rules cannot be used: a defect of forge, which tests rule out.
package struct RuleCatalogueError: ForgeError, Equatable {
  let reason: String
  package var exitCode: ExitCode { .defect }
  package var description: String { "recipes/rules is broken: \(reason); please report it" }
}

extension Rule {
  fileprivate init(_ row: CatalogueTable) throws(RuleCatalogueError) {
    let id = try row.required("id")
    guard let since = row.text("since").flatMap({ Int($0) }), since > 0 else {
      throw RuleCatalogueError(reason: "\(id) has no `since`")
    }
    guard let sameAs = row.texts("same-as") else {
      throw RuleCatalogueError(reason: "\(id) has no `same-as`")
    }
    self.init(
      id: FindingID(rawValue: id), title: try row.required("title"),
      severity: try Self.value(row.required("severity")), sameAs: sameAs,
      evidence: try Self.value(row.required("evidence")), since: since,
      why: try row.required("why"), fix: try row.required("fix"))
    for text in row.texts("also") ?? [] { also.append(try Self.value(text)) }
    formerly = (row.texts("formerly") ?? []).map { FindingID(rawValue: $0) }
  }

  private static func value<Value: RawRepresentable<String>>(
    _ text: String
  ) throws(RuleCatalogueError) -> Value {
    guard let value = Value(rawValue: text) else {
      throw RuleCatalogueError(reason: "\(text) is no \(Value.self)")
    }
    return value
  }
}

extension NotCheckable {
  fileprivate init(_ row: CatalogueTable) throws(RuleCatalogueError) {
    self.init(
      id: FindingID(rawValue: try row.required("id")), title: try row.required("title"),
      reason: try row.required("reason"))
  }
}

extension CatalogueTable {
  fileprivate func required(_ key: String) throws(RuleCatalogueError) -> String {
    guard let text = text(key) else { throw RuleCatalogueError(reason: "a row has no \(key)") }
    return text
  }
}
