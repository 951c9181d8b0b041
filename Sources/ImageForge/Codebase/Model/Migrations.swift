import ForgeBasics

public struct Migrations: Codable, Sendable, Equatable {
  /// `alembic`, `aerich`, `prisma`, `drizzle`.
  public var tool: String
  /// As typed in `folder`: `alembic upgrade head`.
  public var command: String
  /// Where it is typed, relative to the analysed root; nil for the service's own folder.
  @EncodesNull public var folder: String?
  /// Extras and groups of the project that the tool stands in, where the server does without; sorted.
  public var extras: [String]
  public var groups: [String]

  public init(
    tool: String, command: String, folder: String? = nil, extras: [String] = [],
    groups: [String] = []
  ) {
    self.tool = tool
    self.command = command
    self.folder = folder
    self.extras = extras
    self.groups = groups
  }
}
