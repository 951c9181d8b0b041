import ForgeBasics

public struct PackageManager: Codable, Sendable, Equatable {
  public enum Name: String, Codable, Sendable {
    case npm, yarn
    case yarnBerry = "yarn-berry"
    case pnpm, bun, pip, uv, poetry, pdm, pipenv
  }

  public var name: Name
  @EncodesNull public var version: String?
  /// The lockfile's name, relative to the service (or to the workspace root for a member). For pip: the requirements
  /// file that rules.
  @EncodesNull public var lockfile: String?
  public var source: String

  public init(name: Name, version: String? = nil, lockfile: String?, source: String) {
    self.name = name
    self.version = version
    self.lockfile = lockfile
    self.source = source
  }
}

extension PackageManager.Name {
  /// The program, as it is called.
  package var program: String {
    switch self {
    case .yarnBerry: "yarn"
    default: rawValue
    }
  }
}
