import ForgeLayers
import ForgeSecrets

extension SecretScanner: ContentScanner {}

/// The search for secrets, in the pass that reads the layers.
enum LayerSecrets {
  /// - Throws: where the catalogue is broken.
  static func search() throws(SecretCatalogueError) -> ContentSearch {
    let catalogue = try SecretCatalogue.standard.get()
    return ContentSearch(version: catalogue.version) { SecretScanner(catalogue) }
  }

  /// In the order of layers and entries.
  static func facts(
    _ root: RootFilesystem, _ files: [FileInstance], _ owners: Owners
  ) -> [SecretFact] {
    guard root.layers.contains(where: { !$0.hits.isEmpty }) else { return [] }
    struct Instance: Hashable {
      let layer: Int
      let path: [UInt8]
    }
    var visible: Set<Instance> = []
    for file in files where file.visible {
      visible.insert(Instance(layer: file.layer, path: file.path))
    }
    return root.layers.enumerated().flatMap { layer, scan in
      scan.hits.sorted { $0.key < $1.key }.flatMap { entry, hits in
        let path = entry < 0 ? [] : Array(scan.entries.path(entry))
        let isVisible = visible.contains(Instance(layer: layer, path: path))
        let isPackaged = isVisible && isOwned(path, root.tree, owners)
        return hits.map { hit in
          var fact = SecretFact(hit: hit, layer: layer, path: path, visible: isVisible)
          fact.isPackaged = isPackaged
          return fact
        }
      }
    }
  }

  private static func isOwned(_ path: [UInt8], _ tree: FileTree, _ owners: Owners) -> Bool {
    var node = FileTree.root
    for name in path.split(separator: UInt8(ascii: "/")) {
      guard let child = tree.child(node, name) else { return false }
      node = child
    }
    let inode = tree[node].inode
    return inode != FileTree.none && owners.package(inode) != nil
  }
}
