import ForgeBasics
import ForgeEngines
import ForgeInspection
import ForgeRules
import Foundation

/// What `forge build` did. Its JSON.
public struct BuildReport: Codable, Sendable, Equatable {
  /// One image that was built.
  public struct Built: Codable, Sendable, Equatable {
    /// The service's name.
    public let name: String
    /// The service's folder, relative to the root.
    public let path: String
    /// The tag in the engine's store.
    public let tag: String
    /// The docker-archive; nil when none was asked for.
    public let archive: String?
    /// Its sizes, in bytes.
    public let sizes: Sizes
    /// What a push of it sends.
    public let push: Push
    /// The gate's word; nil when the build was not asked to check.
    public let verdict: Verdict?
    /// Where the bytes are, for reports that draw them; not part of the JSON.
    package var inspection: Inspection?

    enum CodingKeys: String, CodingKey {
      case name, path, tag, archive, sizes, push, verdict
    }

    /// An image, part by part.
    public init(
      name: String, path: String, tag: String, archive: String?, sizes: Sizes, push: Push,
      verdict: Verdict?
    ) {
      self.name = name
      self.path = path
      self.tag = tag
      self.archive = archive
      self.sizes = sizes
      self.push = push
      self.verdict = verdict
    }

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(path, forKey: .path)
      try container.encode(tag, forKey: .tag)
      try container.encode(archive, forKey: .archive)
      try container.encode(sizes, forKey: .sizes)
      try container.encode(push, forKey: .push)
      try container.encode(verdict, forKey: .verdict)
    }
  }

  /// What a push sends, in bytes of the plain layers; registries compress them.
  public struct Push: Codable, Sendable, Equatable {
    /// The layers that the image of that tag did not have before this build.
    public let changed: Int64
    /// The last layer with files: what a change of source alone sends again.
    public let source: Int64
    /// All layers.
    public let total: Int64

    /// A push of these sizes, in bytes.
    public init(changed: Int64, source: Int64, total: Int64) {
      self.changed = changed
      self.source = source
      self.total = total
    }

    /// The push of an image whose earlier build had the layers `before`, by their diff IDs.
    public init(_ layers: [LayerFacts], before: Set<String>) {
      changed = layers.filter { !before.contains("\($0.diffID)") }.reduce(0) { $0 + $1.stored }
      source = layers.last { $0.stored > 0 }?.stored ?? 0
      total = layers.reduce(0) { $0 + $1.stored }
    }
  }

  /// The version of this JSON: 1.
  public let schemaVersion: Int
  /// What built the images.
  public let engine: Engine.Kind
  /// Its version, as it tells it.
  public let engineVersion: String
  /// The images, in the order of the services.
  public let services: [Built]

  /// The report of a build by that engine.
  public init(engine: Engine, services: [Built]) {
    schemaVersion = 1
    self.engine = engine.kind
    engineVersion = engine.version
    self.services = services
  }

  /// Whether every image that was checked passed.
  public var passed: Bool { services.allSatisfy { $0.verdict?.passed ?? true } }
}
