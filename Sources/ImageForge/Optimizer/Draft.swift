import ForgeInspection
import ForgeLayers

/// An image that is planned: layers as lists of entries, whose files' bytes stand in layers of the input.
struct Draft: Sendable {
  struct Layer: Sendable {
    var entries: LayerEntries
    /// For each regular entry, where the input has its bytes; `implicit` for every other entry.
    var sources: [FileTree.Origin]
    /// The layer of the input that this is, unchanged; nil where it has to be written.
    var original: Int?
    /// The layers of the input that went into it.
    var inputs: [Int]
  }

  var layers: [Layer]

  init(_ scans: [LayerScan]) {
    layers = scans.enumerated().map { index, scan in
      Layer(
        entries: scan.entries,
        sources: scan.entries.indices.map {
          FileTree.Origin(layer: Int32(index), index: Int32($0))
        },
        original: index, inputs: [index])
    }
  }

  init(layers: [Layer]) { self.layers = layers }

  /// The root filesystem that the layers will make.
  func stacked(_ range: Range<Int>? = nil) throws(StackingError) -> RootFilesystem {
    try RootFilesystem(
      layers[range ?? layers.indices].map { LayerScan(planned: $0.entries) }, image: "the plan")
  }

  /// Where the input has the bytes of a regular entry.
  func source(_ origin: FileTree.Origin) -> FileTree.Origin {
    layers[Int(origin.layer)].sources[Int(origin.index)]
  }

  /// Bytes of the regular files over all layers: the size that the gate judges.
  var stored: Int64 {
    layers.reduce(0) { sum, layer in
      layer.entries.reduce(sum) { $1.kind == .regular ? $0 + $1.size : $0 }
    }
  }
}

/// A file that is written otherwise than it stands in the input.
struct Rewrite: Sendable {
  /// In place of a layer's number in `Draft.Layer.sources`; the index is that of the rewrite.
  static let layer: Int32 = -2

  /// Where the input has the bytes it is made from.
  var origin: FileTree.Origin
  var file: RewrittenFile
  var hash: FileContent.Hash
}

/// Puts the entries of a planned layer together.
struct LayerMaker {
  private(set) var entries = LayerEntries()
  private(set) var sources: [FileTree.Origin] = []

  /// Makes room for as many entries.
  mutating func reserve(_ count: Int) {
    entries.reserve(entries.count + count)
    sources.reserveCapacity(sources.count + count)
  }

  mutating func add(
    _ entry: LayerEntry, path: some Collection<UInt8>, link: some Collection<UInt8>,
    attributes: [ExtendedAttribute],
    source: FileTree.Origin = .implicit
  ) {
    var entry = entry
    entry.path = entries.store(path)
    entry.link = entries.store(link)
    entry.hasExtendedAttributes = !attributes.isEmpty
    entries.append(entry, attributes: attributes)
    sources.append(source)
  }

  /// A marker that hides what lower layers have at a path (image-spec, layer.md, "Whiteouts").
  mutating func addWhiteout(_ path: [UInt8]) {
    let slash = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    var entry = LayerEntry(kind: .regular)
    entry.hash = ContentHash()
    add(entry, path: path[..<slash] + Array(".wh.".utf8) + path[slash...], link: [], attributes: [])
  }

  func layer(inputs: [Int]) -> Draft.Layer {
    Draft.Layer(entries: entries, sources: sources, original: nil, inputs: inputs)
  }
}

extension ArraySlice<UInt8> {
  /// The part after the last slash.
  var fileName: ArraySlice<UInt8> {
    self[(lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? startIndex)...]
  }
}

extension RootFilesystem {
  /// What a name of the final root filesystem is like, links of one inode told together.
  func metadata(_ node: FileTree.Node) -> FileTree.Origin {
    node.inode == FileTree.none ? node.origin : inodes[Int(node.inode)].metadata
  }

  /// Extended attributes of a node: those of its own entry, and those that later hard links set.
  func attributes(_ node: FileTree.Node) -> [ExtendedAttribute] {
    guard node.origin.index >= 0 else { return [] }
    func list(_ origin: FileTree.Origin) -> [ExtendedAttribute] {
      layers[Int(origin.layer)].entries.extendedAttributes(Int(origin.index))
    }
    guard node.inode != FileTree.none else { return list(node.origin) }
    return attributeLinks[node.inode, default: []].reduce(list(inodes[Int(node.inode)].origin)) {
      attributes, link in
      let later = list(link)
      return attributes.filter { attribute in !later.contains { $0.name == attribute.name } }
        + later
    }
  }

  /// The same names, sorted by the bytes of their paths.
  func sortedByPath(_ ids: [FileTree.ID]) -> [FileTree.ID] {
    // All paths in one piece of memory: an array for each would take twice as much.
    var bytes: [UInt8] = []
    var names: [(id: FileTree.ID, start: Int, end: Int)] = []
    names.reserveCapacity(ids.count)
    for id in ids {
      let start = bytes.count
      bytes += tree.path(id)
      names.append((id, start, bytes.count))
    }
    bytes.withUnsafeBytes { bytes in
      names.sort { bytes[$0.start..<$0.end].lexicographicallyPrecedes(bytes[$1.start..<$1.end]) }
    }
    return names.map(\.id)
  }

  /// Every name of the final root filesystem but the root, parents first; `visit` tells whether to go below.
  func walk(_ visit: (FileTree.ID) throws -> Bool) rethrows {
    var pending = Array(tree.children(FileTree.root))
    while let id = pending.popLast() {
      if try visit(id) { pending += tree.children(id) }
    }
  }
}
