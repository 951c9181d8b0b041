import ForgeBasics
import ForgeLayers

/// An entry of a layer, and what it has become in the root filesystem.
struct RootEntry {
  let origin: FileTree.Origin
  /// Of a regular file or a hard link to one; `FileTree.none` for anything else.
  let inode: Int32
  /// The name that the final root filesystem shows the entry under; `FileTree.none` where it shows none.
  let node: FileTree.ID
}

extension RootFilesystem {
  /// By layer and entry: the inode of a regular file, or of the one that a hard link leads to.
  var inodesByEntry: [[Int32]] {
    var found = layers.map { [Int32](repeating: FileTree.none, count: $0.entries.count) }
    for (index, inode) in inodes.enumerated() {
      found[Int(inode.origin.layer)][Int(inode.origin.index)] = Int32(index)
    }
    for (origin, inode) in hardlinks { found[Int(origin.layer)][Int(origin.index)] = inode }
    return found
  }

  /// What rules see of an entry. One that the final root filesystem shows has the path and the metadata that runtimes
  /// give it there: a hard link's mode, owner and attributes are those of the file under all of its names.
  func instance(_ entry: RootEntry, _ capture: (ArraySlice<UInt8>) -> Int) -> FileInstance {
    let isVisible = entry.node != FileTree.none
    let own = self.entry(entry.origin)
    var metadata = own
    var path = Array(self.path(entry.origin))
    var kind = own.kind
    if isVisible {
      let node = tree[entry.node]
      metadata = self.entry(self.metadata(node))
      kind = node.kind
      if redirected.contains(entry.origin) { path = tree.path(entry.node) }
    } else if entry.inode != FileTree.none {
      kind = .regular
    }
    var file = FileInstance(
      path: path, kind: FileInstance.Kind(kind), mode: metadata.mode, uid: metadata.uid,
      gid: metadata.gid, size: own.size, layer: Int(entry.origin.layer), visible: isVisible)
    file.modified = metadata.modified
    file.inode = entry.inode
    file.isLink = own.kind == .hardlink
    if entry.inode != FileTree.none {
      let origin = inodes[Int(entry.inode)].origin
      file.size = inodes[Int(entry.inode)].size
      let wanted = capture(path[...])
      if wanted > 0 { file.head = head(origin).map { Array($0.prefix(wanted)) } }
    }
    if isVisible, kind == .symlink, capture(path[...]) > 0 { file.linked = linked(path) }
    file.attributes = attributes(entry).map { DisplayText.escape($0.name) }
    return file
  }

  /// The regular file that a symbolic link leads to; nil where there is none.
  private func linked(_ path: [UInt8]) -> FileInstance.Linked? {
    var root = self
    guard let node = root.resolve(path[...]), tree[node].inode != FileTree.none else { return nil }
    let inode = tree[node].inode
    return FileInstance.Linked(
      path: tree.path(node), size: inodes[Int(inode)].size, inode: inode)
  }

  private func attributes(_ entry: RootEntry) -> [ExtendedAttribute] {
    if entry.node != FileTree.none {
      let node = tree[entry.node]
      let isPlain = node.inode == FileTree.none || attributeLinks[node.inode] == nil
      if !isPlain || self.entry(node.origin).kind == .hardlink { return attributes(node) }
    }
    guard self.entry(entry.origin).hasExtendedAttributes else { return [] }
    return layers[Int(entry.origin.layer)].entries.extendedAttributes(Int(entry.origin.index))
  }
}

extension FileInstance.Kind {
  fileprivate init(_ kind: LayerEntry.Kind) {
    self =
      switch kind {
      case .regular: .regular
      case .directory: .directory
      case .symlink: .symlink
      case .hardlink: .hardlink
      case .characterDevice, .blockDevice: .device
      case .fifo: .fifo
      }
  }
}
