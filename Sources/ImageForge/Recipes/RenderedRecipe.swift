/// What a recipe gives for one service.
struct RenderedRecipe {
  var dockerfile: String
  /// The base images that it stands on.
  let images: [String]
}
