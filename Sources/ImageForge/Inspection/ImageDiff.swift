import ForgeBasics

/// What is between two images, and what it costs. The JSON of `forge diff`; sizes are bytes.
public struct ImageDiff: Codable, Sendable, Equatable {
  /// One of the two.
  public struct Side: Codable, Sendable, Equatable {
    public var image: ImageFacts
    public var sizes: Sizes
  }

  public enum Change: String, Codable, Sendable {
    case added, removed, changed
  }

  /// A path whose regular file, link or device is not the same in both root filesystems.
  public struct File: Codable, Sendable, Equatable {
    public var path: String
    public var change: Change
    /// What differs of a changed file: `type`, `content`, `target`, `mode`, `owner`, `attributes`.
    public var differs: [String]
    public var oldBytes: Int64
    public var newBytes: Int64
    /// The layer of the new image that stores it; of the old one for a removed file.
    public var layer: Int
    /// `deb libc6`: whose file it is, in the new image where it is there.
    public var package: String?

    public var growth: Int64 { newBytes - oldBytes }
  }

  /// A layer that is not in both images, or two of the same build step.
  public struct Layer: Codable, Sendable, Equatable {
    public var change: Change
    /// The numbers in the two images; nil where it is not there.
    public var oldIndex: Int?
    public var newIndex: Int?
    /// The build step, as the history has it.
    public var createdBy: String?
    /// `stored` of the layers.
    public var oldBytes: Int64
    public var newBytes: Int64
    /// Of `files`, those that the new layer brought, or that the old one had.
    public var added: Int
    public var changed: Int
    public var removed: Int

    public var growth: Int64 { newBytes - oldBytes }
  }

  /// A package that is not the same in both.
  public struct Package: Codable, Sendable, Equatable {
    public var kind: String
    public var name: String
    public var change: Change
    public var oldVersion: String?
    public var newVersion: String?
    public var oldBytes: Int64
    public var newBytes: Int64

    public var growth: Int64 { newBytes - oldBytes }
  }

  /// A setting of the image that is not the same in both.
  public struct Setting: Codable, Sendable, Equatable {
    /// `user`, `entrypoint`, `cmd`, `platform`.
    public var name: String
    public var old: String
    public var new: String
  }

  /// How much larger the image may have become, and whether it did.
  public struct Growth: Codable, Sendable, Equatable {
    /// `stored`, as in the policy's size limit.
    public var metric: String
    /// Bytes; negative for an image that shrank.
    public var bytes: Int64
    /// In percent of the old size; nil where that is 0.
    public var percent: Double?
    /// Bytes that it may grow by; nil: as much as it likes.
    public var maximum: Int64?
    public var passed: Bool

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(metric, forKey: .metric)
      try container.encode(bytes, forKey: .bytes)
      try container.encode(percent, forKey: .percent)
      try container.encode(maximum, forKey: .maximum)
      try container.encode(passed, forKey: .passed)
    }
  }

  public var schemaVersion = 1
  public var old: Side
  public var new: Side
  public var growth: Growth
  /// How many of the lowest layers are the same in both.
  public var sharedLayers: Int
  public var layers: [Layer]
  /// The most bytes won or lost first, as are the files.
  public var packages: [Package]
  public var files: [File]
  public var settings: [Setting]
}

/// How much an image may grow.
public enum GrowthLimit: Sendable, Equatable {
  case percent(Double)
  case bytes(Int64)

  /// Reads `5%`, `2.5%`, `10MB`, `0`. Nil for anything else.
  public init?(_ text: String) {
    if text.hasSuffix("%") {
      guard let percent = Double(text.dropLast()), percent.isFinite, percent >= 0,
        text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == "." || $0 == "%") })
      else { return nil }
      self = .percent(percent)
    } else {
      guard let bytes = ByteCount.parse(text), bytes >= 0 else { return nil }
      self = .bytes(bytes)
    }
  }

  /// Bytes that an image of this size may grow by.
  func maximum(of size: Int64) -> Int64 {
    switch self {
    case .percent(let percent): Int64(exactly: (Double(size) / 100 * percent).rounded(.down)) ?? .max
    case .bytes(let bytes): bytes
    }
  }
}
