import ForgeBasics

/// A container engine of this machine that can build an image.
public struct Engine: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable, Codable {
    case docker, podman, buildah
  }

  public let kind: Kind
  /// The program's path.
  public let path: String
  /// As the engine prints it: `1.28.2`. For docker: the daemon's.
  public let version: String

  public init(kind: Kind, path: String, version: String) {
    self.kind = kind
    self.path = path
    self.version = version
  }
}

/// What to build.
public struct BuildRequest: Sendable, Equatable {
  /// The build context: a folder.
  public var context: String
  /// The Dockerfile's path, inside or outside the context. Its ignore file is `<dockerfile>.dockerignore` beside it
  /// where there is one, else `.dockerignore` of the context.
  public var dockerfile: String
  public var tag: String
  /// `NAME=value`.
  public var buildArguments: [String]
  /// Where the docker-archive goes.
  public var archive: String

  public init(context: String, dockerfile: String, tag: String, buildArguments: [String] = [], archive: String) {
    self.context = context
    self.dockerfile = dockerfile
    self.tag = tag
    self.buildArguments = buildArguments
    self.archive = archive
  }
}
