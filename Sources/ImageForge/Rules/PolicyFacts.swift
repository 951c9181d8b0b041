import ForgeFindings

/// Which policy judged an image, and what each of its files added to forge's own.
public struct PolicyFacts: Codable, Sendable, Equatable {
  /// A value that is not forge's own.
  public struct Setting: Codable, Sendable, Equatable {
    /// As in the file: `size.max`, `rules.FORGE-I004`.
    public let key: String
    /// `forge.yaml:3`, or the option of the command.
    public let from: String
  }

  /// The file; `built-in` where there is none.
  public let source: String
  /// The profile that it starts from.
  public let profile: String
  /// What the files and options set, by key.
  public let settings: [Setting]
  /// Rules that it switched off: nobody looked.
  public let off: [Setting]

  init(_ policy: Policy) {
    source = policy.source ?? "built-in"
    profile = policy.profile.rawValue
    settings = policy.origins.sorted { $0.key < $1.key }.map {
      Setting(key: $0.key, from: $0.value)
    }
    off = policy.rules.filter { $0.value == .off }.keys.sorted().map { id in
      Setting(
        key: id.rawValue, from: policy.origins["rules.\(id)"] ?? policy.source ?? "the profile")
    }
  }
}
