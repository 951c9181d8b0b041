import ForgeLayers

extension RootFilesystem {
  /// What a name of the final root filesystem is like, links of one inode told together.
  package func metadata(_ node: FileTree.Node) -> FileTree.Origin {
    guard node.inode != FileTree.none else { return node.origin }
    return inodes[Int(node.inode)].metadata
  }

  /// Extended attributes of a node: those of its own entry, and those that later hard links set.
  package func attributes(_ node: FileTree.Node) -> [ExtendedAttribute] {
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
}
