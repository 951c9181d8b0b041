import ForgeBasics
import ForgeEngines

/// What `forge test` saw of an image that it started. Its JSON.
public struct TrialReport: Codable, Sendable, Equatable {
  /// How a check ended.
  public enum Outcome: String, Codable, Sendable {
    case passed, failed
    /// It could not be looked at here, or does not concern this image.
    case skipped
  }

  /// One thing that was looked at while the image ran.
  public struct Check: Codable, Sendable, Equatable {
    /// `starts`, `user`, `privileges`, `health`, `port`, `mcp`, `read-only`, `stops`.
    public let id: String
    /// How it ended.
    public let outcome: Outcome
    /// What was seen.
    public let message: String
    /// What to do, for a check that failed.
    public let fix: String?
    /// `Dockerfile:40`, or the instruction where there is no Dockerfile to point into.
    public let location: String?

    /// A check, part by part.
    public init(
      id: String, outcome: Outcome, message: String, fix: String? = nil, location: String? = nil
    ) {
      self.id = id
      self.outcome = outcome
      self.message = message
      self.fix = fix
      self.location = location
    }

    /// What is as it should be.
    static func passed(_ id: String, _ message: String) -> Check {
      Check(id: id, outcome: .passed, message: message)
    }

    /// What could not be looked at, or does not concern the image.
    static func skipped(_ id: String, _ message: String) -> Check {
      Check(id: id, outcome: .skipped, message: message)
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

  /// What was seen of one image.
  public struct Image: Codable, Sendable, Equatable {
    /// The image, as it was named, or the service that it was built from.
    public let image: String
    /// What was looked at, in that order.
    public let checks: [Check]
    /// The container's last lines, where a check failed.
    public let log: [String]

    /// An image with its checks and its last lines.
    public init(image: String, checks: [Check], log: [String]) {
      self.image = image
      self.checks = checks
      self.log = log
    }

    /// Whether no check failed.
    public var passed: Bool { checks.allSatisfy { $0.outcome != .failed } }
  }

  /// The version of this JSON: 1.
  public let schemaVersion: Int
  /// What ran the images.
  public let engine: Engine.Kind
  /// The images, in the order of the services.
  public let images: [Image]

  /// The report of these images.
  public init(engine: Engine.Kind, images: [Image]) {
    schemaVersion = 1
    self.engine = engine
    self.images = images
  }

  /// Whether no image failed a check.
  public var passed: Bool { images.allSatisfy(\.passed) }
}
