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
  static func facts(_ root: RootFilesystem, _ files: [FileInstance]) -> [SecretFact] {
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
        return hits.map { SecretFact(hit: $0, layer: layer, path: path, visible: isVisible) }
      }
    }
  }
}
