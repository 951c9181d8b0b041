/// How grave a finding is. Ordered: `info` < `warning` < `error`.
public enum Severity: String, Codable, Sendable, CaseIterable, Comparable {
  case info, warning, error

  public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

  private var rank: Int {
    switch self {
    case .info: 0
    case .warning: 1
    case .error: 2
    }
  }
}

/// What a finding rests on. Files beat text: history is optional and written by whoever built the image.
public enum Evidence: String, Codable, Sendable {
  case source, file, config, history, archive
}

/// One thing that forge noticed in a codebase or an image, with where it is and how to mend it.
public struct Finding: Codable, Hashable, Sendable {
  /// Stable identifier, `FORGE-…`.
  public let id: String
  /// How grave it is.
  public let severity: Severity
  /// What is wrong, in one sentence. Never holds the value of a secret.
  public let message: String
  /// Where: `file:line` in a codebase, `layer N: path`, `config.User` or `history[N]` in an image.
  public let location: String?
  /// What to do about it: concrete, in the words of the file to change.
  public let fix: String?
  /// What it rests on.
  public let evidence: Evidence

  /// A finding of these parts.
  public init(
    id: String, severity: Severity, message: String, location: String? = nil, fix: String? = nil,
    evidence: Evidence = .source
  ) {
    self.id = id
    self.severity = severity
    self.message = message
    self.location = location
    self.fix = fix
    self.evidence = evidence
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(severity, forKey: .severity)
    try container.encode(message, forKey: .message)
    try container.encode(location, forKey: .location)
    try container.encode(fix, forKey: .fix)
    try container.encode(evidence, forKey: .evidence)
  }
}
