/// The language runtime, and the version that the recipe will use.
public struct Runtime: Codable, Sendable, Equatable {
  public enum Name: String, Codable, Sendable {
    case node, python, bun
  }

  public var name: Name
  /// What the base image's tag needs: `22`, `22.20.0`, `3.13`.
  public var version: String
  public var source: String

  public init(name: Name, version: String, source: String) {
    self.name = name
    self.version = version
    self.source = source
  }
}
