import ForgeBasics

/// What the build of a service runs besides the installation and its build script.
public struct BuildSteps: Codable, Sendable, Equatable {
  /// One command.
  public struct Step: Codable, Sendable, Equatable {
    /// Where it runs, relative to the build's context.
    public var folder: String
    /// As typed there, in words that need no shell.
    public var command: String
    /// Variables that it insists on and does not use: their values stand for nothing.
    public var placeholders: [String: String]

    public init(folder: String, command: String, placeholders: [String: String] = [:]) {
      self.folder = folder
      self.command = command
      self.placeholders = placeholders
    }
  }

  /// Whether packages are installed without any scripts, since the project's own read files that come later.
  public var installsWithoutScripts: Bool
  /// The packages whose own scripts run after such an installation; sorted.
  public var rebuilds: [String]
  /// What runs once the sources are there, in this order.
  public var afterSource: [Step]
  /// What builds in place of the build script, in this order; empty where the script itself does.
  public var inPlaceOfBuild: [Step]

  public init(
    installsWithoutScripts: Bool = false, rebuilds: [String] = [], afterSource: [Step] = [],
    inPlaceOfBuild: [Step] = []
  ) {
    self.installsWithoutScripts = installsWithoutScripts
    self.rebuilds = rebuilds
    self.afterSource = afterSource
    self.inPlaceOfBuild = inPlaceOfBuild
  }
}
