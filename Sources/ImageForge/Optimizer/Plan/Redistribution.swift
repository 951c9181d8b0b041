import ForgeInspection
import ForgeLayers
import ForgeWriting

/// Writes layers anew from the root filesystem that they make: every visible name once, in the layer that put it
/// there, and nothing else. What is below `kept` stays, and is hidden by whiteouts where it must not be seen.
///
/// Hidden bytes, markers that hide nothing, duplicates and overwritten folders vanish by construction: only what is
/// in the root filesystem is ever written.
struct Redistribution {
  struct Options {
    /// Layers from the base that stay as they are.
    var kept = 0
    /// For each layer, the layer that its names go to; nil: its own.
    var targets: [Int]?
    /// Names, by node, that go away with all below them.
    var excluded: (RootFilesystem, FileTree.ID) -> Bool = { _, _ in false }
    /// Whether to write every layer anew, even one in which nothing changes.
    var force = false
  }

  private let image: PlannedImage
  private let options: Options
  private let root: RootFilesystem
  private var isExcluded: Set<FileTree.ID> = []
  /// The names that stay, by the bytes of their paths, and by node where in that order it stands; -1 for all others.
  private var names: [FileTree.ID] = []
  private var ranks: [Int32] = []
  /// By inode: the name that carries the bytes.
  private var carriers: [FileTree.ID] = []
  /// Inodes of which a name stays that no kept layer has, where layers are kept.
  private var named: Set<Int32> = []
  /// By layer: what goes into it.
  private var whiteouts: [[[UInt8]]]
  private var members: [[FileTree.ID]]
  /// Folders that no entry names, but which must be written.
  private var bareFolders: [Set<FileTree.ID>]
  /// The same where the layer is written anew.
  private var ungrouped: [Int: Set<FileTree.ID>] = [:]
  /// Inodes of kept layers that are written again.
  private var renewed: Set<Int32> = []

  /// The layers from `kept` on, written anew where that changes them.
  static func apply(_ image: PlannedImage, _ options: Options) throws -> PlannedImage {
    guard options.kept < image.layers.count else { return image }
    var work = try Redistribution(image, options)
    try work.collect()
    return try work.result()
  }

  private init(_ image: PlannedImage, _ options: Options) throws {
    self.image = image
    self.options = options
    root = try image.stacked()
    let count = image.layers.count
    whiteouts = .init(repeating: [], count: count)
    members = .init(repeating: [], count: count)
    bareFolders = .init(repeating: [], count: count)
  }

  private func target(_ layer: Int32) -> Int { options.targets?[Int(layer)] ?? Int(layer) }

  /// The lowest layer that is written.
  private var lowest: Int { options.kept }

  // MARK: Collecting

  private mutating func collect() throws {
    var stays: [FileTree.ID] = []
    var excluded: Set<FileTree.ID> = []
    root.walk { id in
      if options.excluded(root, id) {
        excluded.insert(id)
        return false
      }
      stays.append(id)
      return true
    }
    isExcluded = excluded
    names = root.sortedByPath(stays)
    ranks = .init(repeating: -1, count: root.tree.count)
    carriers = .init(repeating: FileTree.none, count: root.inodes.count)
    for (rank, id) in names.enumerated() {
      ranks[Int(id)] = Int32(rank)
      let node = root.tree[id]
      guard node.inode != FileTree.none else { continue }
      if options.kept > 0, Int(node.origin.layer) >= options.kept { named.insert(node.inode) }
      let carrier = carriers[Int(node.inode)]
      if carrier == FileTree.none
        || target(node.origin.layer) < target(root.tree[carrier].origin.layer)
      {
        carriers[Int(node.inode)] = id
      }
    }
    if options.kept > 0 { try compareWithKept() }
    var renamed = renewed
    for id in names where renamed.remove(root.tree[id].inode) != nil {
      carriers[Int(root.tree[id].inode)] = id
    }
    let rootOrigin = root.tree[FileTree.root].origin
    if rootOrigin.index >= 0, Int(rootOrigin.layer) >= options.kept {
      members[target(rootOrigin.layer)].append(FileTree.root)
    }
    ungrouped = foldersBeforeTheirGroup()
    for id in names {
      let node = root.tree[id]
      if node.inode != FileTree.none, renewed.contains(node.inode) {
        members[lowest].append(id)
      } else if node.origin.index < 0 {
        // A folder that only exists through what is in it.
        if !root.tree.children(id).contains(where: { !isExcluded.contains($0) }),
          !bareFolders[lowest].contains(id)
        {
          bareFolders[target(Int32(image.layers.count - 1))].insert(id)
        }
      } else if Int(node.origin.layer) >= options.kept {
        members[target(node.origin.layer)].append(id)
      }
    }
  }

