import ForgeBasics
import ForgeLayers
import ForgeSecrets

/// A secret in the content of a file: what it is and where, never its value.
package struct SecretFact: Sendable, Equatable {
  package var hit: SecretHit
  package var layer: Int
  /// Empty for data behind the end of the layer's tar.
  package var path: [UInt8]
  /// Whether the final root filesystem shows this instance of the file.
  package var visible: Bool
  /// Whether a package put the file there, wherever it lies: samples and keys for tests are usual in these.
  package var isPackaged = false

  package init(hit: SecretHit, layer: Int, path: [UInt8], visible: Bool) {
    self.hit = hit
    self.layer = layer
    self.path = path
    self.visible = visible
  }
}

/// The search for secrets, in the pass that reads the layers.
enum LayerSecrets {
  /// - Throws: where the catalogue is broken.
  static func scanning() throws(SecretCatalogueError) -> ContentScanning {
    let catalogue = try SecretCatalogue.standard.get()
    return ContentScanning(version: catalogue.version) { Scanner(catalogue) }
  }

  /// In the order of layers and entries.
  static func facts(_ root: RootFilesystem, _ files: [FileInstance], _ owners: Owners)
    -> [SecretFact]
  {
    guard root.layers.contains(where: { !$0.marks.isEmpty }) else { return [] }
    struct Place: Hashable {
      let layer: Int
      let path: [UInt8]
    }
    var visible: Set<Place> = []
    for file in files where file.visible {
      visible.insert(Place(layer: file.layer, path: file.path))
    }
    return root.layers.enumerated().flatMap { layer, scan in
      scan.marks.sorted { $0.key < $1.key }.flatMap { entry, marks in
        let path = entry < 0 ? [] : Array(scan.entries.path(entry))
        let isVisible = visible.contains(Place(layer: layer, path: path))
        let isPackaged = isVisible && isOwned(path, root.tree, owners)
        return marks.map {
          var fact = SecretFact(
            hit: SecretHit(
              kind: $0.kind, offset: $0.offset, line: $0.line, fingerprint: $0.fingerprint),
            layer: layer, path: path, visible: isVisible)
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

  private final class Scanner: ContentScanner {
    private let scanner: SecretScanner

    init(_ catalogue: SecretCatalogue) { scanner = SecretScanner(catalogue) }
    func begin(path: ArraySlice<UInt8>) { scanner.begin(path: path) }
    func take(_ bytes: UnsafeRawBufferPointer, isLast: Bool) { scanner.take(bytes, isLast: isLast) }
    func finish() -> [ContentMark] {
      scanner.finish().map {
        ContentMark(kind: $0.kind, offset: $0.offset, line: $0.line, fingerprint: $0.fingerprint)
      }
    }
  }
}
