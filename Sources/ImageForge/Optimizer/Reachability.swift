import ForgeInspection

/// What the entry point of an image can reach.
enum Reachability {
  static func nodes(_ image: ReadImage, keeping: [String]) throws -> Set<FileTree.ID> {
    throw OptimizerError.unsupported("minimize is not there yet")
  }
}
