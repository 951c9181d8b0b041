import ForgeBasics
import ForgeImages
import ForgeLayers

/// The figures of a stacked image.
struct Summary {
  /// Rows of `largestFiles` and `duplicates`; the other lists are whole.
  static let rows = 50

  let sizes: Sizes
  let waste: [Waste]
  let largestFiles: [FileFacts]
  let largestFolders: [FolderFacts]
  let duplicates: [DuplicateGroup]
  /// What the final root filesystem shows.
  let visibleInodes: [Int32]
  let files: [FileInstance]
  private let scans: [LayerScan]
  private let layerStored: [Int64]
  private let layerWasted: [Int64]
  private let layerFiles: [Int]

  /// - Parameter capture: how many bytes of which files rules asked for.
  init(_ root: RootFilesystem, capture: (ArraySlice<UInt8>) -> Int) {
    let layers = root.layers
    var stored = [Int64](repeating: 0, count: layers.count)
    var wasted = stored
    for inode in root.inodes { stored[Int(inode.origin.layer)] += inode.size }
    var waste: [(row: Waste, path: ArraySlice<UInt8>)] = []
    for lost in root.wasted {
      let inode = root.inodes[Int(lost.inode)]
      guard inode.size > 0 else { continue }
      wasted[Int(inode.origin.layer)] += inode.size
      let path = root.path(inode.origin)
      waste.append(
        (
          Waste(
            path: DisplayText.escape(path), bytes: inode.size, cause: lost.cause,
            layer: Int(inode.origin.layer),
            hiddenBy: lost.hiddenBy), path
        ))
    }
    waste.sort { a, b in
      if a.row.bytes != b.row.bytes { return a.row.bytes > b.row.bytes }
      if a.row.layer != b.row.layer { return a.row.layer < b.row.layer }
      return a.path.lexicographicallyPrecedes(b.path)
    }
    self.waste = waste.map(\.row)

    let (visibleNodes, shown) = Self.visible(root)
    var rootfs: Int64 = 0
    for node in visibleNodes { rootfs += root.inodes[Int(root.tree[node].inode)].size }
    sizes = Sizes(
      compressed: layers.reduce(0) { $0 + $1.compressed },
      unpacked: layers.reduce(0) { $0 + $1.unpacked },
      stored: stored.reduce(0, +), rootfs: rootfs)
    largestFiles = Self.largest(root, visibleNodes)
    largestFolders = FolderSizes(root.tree, visibleNodes.map { ($0, Self.size(root, $0)) })
      .largest(root.tree, count: Self.rows)
    duplicates = Self.duplicates(root, visibleNodes)
    visibleInodes = visibleNodes.map { root.tree[$0].inode }
    files = Self.files(root, shown, capture)
    scans = layers
    layerStored = stored
    layerWasted = wasted
    layerFiles = layers.map { layer in
      layer.entries.indices.count { !Self.isWhiteout(layer.entries.path($0)) }
    }
  }

  func layers(_ image: Image, _ history: History) -> [LayerFacts] {
    zip(image.layers, scans).enumerated().map { index, pair in
      LayerFacts(
        index: index, digest: pair.1.digest, diffID: pair.1.diffID, mediaType: pair.0.mediaType,
        compressed: pair.1.compressed, unpacked: pair.1.unpacked, stored: layerStored[index],
        wasted: layerWasted[index], files: layerFiles[index], createdBy: history.createdBy(index))
    }
  }

  /// One node for each inode of the final root filesystem, in no order, and by layer the node that each entry shows.
  private static func visible(_ root: RootFilesystem) -> ([FileTree.ID], [[FileTree.ID]]) {
    var shown = root.layers.map { [FileTree.ID](repeating: FileTree.none, count: $0.entries.count) }
    var isSeen = [Bool](repeating: false, count: root.inodes.count)
    var nodes: [FileTree.ID] = []
    var pending = [FileTree.root]
    while let id = pending.popLast() {
      let node = root.tree[id]
      if node.origin.index >= 0 { shown[Int(node.origin.layer)][Int(node.origin.index)] = id }
      if node.inode != FileTree.none, !isSeen[Int(node.inode)] {
        isSeen[Int(node.inode)] = true
        nodes.append(id)
      }
      pending += root.tree.children(id)
    }
    return (nodes, shown)
  }

  private static func size(_ root: RootFilesystem, _ node: FileTree.ID) -> Int64 {
    root.inodes[Int(root.tree[node].inode)].size
  }

  private static func largest(_ root: RootFilesystem, _ nodes: [FileTree.ID]) -> [FileFacts] {
    let sizes = nodes.map { size(root, $0) }.sorted(by: >)
    var least: Int64 = 1
    if sizes.count > rows { least = max(least, sizes[rows - 1]) }
    let files = nodes.filter { size(root, $0) >= least }.map { node in
      let origin = root.inodes[Int(root.tree[node].inode)].origin
      return FileFacts(
        path: DisplayText.escape(root.tree.path(node)), bytes: size(root, node),
        layer: Int(origin.layer))
    }
    return Array(files.sorted { a, b in (b.bytes, a.path) < (a.bytes, b.path) }.prefix(rows))
  }

  private static func duplicates(_ root: RootFilesystem, _ nodes: [FileTree.ID]) -> [DuplicateGroup]
  {
    struct Content: Hashable {
      let size: Int64
      let hash: ContentHash
    }
    var groups: [Content: [FileTree.ID]] = [:]
    for node in nodes {
      let entry = root.entry(root.inodes[Int(root.tree[node].inode)].origin)
      if entry.size > 0 {
        groups[Content(size: entry.size, hash: entry.hash), default: []].append(node)
      }
    }
    let gains = groups.filter { $0.value.count > 1 }.map {
      ($0.key.size * Int64($0.value.count - 1), $0.key.size, $0.value)
    }
    let least = gains.map(\.0).sorted(by: >).prefix(rows).last ?? 0
    let found = gains.filter { $0.0 >= least }.map { gain, size, nodes in
      (
        gain,
        DuplicateGroup(
          bytes: size, paths: nodes.map { DisplayText.escape(root.tree.path($0)) }.sorted())
      )
    }
    return found.sorted { a, b in (b.0, a.1.paths[0]) < (a.0, b.1.paths[0]) }.prefix(rows).map(\.1)
  }

  private static func files(
    _ root: RootFilesystem, _ shown: [[FileTree.ID]], _ capture: (ArraySlice<UInt8>) -> Int
  ) -> [FileInstance] {
    let inodes = root.inodesByEntry
    var files: [FileInstance] = []
    files.reserveCapacity(root.layers.reduce(0) { $0 + $1.entries.count })
    for (layer, scan) in root.layers.enumerated() {
      for index in scan.entries.indices where !isWhiteout(scan.entries.path(index)) {
        let entry = RootEntry(
          origin: FileTree.Origin(layer: Int32(layer), index: Int32(index)),
          inode: inodes[layer][index], node: shown[layer][index])
        files.append(root.instance(entry, capture))
      }
    }
    return files
  }

  private static func isWhiteout(_ path: ArraySlice<UInt8>) -> Bool {
    path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex)...].starts(
      with: ".wh.".utf8)
  }
}
