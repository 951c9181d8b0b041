import ForgeBasics
import ForgeCodebase

/// Why forge concluded what it did, for `forge analyze --explain KEY`.
public struct Explanation: Encodable, Sendable {
  /// One conclusion about one service.
  public struct Entry: Encodable, Sendable {
    /// The service's name.
    public let service: String
    /// What was concluded, and from what.
    public let conclusion: Conclusion
  }

  /// The version of this JSON: 1.
  public let schemaVersion = 1
  /// What was asked for, of each service that has it.
  public let entries: [Entry]

  /// The conclusions of a key in every service; a key's first part (`next`) means all below it, `environment.NAME` a
  /// variable.
  /// - Throws: `UnknownKeyError` where no service has the key.
  public init(_ key: String, of analysis: Analysis) throws(UnknownKeyError) {
    entries = analysis.services.flatMap { service in
      (service.conclusions + service.environment.map(\.conclusion)).filter {
        $0.key == key || $0.key.hasPrefix(key + ".")
      }.map { Entry(service: service.name, conclusion: $0) }
    }
    guard entries.isEmpty else { return }
    let known = analysis.services.flatMap { service in
      service.conclusions.map(\.key) + service.environment.map { "environment.\($0.name)" }
    }
    throw UnknownKeyError(key: key, known: Array(Set(known)).sorted())
  }

  /// What people read.
  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    for entry in entries {
      let conclusion = entry.conclusion
      layout.heading("\(entry.service): \(conclusion.key)")
      layout.line("  value        " + DisplayText.escape(conclusion.value ?? "none"))
      layout.line("  confidence   " + conclusion.confidence.rawValue)
      layout.paragraph(DisplayText.escape(conclusion.why), label: "  why          ")
      var label = "  evidence     "
      for place in conclusion.evidence {
        layout.line(label + DisplayText.escape(place))
        label = "               "
      }
      label = "  instead of   "
      for other in conclusion.alternatives {
        layout.paragraph(DisplayText.escape("\(other.value)  (\(other.source))"), label: label)
        label = "               "
      }
    }
    return layout.text
  }
}

/// Nothing was concluded under a key.
public struct UnknownKeyError: ForgeError, Equatable {
  /// The key that was asked for.
  public let key: String
  /// The keys that there are.
  public let known: [String]
  public var exitCode: ExitCode { .usage }
  public var description: String {
    "nothing is known as \(DisplayText.escape(key))\(NearestKey.hint(key, among: known)); there are: "
      + known.filter { !$0.hasPrefix("environment.") }.joined(separator: ", ")
      + ", environment.NAME"
  }
}

extension EnvironmentVariable {
  fileprivate var conclusion: Conclusion {
    Conclusion(
      "environment.\(name)", `default`, .certain, evidence: sources,
      why: "scope \(scope.rawValue); \(need)")
  }

  private var need: String {
    if required { return "required: it is read without a default" }
    return "optional: it has a default, or is only tested"
  }
}

/// What `forge analyze --strict` refuses.
public struct AmbiguityError: ForgeError, Equatable {
  /// One sentence for each conclusion that could be meant in two ways.
  public let reasons: [String]
  public var exitCode: ExitCode { .unreadableInput }
  public var description: String {
    "the codebase can be read in more than one way:\n"
      + reasons.map { "  " + $0 }.joined(separator: "\n")
      + "\nsay which one in forge.yaml (services:), or in the files that are named"
  }

  /// Nil where everything is clear.
  public init?(_ analysis: Analysis) {
    reasons = analysis.ambiguities.map { service, conclusion in
      let places = conclusion.evidence.prefix(3).joined(separator: ", ")
      return DisplayText.escape("\(service): \(conclusion.key): \(conclusion.why) (\(places))")
    }
    if reasons.isEmpty { return nil }
  }
}