  /// By layer: folders that no entry names and that were made before a folder above them passed on its group (mode
  /// 2000). Where names are sorted, that one comes first, so that they have to be written after it.
  private func foldersBeforeTheirGroup() -> [Int: Set<FileTree.ID>] {
    func passesOn(_ id: FileTree.ID) -> Bool {
      let node = root.tree[id]
      return node.kind == .directory && node.origin.index >= 0
        && root.entry(node.origin).mode & 0o2000 != 0
    }
    /// The folder that passes on its group to each.
    var groups: [FileTree.ID: FileTree.ID] = [:]
    for id in names where root.tree[id].kind == .directory && root.tree[id].origin.index < 0 {
      var above = root.tree[id].parent
      while above > FileTree.root, !passesOn(above) { above = root.tree[above].parent }
      if passesOn(above) { groups[id] = above }
    }
    var found: [Int: Set<FileTree.ID>] = [:]
    guard !groups.isEmpty else { return found }
    for (layer, planned) in image.layers.enumerated() {
      for index in planned.entries.indices {
        var id = FileTree.root
        for name in planned.entries.path(index).split(separator: UInt8(ascii: "/")).dropLast() {
          guard let child = root.tree.child(id, name) else { break }
          id = child
          // What is below it for the first time made it.
          guard let group = groups.removeValue(forKey: id), layer >= options.kept else { continue }
          let origin = root.tree[group].origin
          guard (Int(origin.layer), Int(origin.index)) > (layer, index) else { continue }
          found[target(Int32(layer)), default: []].insert(id)
        }
      }
    }
    return found
  }

  /// Hides what the kept layers have and the result has not.
  private mutating func compareWithKept() throws {
    let base = try image.stacked(0..<options.kept)
    let original = Dictionary(
      image.layers.indices.dropFirst(options.kept).flatMap { layer in
        image.layers[layer].entries.indices.compactMap { index -> ([UInt8], Int)? in
          let path = image.layers[layer].entries.path(index)
          return path.fileName.starts(with: ".wh.".utf8) ? (Array(path), layer) : nil
        }
      }, uniquingKeysWith: { $1 })
    var pending = [(FileTree.root, FileTree.root)]
    while let (below, above) = pending.popLast() {
      for child in Array(base.tree.children(below)) {
        let name = base.tree.name(child)
        let path = base.tree.path(child)
        guard let twin = root.tree.child(above, name), !isExcluded.contains(twin) else {
          let slash = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
          let marker = Array(path[..<slash]) + Array(".wh.".utf8) + path[slash...]
          let layer = original[marker].map { target(Int32($0)) } ?? lowest
          whiteouts[layer].append(path)
          continue
        }
        let (old, new) = (base.tree[child], root.tree[twin])
        if new.kind == .directory {
          if old.kind != .directory {
            // What is written below the name must not land where a link of the base leads.
            whiteouts[lowest].append(path)
          } else {
            if new.origin != old.origin, Int(new.origin.layer) < options.kept {
              bareFolders[lowest].insert(twin)
            }
            pending.append((child, twin))
          }
        } else if new.inode != FileTree.none, Int(new.origin.layer) < options.kept,
          old.inode != FileTree.none,
          base.inodes[Int(old.inode)].metadata != root.inodes[Int(new.inode)].metadata,
          !named.contains(new.inode)
        {
          // Set through a name that is gone: the names that are left have to say it.
          renewed.insert(new.inode)
        }
      }
    }
  }

