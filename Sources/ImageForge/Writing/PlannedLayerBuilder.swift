import ForgeInspection
import ForgeLayers

/// Puts the entries of a planned layer together.
package struct PlannedLayerBuilder {
  private(set) var entries = LayerEntries()
  private(set) var sources: [FileTree.Origin] = []

  package init() {}

  /// Makes room for so many more entries.
  package mutating func reserve(_ count: Int) {
    entries.reserve(entries.count + count)
    sources.reserveCapacity(sources.count + count)
  }

  package mutating func add(
    _ entry: LayerEntry, path: some Collection<UInt8>, link: some Collection<UInt8>,
    attributes: [ExtendedAttribute],
    source: FileTree.Origin = .implicit
  ) {
    var entry = entry
    entry.path = entries.store(path)
    entry.link = entries.store(link)
    entry.hasExtendedAttributes = !attributes.isEmpty
    entries.append(entry, attributes: attributes)
    sources.append(source)
  }

  /// A marker that hides what lower layers have at a path (image-spec, layer.md, "Whiteouts").
  package mutating func addWhiteout(_ path: [UInt8]) {
    let slash = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    var entry = LayerEntry(kind: .regular)
    entry.hash = ContentHash()
    add(entry, path: path[..<slash] + Array(".wh.".utf8) + path[slash...], link: [], attributes: [])
  }

  package func layer(inputs: [Int]) -> PlannedLayer {
    PlannedLayer(entries: entries, sources: sources, original: nil, inputs: inputs)
  }
}
