import ForgeBasics

/// A folder that holds what is staged.
public struct StagedTree: Sendable {
  /// The root of the repository as the commit will have it.
  public let root: String
  /// Goes with the value, where the folder is a copy.
  private let scratch: ScratchFolder?

  init(root: String, scratch: ScratchFolder?) {
    self.root = root
    self.scratch = scratch
  }
}
