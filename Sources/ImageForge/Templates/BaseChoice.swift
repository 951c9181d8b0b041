/// What kind of base an image stands on.
public enum BaseChoice: Sendable, Equatable {
  case alpine, slim, distroless, chainguard
  /// An image of that name, for building and running alike: it must have the runtime, its package manager and a shell.
  case named(String)

  /// Reads `slim`, `alpine` or another name of a base; nil for what is none.
  public init?(_ text: String) {
    switch text {
    case "alpine": self = .alpine
    case "slim": self = .slim
    case "distroless": self = .distroless
    case "chainguard": self = .chainguard
    default:
      guard DockerText.isImageName(text) else { return nil }
      self = .named(text)
    }
  }

  /// As the user writes it.
  public var name: String {
    switch self {
    case .alpine: "alpine"
    case .slim: "slim"
    case .distroless: "distroless"
    case .chainguard: "chainguard"
    case .named(let name): name
    }
  }
}
