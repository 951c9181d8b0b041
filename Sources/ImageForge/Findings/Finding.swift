import ForgeBasics

/// One thing that forge noticed in a codebase or an image, with where it is and how to fix it.
public struct Finding: Hashable, Sendable {
  /// What a finding speaks of, beside where it lies: what an edit, a suppression or another finding goes by.
  public enum Subject: Hashable, Sendable, Codable {
    /// A variable of the environment, by its name.
    case variable(String)
    /// An element of a variable that is a list of folders, such as PATH, by the variable's name.
    case pathElement(of: String)
    /// A port, by its number.
    case port(Int)
    /// A service of the analysed project, by its name.
    case service(String)
    /// A package, by its name.
    case package(String)
    /// The program whose leftovers or options it is about, such as `dnf`.
    case program(String)
  }

  /// Stable identifier, `FORGE-…`.
  public let id: FindingID
  /// How severe it is.
  public let severity: Severity
  /// What is wrong, in one sentence. Never holds the value of a secret.
  public let message: String
  /// Where it lies; nil where it is about the whole.
  public let place: Place?
  /// What it speaks of, where that is one thing.
  public let subject: Subject?
  /// What to do about it: concrete, in the words of the file to change.
  public let fix: String?
  /// What it rests on.
  public let evidence: Evidence
  /// The line that made it, where the image's Dockerfile is known.
  public let cause: SourceLine?
  /// The fix as an edit, where it follows from the files that the image was built from.
  public let change: SourceChange?
  /// Of a secret: the start of the SHA-256 of its value, by which two of one kind are told apart.
  public let fingerprint: String?

  /// A finding; what a caller leaves out is not known.
  public init(
    id: FindingID, severity: Severity, message: String, at place: Place?, subject: Subject? = nil,
    fix: String? = nil, evidence: Evidence = .source, cause: SourceLine? = nil,
    change: SourceChange? = nil, fingerprint: String? = nil
  ) {
    self.id = id
    self.severity = severity
    self.message = message
    self.place = place
    self.subject = subject
    self.fix = fix
    self.evidence = evidence
    self.cause = cause
    self.change = change
    self.fingerprint = fingerprint
  }

  /// The variable that it speaks of, whether of the whole or of an element.
  package var variable: String? {
    switch subject {
    case .variable(let name), .pathElement(of: let name): name
    case .port, .service, .package, .program, nil: nil
    }
  }

  /// The place as people read it: `file:line` in a codebase, `layer N: path`, `config.User` or `history[N]` in an image.
  public var location: String? { place?.description }

  /// The same, with where it comes from and how exactly to fix it.
  package func traced(to cause: SourceLine?, change: SourceChange?) -> Finding {
    Finding(
      id: id, severity: severity, message: message, at: place, subject: subject, fix: fix,
      evidence: evidence, cause: cause, change: change, fingerprint: fingerprint)
  }

  /// The same at another place.
  package func placed(at place: Place) -> Finding {
    Finding(
      id: id, severity: severity, message: message, at: place, subject: subject, fix: fix,
      evidence: evidence, cause: cause, change: change, fingerprint: fingerprint)
  }

  /// The same with another remedy.
  package func fixed(by fix: String?) -> Finding {
    Finding(
      id: id, severity: severity, message: message, at: place, subject: subject, fix: fix,
      evidence: evidence, cause: cause, change: change, fingerprint: fingerprint)
  }

  /// The order in which people read findings: the most severe first; then by id, place and message.
  package static func isBefore(_ a: Finding, _ b: Finding) -> Bool {
    if a.severity != b.severity { return a.severity > b.severity }
    return (a.id, a.location ?? "", a.message) < (b.id, b.location ?? "", b.message)
  }
}

extension Finding: Codable {
  private enum CodingKeys: String, CodingKey {
    case id, severity, message, location, fix, evidence, cause, change
    case place, subject, fingerprint
  }

  /// Set in an encoder's `userInfo`, `place` and `subject` are written too, so that the finding can be read back whole.
  package static let keepsPlaces = CodingUserInfoKey(rawValue: "forge.finding.keepsPlaces")

  /// Writes the keys of forge's JSON: the place as the text `location`, and null for what is not known.
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
    try container.encodeIfPresent(fingerprint, forKey: .fingerprint)
    if let key = Self.keepsPlaces, encoder.userInfo[key] != nil {
      try container.encode(place, forKey: .place)
      try container.encode(subject, forKey: .subject)
    }
  }

  /// Reads forge's JSON. Where it was written without `place`, the location is known as a text only.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(FindingID.self, forKey: .id)
    severity = try container.decode(Severity.self, forKey: .severity)
    message = try container.decode(String.self, forKey: .message)
    subject = try container.decodeIfPresent(Subject.self, forKey: .subject)
    fix = try container.decodeIfPresent(String.self, forKey: .fix)
    evidence = try container.decode(Evidence.self, forKey: .evidence)
    cause = try container.decodeIfPresent(SourceLine.self, forKey: .cause)
    change = try container.decodeIfPresent(SourceChange.self, forKey: .change)
    fingerprint = try container.decodeIfPresent(String.self, forKey: .fingerprint)
    let location = try container.decodeIfPresent(String.self, forKey: .location)
    place =
      try container.decodeIfPresent(Place.self, forKey: .place) ?? location.map(Place.text)
  }
}
