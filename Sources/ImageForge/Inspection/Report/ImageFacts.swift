import ForgeBasics
import ForgeSecrets

/// Which image was inspected, and how it starts.
public struct ImageFacts: Codable, Sendable, Equatable {
  /// What the user named: a path, `-`, or an engine's reference.
  public var source: String
  /// The tag or reference recorded in the archive.
  @EncodesNull public var reference: String?
  /// Of the manifest where the archive has one; of the config (the image ID) for a docker-archive.
  public var digest: Digest
  /// `linux/amd64`, `linux/arm64/v8`.
  public var platform: String
  /// `config.User` as it stands; empty means root.
  public var user: String
  /// `config.Entrypoint` as it stands.
  public var entrypoint: [String]
  /// `config.Cmd` as it stands.
  public var cmd: [String]

  /// An image that was named so, and what its config says of how it starts.
  public init(
    source: String, reference: String?, digest: Digest, platform: String, user: String,
    entrypoint: [String],
    cmd: [String]
  ) {
    self.source = source
    self.reference = reference
    self.digest = digest
    self.platform = platform
    self.user = user
    self.entrypoint = entrypoint
    self.cmd = cmd
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(source, forKey: .source)
    try container.encode(_reference, forKey: .reference)
    try container.encode(digest, forKey: .digest)
    try container.encode(platform, forKey: .platform)
    try container.encode(user, forKey: .user)
    // Rules look for secrets in these; no report shows one.
    let command = SecretText.masked(command: entrypoint + cmd)
    try container.encode(Array(command.prefix(entrypoint.count)), forKey: .entrypoint)
    try container.encode(Array(command.dropFirst(entrypoint.count)), forKey: .cmd)
  }
}

/// The image that an image was built on.
public struct BaseFacts: Codable, Sendable, Equatable {
  /// As its builder recorded it, such as `docker.io/library/python:3.13-slim`.
  @EncodesNull public var name: String?
  /// How many of the lowest layers are its.
  public var layers: Int
  /// What tells: a place in the history.
  public var evidence: String

  /// A base image of so many layers, and what tells of it.
  public init(name: String?, layers: Int, evidence: String) {
    self.name = name
    self.layers = layers
    self.evidence = evidence
  }

}
