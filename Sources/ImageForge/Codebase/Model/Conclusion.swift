import ForgeBasics

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

extension Conclusion {
  /// - Parameter source: `file:line` of what shows that they are there.
  package static func migrations(_ migrations: Migrations?, _ source: String) -> Conclusion {
    Conclusion(
      "migrations", migrations?.command, .likely, evidence: [source],
      why: "the files of \(migrations?.tool ?? "a migration tool") are there")
  }

  /// - Parameter source: `file:line` of what counts the folder among the members.
  package static func workspace(_ workspace: Workspace?, _ source: String) -> Conclusion {
    Conclusion(
      "workspace.root", workspace?.root, .certain, evidence: [source],
      why: "the \(workspace?.kind ?? "") workspace there counts this folder among its members")
  }
}

extension Service {
  /// Adds a conclusion, or replaces the one of its key.
  package mutating func conclude(_ conclusion: Conclusion) {
    conclusions.removeAll { $0.key == conclusion.key }
    conclusions.append(conclusion)
  }

  /// Adds, for every fact that no analyser gave its reasons for, what its `source` tells. Sorts all by key.
  package mutating func completeConclusions() {
    let known = Set(conclusions.map(\.key))
    for conclusion in plainConclusions where !known.contains(conclusion.key) {
      conclusions.append(conclusion)
    }
    for finding in findings {
      guard let key = Self.ambiguities[finding.id.rawValue], finding.severity != .info,
        let index = conclusions.firstIndex(where: { $0.key == key })
      else { continue }
      conclusions[index].confidence = .ambiguous
      conclusions[index].why = finding.message
      if let place = finding.location, !conclusions[index].evidence.contains(place) {
        conclusions[index].evidence.append(place)
      }
    }
    conclusions.sort { ProjectTree.precedes($0.key, $1.key) }
  }

  /// Findings that say that something could be meant in two ways, and what.
  private static let ambiguities = [
    "FORGE-N010": "packageManager.name", "FORGE-N011": "packageManager.name",
    "FORGE-N016": "packageManager.name", "FORGE-N032": "next.configFile",
    "FORGE-N025": "runtime.version", "FORGE-F004": "fastapi.entrypoint",
    "FORGE-P020": "packageManager.name",
    "FORGE-P030": "runtime.version", "FORGE-P031": "runtime.version",
    "FORGE-P032": "runtime.version",
    "FORGE-P033": "runtime.version", "FORGE-P034": "runtime.version",
    "FORGE-P035": "runtime.version",
  ]

  private var plainConclusions: [Conclusion] {
    var found = [
      Self.plain("framework.name", framework.name, framework.source),
      Self.plain("framework.version", framework.version, framework.source),
      Self.plain("runtime.version", runtime.version, runtime.source),
      Self.plain("packageManager.name", packageManager.name.rawValue, packageManager.source),
      Self.plain("packageManager.version", packageManager.version, packageManager.source),
      Conclusion(
        "kind", kind.rawValue, .certain, evidence: [framework.source],
        why: "it depends on \(framework.name)"),
      Conclusion(
        "port", "\(port)", .assumed, why: "default: where the server listens unless told otherwise"),
      Conclusion(
        "healthPath", healthPath, healthPath == nil ? .unknown : .likely,
        why: healthPath == nil
          ? "no route has the name of a health check" : "a GET route of that name"),
      Conclusion(
        "databases", databases.isEmpty ? nil : databases.joined(separator: ", "), .likely,
        why: databases.isEmpty
          ? "no dependency is a database driver" : "the drivers among the dependencies"),
    ]
    if let fastapi {
      found.append(Self.plain("fastapi.entrypoint", fastapi.entrypoint, fastapi.source))
      found.append(
        Conclusion(
          "fastapi.server", fastapi.server, .likely,
          why: "the start command, or else the dependencies"))
    }
    return found
  }

  private static func plain(_ key: String, _ value: String?, _ source: String) -> Conclusion {
    if source.hasPrefix("default:") { return Conclusion(key, value, .assumed, why: source) }
    guard value != nil else {
      return Conclusion(key, nil, .unknown, evidence: [source], why: "nothing pins or bounds it")
    }
    return Conclusion(key, value, .certain, evidence: [source], why: "written there")
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
