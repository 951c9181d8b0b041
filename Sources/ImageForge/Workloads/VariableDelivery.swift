import ForgeCodebase

/// How a variable's value gets to the code that reads it.
package enum VariableDelivery: Sendable {
  /// An argument of the build, whose value browsers see.
  case buildArgument
  /// A secret that a step of the build mounts.
  case buildSecret
  /// Next.js would publish the value, but the name says that it must stay secret: it is not passed at all.
  case refused
  /// A variable of the container.
  case runtime
  /// A variable of the container, from a store of secrets.
  case runtimeSecret
  /// A variable that the platform or the image sets.
  case platform
}

extension EnvironmentVariable {
  /// How its value gets to the code.
  package var delivery: VariableDelivery {
    switch scope {
    case .buildPublic where name.hasPrefix("NEXT_PUBLIC_") && mustNotBePublic: .refused
    // Read by the configuration while building: an argument would stand in the image's history.
    case .buildPublic where !name.hasPrefix("NEXT_PUBLIC_") && looksSecret: .buildSecret
    case .buildPublic: .buildArgument
    case .buildSecret: .buildSecret
    case .runtime: .runtime
    case .runtimeSecret: .runtimeSecret
    case .platform: .platform
    }
  }

  /// The words that BuildKit's check `SecretsUsedInArgOrEnv` looks for in the names of `ARG` and `ENV`.
  private var looksSecret: Bool {
    let secret: Set<String> = [
      "apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret",
      "token",
    ]
    return !secret.isDisjoint(with: words) && !words.contains("public")
  }

  /// A publishable key or a map service's token may be public; these never.
  private var mustNotBePublic: Bool {
    let secret: Set<String> = [
      "secret", "password", "passwd", "private", "credential", "credentials",
    ]
    return !secret.isDisjoint(with: words)
  }

  private var words: Set<String> { Set(name.lowercased().split(separator: "_").map(String.init)) }
}
