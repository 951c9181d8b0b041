/// The waste of one cause, and which steps make it up.
public struct WasteByCause: Codable, Sendable, Equatable {
  /// Waste of one cause between two layers, which may be one.
  public struct Step: Codable, Sendable, Equatable {
    /// The layer that stores the bytes.
    public var layer: Int
    /// The layer that hides them.
    public var hiddenBy: Int
    /// Bytes that the one layer stores and the other hides.
    public var bytes: Int64
    /// How many files they are of.
    public var files: Int
  }

  /// Why the bytes cannot be seen.
  public var cause: WasteCause
  /// Bytes of this cause.
  public var bytes: Int64
  /// How many files they are of.
  public var files: Int
  /// The most bytes first.
  public var steps: [Step]

  static func all(_ waste: [Waste]) -> [WasteByCause] {
    struct Pair: Hashable {
      let layer: Int
      let hiddenBy: Int
    }
    var causes: [WasteCause: [Pair: (bytes: Int64, files: Int)]] = [:]
    for row in waste {
      let pair = Pair(layer: row.layer, hiddenBy: row.hiddenBy)
      causes[row.cause, default: [:]][pair, default: (0, 0)].bytes += row.bytes
      causes[row.cause, default: [:]][pair, default: (0, 0)].files += 1
    }
    return causes.map { cause, pairs in
      let steps = pairs.map {
        Step(layer: $0.layer, hiddenBy: $0.hiddenBy, bytes: $1.bytes, files: $1.files)
      }
      return WasteByCause(
        cause: cause, bytes: steps.reduce(0) { $0 + $1.bytes },
        files: steps.reduce(0) { $0 + $1.files },
        steps: steps.sorted {
          ($1.bytes, $0.layer, $0.hiddenBy) < ($0.bytes, $1.layer, $1.hiddenBy)
        })
    }.sorted { ($1.bytes, $0.cause.rawValue) < ($0.bytes, $1.cause.rawValue) }
  }
}

/// A folder of the root filesystem with all below it.
public struct FolderFacts: Codable, Sendable, Equatable {
  /// Control characters and bytes that are not UTF-8 are escaped.
  public var path: String
  /// Of the files in it and below it.
  public var bytes: Int64
  /// Regular files; a hardlink group is one.
  public var files: Int

  /// A folder of these parts.
  public init(path: String, bytes: Int64, files: Int) {
    self.path = path
    self.bytes = bytes
    self.files = files
  }
}
