/// Why bytes of a layer cannot be seen in the final root filesystem.
public enum WasteCause: String, Codable, Sendable, CaseIterable {
  /// A later layer has other content at the path.
  case overwritten
  /// A later layer has the same content with another mode, owner or time (`RUN chown -R`).
  case metadataOnly = "metadata-only"
  /// A later layer has the same file once more.
  case identical
  case deletedFile = "deleted-file"
  case deletedDirectory = "deleted-directory"
  /// Hidden by an opaque whiteout.
  case opaque
  /// A later layer has something of another type at the path, or at a parent.
  case replacedByType = "replaced-by-type"
  /// The same layer holds the path again.
  case duplicateEntry = "duplicate-entry"
  /// A name of a hardlink group was copied up; the group's bytes are stored again.
  case hardlinkCopy = "hardlink-copy"
}

/// Bytes of one stored file that no container sees.
public struct Waste: Codable, Sendable, Equatable {
  /// Control characters and bytes that are not UTF-8 are escaped.
  public var path: String
  /// All of the file: a file is visible or not.
  public var bytes: Int64
  /// Why they cannot be seen.
  public var cause: WasteCause
  /// The layer that stores the bytes.
  public var layer: Int
  /// The layer that hides them.
  public var hiddenBy: Int

  /// Bytes of the file at `path` that one layer stores and another hides.
  public init(path: String, bytes: Int64, cause: WasteCause, layer: Int, hiddenBy: Int) {
    self.path = path
    self.bytes = bytes
    self.cause = cause
    self.layer = layer
    self.hiddenBy = hiddenBy
  }
}

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
