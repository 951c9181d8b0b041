import ForgeBasics

/// What is installed of a Python project besides the dependencies that it always needs, and how.
public struct Installation: Codable, Sendable, Equatable {
  /// How the project itself is installed.
  public enum Project: String, Codable, Sendable {
    /// It is not: its modules are found by the import path.
    case none
    /// Without its dependencies, which are there: for its metadata and entry points.
    case itself
    /// With its dependencies, which only its build knows.
    case whole
  }

  /// Extras of the project, sorted.
  public var extras: [String]
  /// Groups of dependencies, sorted; Pipfile's `dev-packages` is one.
  public var groups: [String]
  public var project: Project
  /// The variable that tells the build the project's version, which it would ask git for.
  @EncodesNull public var versionVariable: String?
  /// Whether the lockfile is held against the manifest: not where only the sources tell what the manifest says, nor
  /// where nothing but the project's own version differs.
  public var checksLockfile: Bool
  /// Whether every locked package has a hash: pip wants one for all or for none.
  public var hashed: Bool

  public init(
    extras: [String] = [], groups: [String] = [], project: Project = .none,
    versionVariable: String? = nil, checksLockfile: Bool = true, hashed: Bool = true
  ) {
    self.extras = extras
    self.groups = groups
    self.project = project
    self.versionVariable = versionVariable
    self.checksLockfile = checksLockfile
    self.hashed = hashed
  }
}
