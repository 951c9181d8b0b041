import ForgeBasics

/// What is between two images, and what it costs. The JSON of `forge diff`; sizes are bytes.
public struct ImageDiff: Codable, Sendable, Equatable {
  /// One of the two.
  public struct Side: Codable, Sendable, Equatable {
    /// Which image it is.
    public var image: ImageFacts
    /// How large it is.
    public var sizes: Sizes
  }

  /// What became of a part of the old image.
  public enum Change: String, Codable, Sendable {
    case added, removed, changed
  }

  /// A path that is not the same in both root filesystems: a file, link or device, a folder with another mode or owner,
  /// or an empty folder.
  public struct File: Codable, Sendable, Equatable {
    /// Control characters and bytes that are not UTF-8 are escaped.
    public var path: String
    /// What became of it.
    public var change: Change
    /// What differs of a changed file: `type`, `content`, `target`, `mode`, `owner`, `attributes`.
    public var differs: [String]
    /// Bytes of its content before; 0 for an added file.
    public var oldBytes: Int64
    /// Bytes of its content now; 0 for a removed file.
    public var newBytes: Int64
    /// The layer of the new image that stores it; of the old one for a removed file.
    public var layer: Int
    /// `deb libc6`: whose file it is, in the new image where it is there.
    public var package: String?

    /// How many bytes larger it is now.
    public var growth: Int64 { newBytes - oldBytes }
  }

  /// A layer that is not in both images, or two of the same build step.
  public struct Layer: Codable, Sendable, Equatable {
    /// What became of it.
    public var change: Change
    /// The numbers in the two images; nil where it is not there.
    public var oldIndex: Int?
    /// The number in the new image; nil for a removed layer.
    public var newIndex: Int?
    /// The build step, as the history has it.
    public var createdBy: String?
    /// `stored` of the layers.
    public var oldBytes: Int64
    /// `stored` of the new layer; 0 for a removed one.
    public var newBytes: Int64
    /// Of `files`, those that the new layer brought, or that the old one had.
    public var added: Int
    /// Of the files that it brought, those that changed.
    public var changed: Int
    /// Of the files that the old one had, those that are gone.
    public var removed: Int

    /// How many bytes larger it is now.
    public var growth: Int64 { newBytes - oldBytes }
  }

  /// A package that is not the same in both.
  public struct Package: Codable, Sendable, Equatable {
    /// `deb`, `apk`, `python`, `npm`.
    public var kind: String
    /// As its package manager calls it.
    public var name: String
    /// What became of it.
    public var change: Change
    /// Nil for an added package.
    public var oldVersion: String?
    /// Nil for a removed package.
    public var newVersion: String?
    /// Bytes of its files before.
    public var oldBytes: Int64
    /// Bytes of its files now.
    public var newBytes: Int64

    /// How many bytes larger it is now.
    public var growth: Int64 { newBytes - oldBytes }
  }

  /// A setting of the image that is not the same in both.
  public struct Setting: Codable, Sendable, Equatable {
    /// `user`, `entrypoint`, `cmd`, `platform`, `working directory`, `ports`, `volumes`, `stop signal`, `health check`,
    /// `onbuild`, `env NAME`, `label NAME`.
    public var name: String
    /// Its value in the old image.
    public var old: String
    /// Its value in the new image.
    public var new: String
  }

  /// How much larger the image may have become, and whether it did.
  public struct Growth: Codable, Sendable, Equatable {
    /// `stored`, as in the policy's size limit.
    public var metric: String
    /// Bytes; negative for an image that shrank.
    public var bytes: Int64
    /// In percent of the old size; nil where that is 0.
    @EncodesNull public var percent: Double?
    /// Bytes that it may grow by; nil: as much as it likes.
    @EncodesNull public var maximum: Int64?
    /// Whether it grew by no more than it may.
    public var passed: Bool
  }

  /// Raised when a key changes its name or meaning.
  public var schemaVersion = 1
  /// The image before.
  public var old: Side
  /// The image now.
  public var new: Side
  /// How much larger it became.
  public var growth: Growth
  /// How many of the lowest layers are the same in both.
  public var sharedLayers: Int
  /// Layers that are not in both.
  public var layers: [Layer]
  /// The most bytes won or lost first, as are the files.
  public var packages: [Package]
  /// Files that are not the same in both; the most bytes won or lost first.
  public var files: [File]
  /// Settings that are not the same in both.
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
    case .percent(let percent):
      Int64(exactly: (Double(size) / 100 * percent).rounded(.down)) ?? .max
    case .bytes(let bytes): bytes
    }
  }
}
