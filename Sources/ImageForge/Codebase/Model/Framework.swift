/// `next` or `fastapi`, and the version that will be installed: from the lockfile where there is one.
public struct Framework: Codable, Sendable, Equatable {
  public var name: String
  /// Nil when nothing pins or bounds it.
  public var version: String?
  public var source: String

  public init(name: String, version: String?, source: String) {
    self.name = name
    self.version = version
    self.source = source
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(version, forKey: .version)
    try container.encode(source, forKey: .source)
  }
}
