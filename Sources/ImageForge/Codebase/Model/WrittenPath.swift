import ForgeBasics
import ForgeFindings

/// A folder that the code writes, by a path that stands in it.
public struct WrittenPath: Codable, Sendable, Equatable {
  /// Relative to the service; absolute, or below `~`, where the code says so. `.` is the service's own folder.
  public var folder: String
  /// Whether the source holds files there: a volume over the folder would hide them.
  public var holdsFiles: Bool
  /// A file of the source that is written, relative to the service.
  @EncodesNull public var file: String?
  /// A file that is made beside files of the source, relative to the service.
  @EncodesNull public var newFile: String?
  /// `file:line` of what writes it.
  public var source: String

  public init(
    folder: String, holdsFiles: Bool = false, file: String? = nil, newFile: String? = nil,
    source: String
  ) {
    self.folder = folder
    self.holdsFiles = holdsFiles
    self.file = file
    self.newFile = newFile
    self.source = source
  }
}
