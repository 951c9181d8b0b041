import ForgeBasics

/// What folders hold with all below them. A hardlink group counts once, where it was found first.
struct FolderSizes {
  /// By node.
  private(set) var bytes: [Int64]
  private(set) var files: [Int]

  /// - Parameter nodes: those that count, with their bytes.
  init(_ tree: FileTree, _ nodes: some Sequence<(node: FileTree.ID, bytes: Int64)>) {
    bytes = [Int64](repeating: 0, count: tree.count)
    files = [Int](repeating: 0, count: tree.count)
    for (node, size) in nodes {
      bytes[Int(node)] = size
      files[Int(node)] = 1
    }
    // A parent's number is lower than its children's.
    for id in stride(from: tree.count - 1, to: 0, by: -1) where files[id] > 0 {
      let parent = Int(tree[FileTree.ID(id)].parent)
      bytes[parent] += bytes[id]
      files[parent] += files[id]
    }
  }

  /// The folders of the most bytes; one that is little more than one folder in it is left out for that one.
  func largest(_ tree: FileTree, count: Int) -> [FolderFacts] {
    let folders = tree.visible.dropFirst().filter {
      tree[$0].kind == .directory && bytes[Int($0)] > 0
    }
    var isChain = [Bool](repeating: false, count: tree.count)
    for id in folders where bytes[Int(id)] * 10 > bytes[Int(tree[id].parent)] * 9 {
      isChain[Int(tree[id].parent)] = true
    }
    let telling = folders.filter { !isChain[Int($0)] }
    let least = telling.map { bytes[Int($0)] }.sorted(by: >).prefix(count).last ?? 0
    let rows = telling.filter { bytes[Int($0)] >= least }.map {
      FolderFacts(
        path: DisplayText.escape(tree.path($0)), bytes: bytes[Int($0)], files: files[Int($0)])
    }
    return Array(rows.sorted { ($1.bytes, $0.path) < ($0.bytes, $1.path) }.prefix(count))
  }
}
