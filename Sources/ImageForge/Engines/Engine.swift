import ForgeBasics
import Foundation

/// A container engine of this machine that can build an image. `EngineFinder` finds one.
public struct Engine: Sendable, Equatable {
  /// A program that builds images.
  public enum Kind: String, Sendable, CaseIterable, Codable {
    case docker, podman, buildah
  }

  /// Which engine it is.
  public let kind: Kind
  /// The program's path.
  public let path: String
  /// As the engine prints it: `1.28.2`. For docker: the daemon's.
  public let version: String
  /// The environment that the engine runs in: `PATH`, `DOCKER_HOST`, `BUILDAH_ISOLATION` and the like.
  package let environment: [String: String]

  /// An engine that was found.
  public init(
    kind: Kind, path: String, version: String,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.kind = kind
    self.path = path
    self.version = version
    self.environment = environment
  }
}

/// Which engine the user wants.
public enum EngineChoice: String, Sendable, CaseIterable, Codable {
  /// The first that is usable of docker, podman, buildah.
  case auto
  case docker, podman, buildah

  /// The engines to try, in order.
  package var candidates: [Engine.Kind] {
    switch self {
    case .auto: [.docker, .podman, .buildah]
    case .docker: [.docker]
    case .podman: [.podman]
    case .buildah: [.buildah]
    }
  }
}

/// What to build.
public struct BuildRequest: Sendable, Equatable {
  /// The build context: a folder.
  public var context: String
  /// The Dockerfile's path, inside or outside the context. Its ignore file is `<dockerfile>.dockerignore` beside it
  /// where there is one, else `.dockerignore` of the context.
  public var dockerfile: String
  /// The image's name in the engine's store: `todo-backend:1.2`.
  public var tag: String
  /// `NAME=value`, or `NAME` to take the value from the environment.
  public var buildArguments: [String]
  /// `id=NAME,src=FILE`: files that a `RUN --mount=type=secret` may read, and that no layer keeps.
  public var secrets: [String]
  /// `linux/arm64`; nil: the engine's own platform.
  public var platform: String?
  /// `NAME=value`, for the image's configuration.
  public var labels: [String] = []
  /// Seconds since 1970 that stand for every time in the image, so that two builds of one source are the same.
  public var sourceDate: Int?
  /// Where layers of earlier builds are taken from and put, as the engine names such places.
  public var cacheFrom: [String] = []
  /// Where the engine keeps cached steps: its `--cache-to`.
  public var cacheTo: [String] = []
  /// Whether steps that were built before may be used again.
  public var usesCache = true
  /// The stage to stop at; nil: the last.
  public var target: String?
  /// docker's builder: a name that `docker buildx ls` lists, local, remote or in a cluster.
  public var builder: String?
  /// Where the docker-archive goes.
  public var archive: String

  /// A request with the usual settings.
  public init(
    context: String, dockerfile: String, tag: String, buildArguments: [String] = [],
    secrets: [String] = [],
    archive: String
  ) {
    self.context = context
    self.dockerfile = dockerfile
    self.tag = tag
    self.buildArguments = buildArguments
    self.secrets = secrets
    self.archive = archive
  }
}
