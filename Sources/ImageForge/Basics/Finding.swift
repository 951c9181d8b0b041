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

/// The line of a project's file that made what a finding is about.
public struct SourceLine: Codable, Hashable, Sendable {
  /// Relative to the folder in which the command was run, where it lies below it.
  public let file: String
  /// From 1.
  public let line: Int
  /// The start of what stands there, on one line; empty where it is not to be shown. Never holds the value of a secret.
  public let text: String

  /// A line of these parts.
  public init(file: String, line: Int, text: String = "") {
    self.file = file
    self.line = line
    self.text = text
  }
}

/// What to write into a file of a project so that a finding is gone: whole lines that take the place of others.
public struct SourceChange: Codable, Hashable, Sendable {
  /// Relative to the folder in which the command was run, where it lies below it.
  public let file: String
  /// The first line that changes, from 1; where none is removed, the line that what is inserted becomes.
  public let line: Int
  /// How many lines go.
  public let removes: Int
  /// The lines that come, without their ends. Never hold the value of a secret.
  public let inserts: [String]

  /// A change of these parts.
  public init(file: String, line: Int, removes: Int, inserts: [String]) {
    self.file = file
    self.line = line
    self.removes = removes
    self.inserts = inserts
  }
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
  /// The line that made it, where the image's Dockerfile is known.
  public let cause: SourceLine?
  /// The fix as an edit, where it follows from the files that the image was built from.
  public let change: SourceChange?

  /// A finding of these parts.
  public init(
    id: String, severity: Severity, message: String, location: String? = nil, fix: String? = nil,
    evidence: Evidence = .source, cause: SourceLine? = nil, change: SourceChange? = nil
  ) {
    self.id = id
    self.severity = severity
    self.message = message
    self.location = location
    self.fix = fix
    self.evidence = evidence
    self.cause = cause
    self.change = change
  }

  /// The same, with where it comes from and how exactly to mend it.
  package func traced(to cause: SourceLine?, change: SourceChange?) -> Finding {
    Finding(
      id: id, severity: severity, message: message, location: location, fix: fix,
      evidence: evidence, cause: cause,
      change: change)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(severity, forKey: .severity)
    try container.encode(message, forKey: .message)
    try container.encode(location, forKey: .location)
    try container.encode(fix, forKey: .fix)
    try container.encode(evidence, forKey: .evidence)
    try container.encode(cause, forKey: .cause)
    try container.encode(change, forKey: .change)
  }
}
