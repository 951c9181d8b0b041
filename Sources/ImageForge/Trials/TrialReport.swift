import ForgeBasics
import ForgeEngines

/// What `forge test` saw of an image that it started. Its JSON.
public struct TrialReport: Codable, Sendable, Equatable {
  public enum Outcome: String, Codable, Sendable {
    case passed, failed
    /// It could not be looked at here, or does not concern this image.
    case skipped
  }

  public struct Check: Codable, Sendable, Equatable {
    /// `starts`, `user`, `privileges`, `health`, `port`, `mcp`, `read-only`, `stops`.
    public let id: String
    public let outcome: Outcome
    public let message: String
    /// What to do, for a check that failed.
    public let fix: String?
    /// `Dockerfile:40`, or the instruction where there is no Dockerfile to point into.
    public let location: String?

    public init(
      id: String, outcome: Outcome, message: String, fix: String? = nil, location: String? = nil
    ) {
      self.id = id
      self.outcome = outcome
      self.message = message
      self.fix = fix
      self.location = location
    }

    /// With every key.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(id, forKey: .id)
      try container.encode(outcome, forKey: .outcome)
      try container.encode(message, forKey: .message)
      try container.encode(fix, forKey: .fix)
      try container.encode(location, forKey: .location)
    }
  }

  public struct Image: Codable, Sendable, Equatable {
    public let image: String
    public let checks: [Check]
    /// The container's last lines, where a check failed.
    public let log: [String]

    public init(image: String, checks: [Check], log: [String]) {
      self.image = image
      self.checks = checks
      self.log = log
    }

    public var passed: Bool { checks.allSatisfy { $0.outcome != .failed } }
  }

  public let schemaVersion: Int
  public let engine: Engine.Kind
  public let images: [Image]

  public init(engine: Engine.Kind, images: [Image]) {
    schemaVersion = 1
    self.engine = engine
    self.images = images
  }

  public var passed: Bool { images.allSatisfy(\.passed) }
}
