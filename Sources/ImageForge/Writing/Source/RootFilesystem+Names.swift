import ForgeInspection
import ForgeLayers

extension ArraySlice<UInt8> {
  /// The part after the last slash.
  package var fileName: ArraySlice<UInt8> {
    guard let slash = lastIndex(of: UInt8(ascii: "/")) else { return self }
    return self[index(after: slash)...]
  }
}

extension RootFilesystem {
  /// The file of a name; nil for all but regular files.
  package func file(_ id: FileTree.ID) -> Inode? {
    let inode = tree[id].inode
    guard inode != FileTree.none else { return nil }
    return inodes[Int(inode)]
  }

  /// The same names, sorted by the bytes of their paths.
  package func sortedByPath(_ ids: [FileTree.ID]) -> [FileTree.ID] {
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

  /// The node at exactly this path; no link is followed.
  package func node(at path: some Collection<UInt8>) -> FileTree.ID? {
    var id = FileTree.root
    for name in Array(path).split(separator: UInt8(ascii: "/")) {
      guard let child = tree.child(id, name) else { return nil }
      id = child
    }
    return id
  }

  /// Every name of the final root filesystem but the root, parents first; `visit` tells whether to go below.
  package func walk(_ visit: (FileTree.ID) throws -> Bool) rethrows {
    var pending = Array(tree.children(FileTree.root))
    while let id = pending.popLast() {
      if try visit(id) { pending += tree.children(id) }
    }
  }
}
