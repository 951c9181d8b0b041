import ForgeLayers

/// How layers are compressed in the output.
public enum Compression: Sendable, Equatable, CustomStringConvertible {
  /// Layers that stay keep their bytes; those that are written again are compressed as before.
  case keep
  case none
  /// Level 1 to 12, of libdeflate.
  case gzip(level: Int)
  /// Level 1 to 19: one frame.
  case zstd(level: Int)
  /// The same in frames of 4 MiB, which can be unpacked side by side.
  case zstdFrames(level: Int)

  /// The level of gzip unless one is given: 9, the smallest.
  public static let defaultGzipLevel = 9
  /// The level of zstd unless one is given: 9.
  public static let defaultZstdLevel = 9

  /// Reads `keep`, `none`, `gzip`, `gzip:12`, `zstd:19`, `zstd-frames:9`. Nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let level = parts.count == 2 ? Int(parts[1]) : nil
    guard parts.count == 1 || level != nil else { return nil }
    switch parts[0] {
    case "keep" where level == nil: self = .keep
    case "none" where level == nil: self = .none
    case "gzip" where (1...12).contains(level ?? 1):
      self = .gzip(level: level ?? Self.defaultGzipLevel)
    case "zstd" where (1...19).contains(level ?? 1):
      self = .zstd(level: level ?? Self.defaultZstdLevel)
    case "zstd-frames" where (1...19).contains(level ?? 1):
      self = .zstdFrames(level: level ?? Self.defaultZstdLevel)
    default: return nil
    }
  }

  public var description: String {
    switch self {
    case .keep: "keep"
    case .none: "none"
    case .gzip(let level): "gzip:\(level)"
    case .zstd(let level): "zstd:\(level)"
    case .zstdFrames(let level): "zstd-frames:\(level)"
    }
  }

  /// What a layer that was compressed so is compressed with when it has to be written again.
  func resolved(for layer: LayerCompression) -> Compression {
    guard self == .keep else { return self }
    switch layer {
    case .none: return .none
    case .zstd: return .zstd(level: Self.defaultZstdLevel)
    case .gzip, .xz, .bzip2: return .gzip(level: Self.defaultGzipLevel)
    }
  }

  var algorithm: LayerCompression {
    switch self {
    case .keep, .none: .none
    case .gzip: .gzip
    case .zstd, .zstdFrames: .zstd
    }
  }
}
