import ForgeBasics
import ForgeImages
import ForgeLayers

/// An image that was read whole: its report, and every file for further questions.
public struct InspectedImage: Sendable {
  /// The report of the whole image.
  public package(set) var inspection: Inspection
  let root: RootFilesystem
  let owners: Owners

  /// Levels that a tree may be deep.
  public static let maximumDepth = 100

  /// The root filesystem from a path on, links followed as in a container; or what one layer holds there.
  /// - Parameters:
  ///   - depth: how many levels below the path, at most `maximumDepth`.
  ///   - layer: the number of a layer; nil: the root filesystem.
  public func tree(_ path: String, depth: Int = 2, layer: Int? = nil) throws(LookupError)
    -> TreeFacts
  {
    let depth = min(max(depth, 0), Self.maximumDepth)
    let clean = "/" + path.split(separator: "/").joined(separator: "/")
    if let layer { return try layerTree(clean, depth, layer) }
    var root = root
    guard let id = root.resolve(clean) else {
      throw .noSuchPath(clean, place: "the root filesystem")
    }
    let tree = root.tree
    return TreeView(
      tree: tree,
      sizes: FolderSizes(
        tree, root.visibleInodes.map { ($0, root.inodes[Int(tree[$0].inode)].size) }),
      kind: { tree[$0].kind.word },
      layer: { id in
        // A folder that no entry makes is of no layer.
        guard tree[id].origin.layer >= 0 else { return nil }
        return Int(tree[id].origin.layer)
      },
      target: { id in
        guard tree[id].kind == .symlink else { return nil }
        let origin = tree[id].target
        return DisplayText.escape(root.layers[Int(origin.layer)].entries.link(Int(origin.index)))
      },
      package: { id in owners.package(tree[id].inode).map { "\($0.kind) \($0.name)" } }
    ).facts(id, depth: depth, name: DisplayText.escape(clean))
  }

  /// The entries of a layer as they stand in its tar: no link is followed.
  private func layerTree(_ path: String, _ depth: Int, _ layer: Int) throws(LookupError)
    -> TreeFacts
  {
    guard root.layers.indices.contains(layer) else {
      throw .noSuchLayer(layer, count: root.layers.count)
    }
    let entries = root.layers[layer].entries
    var tree = FileTree()
    var entryOf: [FileTree.ID: Int] = [:]
    for index in entries.indices {
      var node = FileTree.root
      for name in entries.path(index).split(separator: UInt8(ascii: "/")) {
        node = tree.child(node, name) ?? tree.add(node, name, kind: .directory)
      }
      tree[node].kind = entries[index].kind
      entryOf[node] = index
    }
    // What has names below it is shown as a folder, whatever it was at the end.
    for node in tree.visible where tree.children(node).contains(where: { _ in true }) {
      tree[node].kind = .directory
    }
    var found: FileTree.ID? = FileTree.root
    for name in path.utf8.split(separator: UInt8(ascii: "/")) {
      found = found.flatMap { tree.child($0, Array(name)[...]) }
    }
    guard let id = found else { throw .noSuchPath(path, place: "layer \(layer)") }
    let files = entryOf.filter { entries[$0.value].kind == .regular }.map {
      ($0.key, entries[$0.value].size)
    }
    let shown = tree
    return TreeView(
      tree: shown, sizes: FolderSizes(shown, files),
      kind: { id in
        if shown.name(id).starts(with: ".wh.".utf8) { return "whiteout" }
        return shown[id].kind.word
      },
      layer: { id in entryOf[id].map { _ in layer } },
      target: { id in
        guard let index = entryOf[id], entries[index].link.count > 0 else { return nil }
        return DisplayText.escape(entries.link(index))
      },
      package: { _ in nil }
    ).facts(id, depth: depth, name: DisplayText.escape(path))
  }

  /// What one layer brought and cost.
  public func layer(_ index: Int) throws(LookupError) -> LayerReport {
    guard root.layers.indices.contains(index) else {
      throw .noSuchLayer(index, count: root.layers.count)
    }
    let entries = root.layers[index].entries
    let largest = entries.indices.filter { entries[$0].kind == .regular && entries[$0].size > 0 }
      .sorted { (entries[$1].size, $0) < (entries[$0].size, $1) }.prefix(Summary.rows)
    return LayerReport(
      image: inspection.image, layer: inspection.layers[index],
      waste: inspection.waste.filter { $0.layer == index },
      hides: inspection.waste.filter { $0.hiddenBy == index },
      largestFiles: largest.map {
        FileFacts(path: DisplayText.escape(entries.path($0)), bytes: entries[$0].size, layer: index)
      }, packages: inspection.packages.filter { $0.layer == index })
  }
}

/// One layer of an image. The JSON of `forge inspect --layer N`; sizes are bytes.
public struct LayerReport: Codable, Sendable, Equatable {
  /// Raised when a key changes its name or meaning.
  public var schemaVersion = 1
  /// Which image the layer is of.
  public var image: ImageFacts
  /// What the layer is, and what it costs.
  public var layer: LayerFacts
  /// Bytes that the layer stores and no container sees.
  public var waste: [Waste]
  /// Bytes of this and lower layers that the layer hides.
  public var hides: [Waste]
  /// As the layer holds them, visible or not.
  public var largestFiles: [FileFacts]
  /// Packages most of whose bytes the layer stores.
  public var packages: [PackageFacts]
}

/// A part of an image. The JSON of `forge inspect --tree PATH`; sizes are bytes.
public struct TreeReport: Codable, Sendable, Equatable {
  /// Raised when a key changes its name or meaning.
  public var schemaVersion = 1
  /// Which image it is a part of.
  public var image: ImageFacts
  /// Whose entries are shown; nil: the root filesystem.
  @EncodesNull public var layer: Int?
  /// What is below the path.
  public var tree: TreeFacts

  /// A report of what is below a path of an image, or of one of its layers.
  public init(image: ImageFacts, layer: Int?, tree: TreeFacts) {
    self.image = image
    self.layer = layer
    self.tree = tree
  }
}

extension LayerEntry.Kind {
  /// As in reports.
  var word: String {
    switch self {
    case .regular: "file"
    case .directory: "folder"
    case .symlink: "symlink"
    case .hardlink: "hardlink"
    case .characterDevice, .blockDevice: "device"
    case .fifo: "pipe"
    }
  }
}

extension RootFilesystem {
  /// One node for each inode that can be seen.
  var visibleInodes: [FileTree.ID] {
    var isSeen = [Bool](repeating: false, count: inodes.count)
    return tree.visible.filter { id in
      let inode = Int(tree[id].inode)
      guard inode >= 0, !isSeen[inode] else { return false }
      isSeen[inode] = true
      return true
    }
  }
}
