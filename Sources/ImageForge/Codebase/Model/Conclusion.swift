import ForgeBasics
import ForgeFindings

/// One thing that forge concluded about a service, what it rests on, and what else it could have been.
public struct Conclusion: Codable, Sendable, Equatable {
  public enum Confidence: String, Codable, Sendable {
    /// Written outright, in a place that decides.
    case certain
    /// Follows from what is written, by a rule of the tool that reads it.
    case likely
    /// Nothing is written: a default, named in `why`.
    case assumed
    /// Several answers stand beside one another, and nothing written decides between them.
    case ambiguous
    /// It cannot be known without running the project; `why` says what decides it.
    case unknown
  }

  /// An answer that was not taken.
  public struct Alternative: Codable, Sendable, Equatable, Hashable {
    public var value: String
    /// `file:line`, or a sentence.
    public var source: String

    public init(value: String, source: String) {
      self.value = value
      self.source = source
    }
  }

  /// The path of the fact in the analysis: `runtime.version`, `next.output`, `environment.API_URL`.
  public var key: String
  /// Nil where there is none, or none is known.
  @EncodesNull public var value: String?
  public var confidence: Confidence
  /// `file:line` of everything that it rests on, the strongest first.
  public var evidence: [String]
  public var alternatives: [Alternative]
  /// By which rule the value follows from the evidence, in one sentence.
  public var why: String

  public init(
    _ key: String, _ value: String?, _ confidence: Confidence, evidence: [String] = [],
    alternatives: [Alternative] = [], why: String
  ) {
    self.key = key
    self.value = value
    self.confidence = confidence
    self.evidence = evidence
    self.alternatives = alternatives
    self.why = why
  }
}

extension Conclusion.Alternative {
  /// An answer that stands somewhere in the project.
  package init(value: String, at place: Place) {
    self.init(value: value, source: place.description)
  }
}

extension Analysis {
  /// The conclusions that could be meant in two ways; `forge analyze --strict` takes them for errors.
  public var ambiguities: [(service: String, conclusion: Conclusion)] {
    services.flatMap { service in
      service.conclusions.filter { $0.confidence == .ambiguous }.map { (service.name, $0) }
    }
  }
}
