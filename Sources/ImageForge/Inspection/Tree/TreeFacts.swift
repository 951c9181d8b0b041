import ForgeBasics
import ForgeLayers

/// A file or folder of an image, with what is below it.
public struct TreeFacts: Codable, Sendable, Equatable {
  /// The last component; the whole path for the top. Control characters and bytes that are not UTF-8 are escaped.
  public var name: String
  /// `file`, `folder`, `symlink`, `hardlink`, `device`, `pipe`, `whiteout`.
  public var kind: String
  /// Of a folder: the regular files below it. A hardlink group counts once, where it was found first.
  public var bytes: Int64
  /// Regular files here and below.
  public var files: Int
  /// The layer that put it there; nil for a folder that no entry names.
  @EncodesNull public var layer: Int?
  /// Of a link.
  public var target: String?
  /// `deb libc6`: the package whose file it is.
  public var package: String?
  /// The most bytes first; nil where they are deeper than was asked for.
  public var children: [TreeFacts]?
}

/// A part of an image that was asked for and is not there.
public enum LookupError: ForgeError, Equatable {
  case noSuchPath(String, place: String)
  case noSuchLayer(Int, count: Int)

  public var exitCode: ExitCode { .usage }
  public var description: String {
    switch self {
    case .noSuchPath(let path, let place):
      "there is no \(DisplayText.escape(path)) in \(place); `--tree /` shows what is"
    case .noSuchLayer(let index, count: 0):
      "there is no layer \(index): the image has no layers"
    case .noSuchLayer(let index, let count):
      "there is no layer \(index): the image has layers 0 to \(count - 1)"
    }
  }
}

/// Makes `TreeFacts` of a tree of names.
struct TreeView {
  let tree: FileTree
  let sizes: FolderSizes
  let kind: (FileTree.ID) -> String
  let layer: (FileTree.ID) -> Int?
  let target: (FileTree.ID) -> String?
  let package: (FileTree.ID) -> String?

  /// - Parameter depth: how many levels below `id` are shown.
  func facts(_ id: FileTree.ID, depth: Int, name: String? = nil) -> TreeFacts {
    var children: [TreeFacts]?
    if depth > 0, tree[id].kind == .directory {
      children = tree.children(id).map { facts($0, depth: depth - 1) }
        .sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
    }
    return TreeFacts(
      name: name ?? DisplayText.escape(tree.name(id)), kind: kind(id), bytes: sizes.bytes[Int(id)],
      files: sizes.files[Int(id)], layer: layer(id), target: target(id), package: package(id),
      children: children)
  }
}
