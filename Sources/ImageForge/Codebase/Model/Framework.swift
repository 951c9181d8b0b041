import ForgeBasics

/// `next` or `fastapi`, and the version that will be installed: from the lockfile where there is one.
public struct Framework: Codable, Sendable, Equatable {
  public var name: String
  /// Nil when nothing pins or bounds it.
  @EncodesNull public var version: String?
  public var source: String

  public init(name: String, version: String?, source: String) {
    self.name = name
    self.version = version
    self.source = source
  }
}
