import ForgeBasics
import ForgeCatalogue
import ForgeFindings
import ForgeRules
import ForgeSecrets

/// All rules. The JSON of `forge rules`.
public struct RuleList: Encodable, Sendable {
  /// The version of this JSON: 1.
  public let schemaVersion = 1
  /// The rules that an image is judged by.
  public let rules = RuleCatalogue.rules
  /// What an archive cannot tell.
  public let notCheckable = RuleCatalogue.notCheckable

  /// The rules of this version.
  public init() {}

  /// What people read.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.table(
      rules.map { [$0.id.rawValue, $0.severity.rawValue, $0.evidence.rawValue, $0.title] },
      header: ["RULE", "SEVERITY", "EVIDENCE", "TITLE"], indent: 0)
    layout.heading("not checkable from an archive, and never reported as passed")
    layout.table(notCheckable.map { [$0.id.rawValue, $0.title] })
    return layout.text
  }

  /// The table of the README.
  public var markdown: String {
    rules.reduce(
      "| rule | by default | what it finds | evidence | elsewhere |\n|---|---|---|---|---|\n"
    ) {
      text, rule in
      text
        + "| `\(rule.id)` | \(rule.severity.rawValue) | \(rule.title) | \(rule.evidence.rawValue) | "
        + "\(rule.sameAs.joined(separator: ", ")) |\n"
    }
  }
}

extension Rule {
  /// What `forge rules ID` prints for people.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.line(layout.ink("\(id)  \(title)", .bold))
    layout.paragraph(severity.rawValue, label: "  severity  ")
    layout.paragraph(evidence.rawValue, label: "  evidence  ")
    if !sameAs.isEmpty { layout.paragraph(sameAs.joined(separator: ", "), label: "  same as   ") }
    layout.paragraph(why, label: "  why       ")
    layout.paragraph(fix, label: "  fix       ")
    layout.paragraph(
      "rules: {\(id): \(severity == .error ? "warning" : "error")}   # or off",
      label: "  change    ")
    return layout.text
  }
}

/// The kinds of secrets. The JSON of `forge rules --secrets`.
public struct SecretKinds: Encodable, Sendable {
  /// One kind of secret.
  public struct Kind: Encodable, Sendable {
    public let id: String
    /// What people call the secret.
    public let title: String
    /// How severe a finding of it is, unless the policy says otherwise.
    public let severity: Severity
  }

  /// The version of this JSON: 1.
  public let schemaVersion = 1
  /// The kinds of secrets that are looked for.
  public let kinds: [Kind]

  /// - Throws: a `ForgeError` where the embedded catalogue is broken.
  public init() throws {
    kinds = try SecretCatalogue.standard.get().kinds.map {
      Kind(id: $0.id, title: $0.title, severity: $0.severity)
    }
  }

  /// What people read.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.table(
      kinds.map { [$0.id, $0.severity.rawValue, $0.title] }, header: ["KIND", "SEVERITY", "TITLE"],
      indent: 0)
    return layout.text
  }
}

/// What a policy has in force. The JSON of `forge policy show`.
public struct PolicySettings: Encodable, Sendable {
  /// One setting of the policy.
  public struct Setting: Encodable, Sendable, Equatable {
    /// Its key in `forge.yaml`.
    public let key: String
    /// Its value, as people write it.
    public let value: String
    /// `default`, `profile strict`, `forge.yaml:3`, `--max-size`.
    public let origin: String
  }

  /// The version of this JSON: 1.
  public let schemaVersion = 1
  /// The settings that are not the default of their kind, and those that always count.
  public let settings: [Setting]
  /// The findings that the policy accepts.
  public let suppressions: [Suppression]

  /// The JSON Schema of forge.yaml.
  public static var schema: String { Catalogue.text("schema/forge.schema.json") ?? "" }

  /// A policy, setting by setting.
  public init(_ policy: Policy) {
    suppressions = policy.suppressions
    var rows: [(String, String)] = [
      ("version", String(policy.version)), ("profile", policy.profile.rawValue),
      ("fail-on", policy.failOn.rawValue), ("size.max", ByteCount.text(policy.maximumSize)),
      ("size.metric", policy.metric.rawValue), ("size.growth", policy.growth.text),
      ("layers", String(policy.maximumLayers)), ("numeric-user", String(policy.needsNumericUser)),
    ]
    if let limit = policy.maximumLayer { rows.append(("size.layer", ByteCount.text(limit))) }
    if let limit = policy.maximumWaste { rows.append(("size.waste", ByteCount.text(limit))) }
    if let least = policy.leastEfficiency {
      rows.append(("size.efficiency", "\(Double((least * 10_000).rounded()) / 100)%"))
    }
    if let file = policy.baseline { rows.append(("baseline", file)) }
    func limits(_ list: [Policy.Limit]) -> String {
      list.map { "\($0.name): \(ByteCount.text($0.bytes))" }.joined(separator: ", ")
    }
    if !policy.pathLimits.isEmpty { rows.append(("size.paths", limits(policy.pathLimits))) }
    if !policy.packageLimits.isEmpty {
      rows.append(("size.packages", limits(policy.packageLimits)))
    }
    let assertions = policy.assertions
    func except(_ patterns: [String]) -> String {
      if patterns.isEmpty { return "true" }
      return "except \(patterns.joined(separator: ", "))"
    }
    if let patterns = assertions.setuidExcept {
      rows.append(("assert.no-setuid", except(patterns)))
    }
    if let patterns = assertions.worldWritableExcept {
      rows.append(("assert.no-world-writable", except(patterns)))
    }
    if assertions.forbidsShell { rows.append(("assert.no-shell", "true")) }
    if !assertions.absent.isEmpty {
      rows.append(("assert.absent", assertions.absent.joined(separator: ", ")))
    }
    if !assertions.newest.isEmpty {
      rows.append(
        (
          "assert.newest",
          assertions.newest.map { "\($0.path) until \($0.date)" }.joined(separator: ", ")
        ))
    }
    if !assertions.files.isEmpty {
      rows.append(("assert.files", assertions.files.map(\.path).joined(separator: ", ")))
    }
    for rule in RuleCatalogue.rules {
      rows.append(("rules.\(rule.id)", policy.severity(of: rule)?.rawValue ?? "off"))
    }
    settings = rows.map { Setting(key: $0, value: $1, origin: policy.origins[$0] ?? "default") }
  }

  /// What people read.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.table(
      settings.map { [$0.key, DisplayText.escape($0.value), DisplayText.escape($0.origin)] },
      header: ["KEY", "VALUE", "FROM"], indent: 0)
    if !suppressions.isEmpty {
      layout.heading("suppressions")
      layout.table(
        suppressions.map { row in
          [
            row.rule.rawValue, DisplayText.escape(row.path ?? "everywhere"),
            row.expires.map { "until \($0)" } ?? "",
            DisplayText.escape(row.source.description), DisplayText.escape(row.reason),
          ]
        })
    }
    return layout.text
  }
}

extension Policy.Growth {
  /// As forge.yaml writes it.
  fileprivate var text: String {
    switch self {
    case .bytes(let bytes): ByteCount.text(bytes)
    case .permille(let share): "\(share / 10)\(share % 10 == 0 ? "" : ".\(share % 10)")%"
    }
  }
}
