public struct Migrations: Codable, Sendable, Equatable {
  /// `alembic`, `aerich`, `prisma`, `drizzle`.
  public var tool: String
  /// As typed in the service's folder: `alembic upgrade head`.
  public var command: String

  public init(tool: String, command: String) {
    self.tool = tool
    self.command = command
  }
}
