public struct PackageManager: Codable, Sendable, Equatable {
  public enum Name: String, Codable, Sendable {
    case npm, yarn
    case yarnBerry = "yarn-berry"
    case pnpm, bun, pip, uv, poetry, pdm, pipenv
  }

  public var name: Name
  public var version: String?
  /// The lockfile's name, relative to the service (or to the workspace root for a member). For pip: the requirements
  /// file that rules.
  public var lockfile: String?
  public var source: String

  public init(name: Name, version: String? = nil, lockfile: String?, source: String) {
    self.name = name
    self.version = version
    self.lockfile = lockfile
    self.source = source
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(version, forKey: .version)
    try container.encode(lockfile, forKey: .lockfile)
    try container.encode(source, forKey: .source)
  }
}
