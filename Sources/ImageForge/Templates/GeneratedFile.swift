/// A file that forge writes for a service.
public struct GeneratedFile: Sendable, Equatable {
  /// Relative to the analysed root: `frontend/Dockerfile`.
  public let path: String
  /// With the stamp in its first line.
  public let contents: String

  /// A file with its path and its text.
  public init(path: String, contents: String) {
    self.path = path
    self.contents = contents
  }
}
