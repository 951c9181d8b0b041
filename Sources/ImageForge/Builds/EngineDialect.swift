import ForgeEngines
import ForgeRecipes

extension RecipeOptions.Dialect {
  /// What an engine of this machine understands in full: `COPY --link`, secrets as variables and here-documents.
  /// - Parameter builder: the builder of buildx that was asked for.
  public init(for engine: Engine, builder: String? = nil) {
    guard !engine.isClassic(builder: builder) else {
      self = .classic
      return
    }
    let parts = engine.version.split { !$0.isNumber }.compactMap { Int($0) }
    let version = (parts.first ?? 0, parts.dropFirst().first ?? 0)
    switch engine.kind {
    case .docker where version >= (28, 0): self = .buildkit
    case .buildah where version >= (1, 44): self = .buildkit
    // podman builds with a buildah whose version it does not tell.
    case .docker, .buildah, .podman: self = .portable
    }
  }
}
