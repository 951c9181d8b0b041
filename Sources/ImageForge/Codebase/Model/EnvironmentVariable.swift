import ForgeBasics

public struct EnvironmentVariable: Codable, Sendable, Equatable {
  public enum Scope: String, Codable, Sendable {
    /// Baked into the client bundle at build time: public by nature.
    case buildPublic = "build-public"
    /// Needed by the build, and secret: a secret mount, never `ARG` or `ENV`.
    case buildSecret = "build-secret"
    case runtime
    case runtimeSecret = "runtime-secret"
    /// Set by the image or the platform (`PORT`, `NODE_ENV`).
    case platform
  }

  public var name: String
  public var scope: Scope
  public var required: Bool
  /// Nil for secrets, even where the source holds one.
  @EncodesNull public var `default`: String?
  /// `file:line` of every place that reads it, sorted.
  public var sources: [String]

  public init(name: String, scope: Scope, required: Bool, default: String? = nil, sources: [String])
  {
    self.name = name
    self.scope = scope
    self.required = required
    self.default = `default`
    self.sources = sources
  }
}