  // MARK: Writing

  private func result() throws -> PlannedImage {
    let visible = visibleEntries()
    var layers: [PlannedLayer] = Array(image.layers[..<options.kept])
    for index in image.layers.indices.dropFirst(options.kept) {
      let inputs = image.layers.indices.filter { target(Int32($0)) == index }
      guard !inputs.isEmpty else { continue }
      if inputs == [index], !options.force, isKeepable(index, visible) {
        layers.append(image.layers[index])
        continue
      }
      let origins = inputs.flatMap { image.layers[$0].inputs }
      let layer = try make(index, inputs: origins)
      // A layer in which nothing is left goes, unless it was empty all along or would leave the image without any.
      let hasOthers = !layers.isEmpty || image.layers.indices.contains { target(Int32($0)) > index }
      if layer.entries.isEmpty, hasOthers, !inputs.allSatisfy({ image.layers[$0].entries.isEmpty })
      {
        continue
      }
      layers.append(layer)
    }
    return PlannedImage(layers: layers)
  }

  /// By layer, for each entry: whether a name that stays is of it.
  private func visibleEntries() -> [[Bool]] {
    var visible = image.layers.map { [Bool](repeating: false, count: $0.entries.count) }
    for id in [FileTree.root] + names {
      let origin = root.tree[id].origin
      if origin.index >= 0 { visible[Int(origin.layer)][Int(origin.index)] = true }
    }
    return visible
  }

  /// Whether writing a layer anew would give the same names: then its bytes stay as they are.
  private func isKeepable(_ layer: Int, _ visible: [[Bool]]) -> Bool {
    let entries = image.layers[layer].entries
    guard bareFolders[layer].isEmpty, renewed.isEmpty || layer > lowest else { return false }
    var planned = Set(whiteouts[layer])
    let markers = planned.count
    var found = 0
    for index in entries.indices {
      let path = entries.path(index)
      let name = path.fileName
      if name.starts(with: ".wh.".utf8) {
        let hidden = Array(path[..<name.startIndex] + name.dropFirst(4))
        guard planned.remove(hidden) != nil else { return false }
        found += 1
        continue
      }
      let isShown = visible[layer][index]
      if entries[index].kind == .directory {
        // A folder that a later layer describes again may stay.
        guard let id = node(at: path), root.tree[id].kind == .directory,
          root.tree[id].origin.index >= 0,
          isShown || root.tree[id].origin.layer > layer
        else { return false }
        continue
      }
      guard isShown, let id = node(at: path),
        root.tree[id].origin == FileTree.Origin(layer: Int32(layer), index: Int32(index))
      else { return false }
      let inode = root.tree[id].inode
      guard inode != FileTree.none else { continue }
      let metadata = root.inodes[Int(inode)].metadata
      guard
        ([metadata] + root.attributeLinks[inode, default: []]).allSatisfy({
          visible[Int($0.layer)][Int($0.index)]
        })
      else { return false }
      if entries[index].kind == .hardlink {
        guard let other = node(at: entries.link(index)), root.tree[other].inode == inode,
          other != id
        else {
          return false
        }
        let origin = root.tree[other].origin
        guard (origin.layer, origin.index) < (Int32(layer), Int32(index)) else { return false }
      } else if root.inodes[Int(inode)].origin.index != index {
        return false
      }
    }
    return found == markers
  }

  /// The node at exactly this path, that stays.
  private func node(at path: ArraySlice<UInt8>) -> FileTree.ID? {
    var id = FileTree.root
    for name in path.split(separator: UInt8(ascii: "/")) {
      guard let child = root.tree.child(id, name), !isExcluded.contains(child) else { return nil }
      id = child
    }
    return id
  }

