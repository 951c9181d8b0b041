import ForgeBasics

/// The monorepo that a service is a member of.
public struct Workspace: Codable, Sendable, Equatable {
  /// Relative to the analysed root.
  public var root: String
  /// `npm`, `yarn`, `pnpm`, `bun`, `uv`, `turbo`, `nx`.
  public var kind: String
  /// The folders of the members that the service is built from, its own among them, relative to `root`. Sorted.
  public var members: [String]
  /// The name that the package manager and the task runner know the service by.
  @EncodesNull public var package: String?

  public init(root: String, kind: String, members: [String] = [], package: String? = nil) {
    self.root = root
    self.kind = kind
    self.members = members
    self.package = package
  }
}
