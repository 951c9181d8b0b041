import ForgeBasics
import ForgeCodebase
import ForgeMigration
import ForgeTemplates

/// How the files are to be made, beyond what the analysis says.
public struct RecipeOptions: Sendable, Equatable {
  /// Which instructions a Dockerfile may use.
  public enum Dialect: String, Sendable, CaseIterable, Codable {
    /// Builds unchanged on docker from 20.10, buildah from 1.28 and podman from 4.3.
    case portable
    /// `COPY --link`, secrets as variables and heredocs: docker from 28, buildah from 1.44.
    case buildkit
    /// Without mounts, for docker's classic builder: caches are not kept, and a build can have no secrets.
    case classic
  }

  /// Nil: the recipe's own choice, alpine for Next.js and slim for Python.
  public var base: BaseChoice?
  public var dialect = Dialect.portable
  /// Write above each instruction what it rests on.
  public var explains = false
  /// Compile Python's sources while building: a faster start, a larger image.
  public var bytecode = false
  /// A folder whose files stand in for those of `recipes/`, by the same names.
  public var recipes: String?
  /// Digests of base images, by name and tag.
  public var pins: [String: String] = [:]
  /// What `forge.yaml` says of single services, by their names: it counts for more than what stands above.
  public var bases: [String: BaseChoice] = [:]
  public var dialects: [String: Dialect] = [:]
  /// What Dockerfiles that were written by hand decide, by the services' paths.
  public var existing: [String: ExistingDockerfile] = [:]

  public init() {}

  /// The options as they are for one service.
  func chosen(for service: Service) -> RecipeOptions {
    var options = self
    options.base = bases[service.name] ?? base
    options.dialect = dialects[service.name] ?? dialect
    return options
  }
}
