import ForgeFindings
import ForgeLayers
import ForgeSecrets

/// Looks for secrets in what is no content: names of entries, targets of links, and values of extended attributes.
struct NameSearch {
  private let scanner: SecretScanner

  init(_ catalogue: SecretCatalogue) { scanner = SecretScanner(catalogue) }

  /// In the order of layers and entries. Only tokens that are known by their shape are looked for: as in a place of the
  /// system.
  func facts(_ root: RootFilesystem) -> [SecretFact] {
    root.layers.enumerated().flatMap { layer, scan in facts(scan.entries, layer: layer) }
  }

  private func facts(_ entries: LayerEntries, layer: Int) -> [SecretFact] {
    var text: [UInt8] = []
    var starts: [Int] = []
    starts.reserveCapacity(entries.count)
    for index in entries.indices {
      starts.append(text.count)
      text.append(contentsOf: entries.path(index))
      text.append(UInt8(ascii: "\n"))
      text.append(contentsOf: entries.link(index))
      text.append(UInt8(ascii: "\n"))
      guard entries[index].hasExtendedAttributes else { continue }
      for attribute in entries.extendedAttributes(index) {
        text.append(contentsOf: attribute.value)
        text.append(UInt8(ascii: "\n"))
      }
    }
    return scanner.scan(text, path: Array("usr/names".utf8)).compactMap { hit in
      guard !hit.kind.isEmpty, let index = starts.lastIndex(where: { $0 <= Int(hit.offset) }) else {
        return nil
      }
      let spot = SecretHit(kind: hit.kind, offset: 0, line: 0, fingerprint: hit.fingerprint)
      return SecretFact(hit: spot, layer: layer, path: Array(entries.path(index)), visible: true)
    }
  }
}