  private func make(_ layer: Int, inputs: [Int]) throws -> PlannedLayer {
    var maker = PlannedLayerBuilder()
    for path in Set(whiteouts[layer]).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      maker.addWhiteout(path)
    }
    let bare = bareFolders[layer].union(ungrouped[layer, default: []])
    let ids = (members[layer] + bare).sorted { ranks[Int($0)] < ranks[Int($1)] }
    maker.reserve(ids.count)
    for id in ids {
      let node = root.tree[id]
      let path = root.tree.path(id)
      if bare.contains(id), node.origin.index < 0 || Int(node.origin.layer) < options.kept {
        guard !path[...].fileName.starts(with: ".wh.".utf8) else {
          throw UnwritableLayer(
            layer: image.layers.flatMap(\.inputs).max() ?? 0,
            reason: "it holds a folder with the name of a whiteout")
        }
        var entry = LayerEntry(kind: .directory)
        if node.origin.index >= 0 {
          entry = root.entry(node.origin)
        } else {
          entry.mode = 0o755
        }
        maker.add(entry, path: path, link: [], attributes: root.attributes(node))
        continue
      }
      try add(id, node, path, to: &maker)
    }
    return maker.layer(inputs: inputs)
  }

  /// The topmost layer of the input that is in the planned layer of an entry.
  private func topInput(_ origin: FileTree.Origin) -> Int {
    image.layers[Int(origin.layer)].inputs.max() ?? Int(origin.layer)
  }

  private func add(
    _ id: FileTree.ID, _ node: FileTree.Node, _ path: [UInt8], to maker: inout PlannedLayerBuilder
  ) throws {
    let own = root.entry(root.metadata(node))
    var entry = LayerEntry(kind: node.kind)
    (entry.mode, entry.uid, entry.gid) = (own.mode, own.uid, own.gid)
    (entry.modified, entry.modifiedNanoseconds) = (own.modified, own.modifiedNanoseconds)
    let attributes = root.attributes(node)
    try check(node, own, path, attributes)
    switch node.kind {
    case .regular:
      let inode = root.inodes[Int(node.inode)]
      let carrier = carriers[Int(node.inode)]
      guard carrier != id else {
        let data = root.entry(inode.origin)
        guard !data.isSparse else {
          throw UnwritableLayer(layer: topInput(inode.origin), reason: "it holds a sparse file")
        }
        (entry.size, entry.hash) = (data.size, data.hash)
        return maker.add(
          entry, path: path, link: [], attributes: attributes, source: image.source(inode.origin))
      }
      entry.kind = .hardlink
      maker.add(entry, path: path, link: root.tree.path(carrier), attributes: attributes)
    case .symlink:
      let link = image.layers[Int(node.target.layer)].entries.link(Int(node.target.index))
      maker.add(entry, path: path, link: link, attributes: attributes)
    case .characterDevice, .blockDevice:
      (entry.deviceMajor, entry.deviceMinor) = (own.deviceMajor, own.deviceMinor)
      guard max(own.deviceMajor, own.deviceMinor) < 1 << 21 else {
        throw UnwritableLayer(
          layer: topInput(node.origin), reason: "it holds a device whose number fits into no header"
        )
      }
      maker.add(entry, path: path, link: [], attributes: attributes)
    case .directory, .fifo, .hardlink:
      maker.add(entry, path: path, link: [], attributes: attributes)
    }
  }

  /// Refuses what would be read back as something else.
  private func check(
    _ node: FileTree.Node, _ own: LayerEntry, _ path: [UInt8], _ attributes: [ExtendedAttribute]
  ) throws {
    func unwritable(_ what: String) -> UnwritableLayer {
      UnwritableLayer(layer: topInput(node.origin), reason: "it holds \(what)")
    }
    // Only regular files are told which names they have.
    if node.kind != .regular, own.kind == .hardlink {
      throw unwritable("a hard link to what is no file")
    }
    // A path that leads through a link can become a longer one; a folder's name ends in a slash.
    guard path.count < 4096 else { throw unwritable("a path of more than 4095 bytes") }
    guard own.modified > Int64.min else { throw unwritable("a time that fits into no header") }
    // Those of several links come together.
    let size = attributes.reduce(0) { $0 + $1.name.count + $1.value.count + 40 }
    guard attributes.count <= 100, size + path.count < 1 << 20 else {
      throw unwritable("a file with more extended attributes than one header can hold")
    }
  }
}
