import ForgeLayers
import ForgeSecrets

extension SecretScanner: ContentScanner {}

/// The search for secrets, in the pass that reads the layers.
enum LayerSecrets {
  /// - Throws: where the catalogue is broken.
  static func search() throws(SecretCatalogueError) -> ContentSearch {
    let catalogue = try SecretCatalogue.standard.get()
    return ContentSearch(version: "\(catalogue.version)+\(ArchiveSearch.revision)") {
      ArchiveSearch(catalogue)
    }
  }

  /// In the order of layers and entries.
  static func facts(_ root: RootFilesystem, _ owners: Owners) -> [SecretFact] {
    let named = try? SecretCatalogue.standard.get()
    let names = named.map { NameSearch($0).facts(root) } ?? []
    guard root.layers.contains(where: { !$0.hits.isEmpty }) else { return names }
    let inodes = root.inodesByEntry
    let visible = Set(root.visibleInodes.map { root.tree[$0].inode })
    let contents = root.layers.enumerated().flatMap { layer, scan in
      scan.hits.sorted { $0.key < $1.key }.flatMap { entry, hits in
        var (path, inode): ([UInt8], Int32) = ([], FileTree.none)
        // What is between the entries belongs to none.
        if entry >= 0 { (path, inode) = (Array(scan.entries.path(entry)), inodes[layer][entry]) }
        let isVisible = visible.contains(inode)
        return hits.map { hit in
          var fact = SecretFact(hit: hit, layer: layer, path: path, visible: isVisible)
          fact.inode = inode
          fact.isPackaged = isVisible && owners.package(inode) != nil
          return fact
        }
      }
    }
    // An extension header repeats the names that do not fit into others.
    let isNamed = Set(names.map(\.hit.fingerprint))
    return names + contents.filter { !$0.path.isEmpty || !isNamed.contains($0.hit.fingerprint) }
  }
}
