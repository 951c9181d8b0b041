/// A file that can be seen.
public struct FileFacts: Codable, Sendable, Equatable {
  /// Control characters and bytes that are not UTF-8 are escaped.
  public var path: String
  /// Bytes of its content.
  public var bytes: Int64
  /// The layer that stores it.
  public var layer: Int

  /// A file of so many bytes, and the layer that stores it.
  public init(path: String, bytes: Int64, layer: Int) {
    self.path = path
    self.bytes = bytes
    self.layer = layer
  }
}

/// Files of the same content at several paths.
public struct DuplicateGroup: Codable, Sendable, Equatable {
  /// Of one copy.
  public var bytes: Int64
  /// The paths, sorted; escaped as everywhere.
  public var paths: [String]

  /// Files of the same content, each of so many bytes.
  public init(bytes: Int64, paths: [String]) {
    self.bytes = bytes
    self.paths = paths
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

  /// A folder with the bytes and files in it and below it.
  public init(path: String, bytes: Int64, files: Int) {
    self.path = path
    self.bytes = bytes
    self.files = files
  }
}
