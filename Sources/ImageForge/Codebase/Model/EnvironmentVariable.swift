import ForgeBasics
import ForgeFindings

/// A variable of the environment that the code of a service reads.
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
  /// Every place that reads it, sorted.
  @PlaceTexts package var places: [Place]

  /// `file:line` of every place that reads it, sorted.
  public var sources: [String] {
    get { places.map(\.description) }
    set { places = newValue.map(Place.text) }
  }

  public init(name: String, scope: Scope, required: Bool, default: String? = nil, sources: [String])
  {
    self.init(
      name: name, scope: scope, required: required, default: `default`,
      places: sources.map(Place.text))
  }

  package init(
    name: String, scope: Scope, required: Bool, default: String? = nil, places: [Place]
  ) {
    self.name = name
    self.scope = scope
    self.required = required
    self.default = `default`
    self.places = places
  }

  private enum CodingKeys: String, CodingKey {
    case name, scope, required, `default`
    case places = "sources"
  }
}
