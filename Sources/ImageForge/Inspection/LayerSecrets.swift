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
  static func facts(_ root: RootFilesystem, _ files: [FileInstance]) -> [SecretFact] {
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
        return marks.map {
          SecretFact(
            hit: SecretHit(
              kind: $0.kind, offset: $0.offset, line: $0.line, fingerprint: $0.fingerprint),
            layer: layer, path: path, visible: isVisible)
        }
      }
    }
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
