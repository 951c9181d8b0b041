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

  /// Whether a service can do without a variable, as far as its code proves.
  public enum Requirement: String, Codable, Sendable {
    /// Without it something breaks.
    case required
    /// The code handles its absence wherever it reads the variable.
    case optional
    /// The code hands the value on, and what becomes of its absence is not seen.
    case unknown
  }

  public var name: String
  public var scope: Scope
  /// Whether it is proved that something breaks without it.
  public var required: Bool {
    didSet {
      requirement = .optional
      if required { requirement = .required }
    }
  }
  /// What is proved about its absence.
  public private(set) var requirement: Requirement
  /// Nil for secrets, even where the source holds one.
  @EncodesNull public var `default`: String?
  /// What the build gets where nobody passes a value: code that the build loads cannot do without one, but does not use
  /// it there. Nil where the build does without.
  @EncodesNull public var buildPlaceholder: String?
  /// Whether the running container reads it too, where `scope` says that the build does.
  package var isAlsoReadAtRunTime = false
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
    var requirement = Requirement.optional
    if required { requirement = .required }
    self.init(
      name: name, scope: scope, requirement: requirement, default: `default`, places: places)
  }

  package init(
    name: String, scope: Scope, requirement: Requirement, default: String? = nil, places: [Place]
  ) {
    self.name = name
    self.scope = scope
    self.required = requirement == .required
    self.requirement = requirement
    self.default = `default`
    self.places = places
  }

  private enum CodingKeys: String, CodingKey {
    case name, scope, required, requirement, `default`, buildPlaceholder
    case places = "sources"
  }
}
