import ForgeFindings

/// What forge holds to be true of a service, and what that rests on. A fact is made where it is found; an analysis
/// shows it as a `Conclusion`.
package struct Fact<Value: Sendable>: Sendable {
  package var value: Value
  package var confidence: Conclusion.Confidence
  /// Everything that it rests on, the strongest first.
  package var evidence: [Place]
  /// The answers that were not taken.
  package var alternatives: [Conclusion.Alternative]
  /// By which rule the value follows from the evidence, in one sentence.
  package var why: String

  package init(
    _ value: Value, _ confidence: Conclusion.Confidence, evidence: [Place] = [],
    alternatives: [Conclusion.Alternative] = [], why: String
  ) {
    self.value = value
    self.confidence = confidence
    self.evidence = evidence
    self.alternatives = alternatives
    self.why = why
  }

  /// A fact that a file states outright.
  package static func certain(_ value: Value, at place: Place, why: String = "written there")
    -> Fact
  {
    Fact(value, .certain, evidence: [place], why: why)
  }

  /// What holds where nothing is written.
  package static func assumed(_ value: Value, why: String) -> Fact {
    Fact(value, .assumed, why: why)
  }

  /// A fact on the same evidence, with another value.
  package func map<Other>(_ transform: (Value) -> Other) -> Fact<Other> {
    Fact<Other>(
      transform(value), confidence, evidence: evidence, alternatives: alternatives, why: why)
  }

  /// Marks the fact as one that could be meant in two ways, as the finding says. A finding that only informs settles
  /// it well enough.
  package mutating func doubt(_ finding: Finding) {
    guard finding.severity != .info else { return }
    confidence = .ambiguous
    why = finding.message
    if let place = finding.place, !evidence.contains(place) { evidence.append(place) }
  }
}

extension Fact<String?> {
  /// How an analysis shows the fact.
  /// - Parameter key: the path of the fact in the analysis, such as `runtime.version`.
  package func conclusion(_ key: String) -> Conclusion {
    Conclusion(
      key, value, confidence, evidence: evidence.map(\.description), alternatives: alternatives,
      why: why)
  }
}

extension Fact<Migrations> {
  /// Migrations of which a file was found.
  package static func found(_ migrations: Migrations, at place: Place?) -> Fact {
    Fact(
      migrations, .likely, evidence: [place].compactMap(\.self),
      why: "the files of \(migrations.tool) are there")
  }
}
