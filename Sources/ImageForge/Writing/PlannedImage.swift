import ForgeInspection
import ForgeLayers

/// An image that is planned: layers as lists of entries, whose files' bytes stand in layers of the input.
package struct PlannedImage: Sendable {
  package var layers: [PlannedLayer]

  package init(_ scans: [LayerScan]) {
    layers = scans.enumerated().map { index, scan in
      PlannedLayer(
        entries: scan.entries,
        sources: scan.entries.indices.map {
          FileTree.Origin(layer: Int32(index), index: Int32($0))
        },
        original: index, inputs: [index])
    }
  }

  package init(layers: [PlannedLayer]) { self.layers = layers }

  /// The root filesystem that the layers will make.
  package func stacked(_ range: Range<Int>? = nil) throws(StackingError) -> RootFilesystem {
    try RootFilesystem(
      layers[range ?? layers.indices].map { LayerScan(planned: $0.entries) }, image: "the plan")
  }

  /// Where the input has the bytes of a regular entry.
  package func source(_ origin: FileTree.Origin) -> FileTree.Origin {
    layers[Int(origin.layer)].sources[Int(origin.index)]
  }

  /// Bytes of the regular files over all layers: the size that the gate judges.
  package var stored: Int64 {
    layers.reduce(0) { sum, layer in
      layer.entries.reduce(sum) { $1.kind == .regular ? $0 + $1.size : $0 }
    }
  }
}

/// One layer of a planned image.
package struct PlannedLayer: Sendable {
  package var entries: LayerEntries
  /// For each regular entry, where the input has its bytes; `implicit` for every other entry.
  package var sources: [FileTree.Origin]
  /// The layer of the input that this is, unchanged; nil where it has to be written.
  package var original: Int?
  /// The layers of the input that went into it.
  package var inputs: [Int]
}

extension PlannedLayer {
  /// The header blocks of an entry.
  func header(_ index: Int) -> [UInt8] {
    let entry = entries[index]
    return TarWriter.header(
      .init(
        kind: entry.kind, path: entries.path(index), link: entries.link(index), mode: entry.mode,
        uid: entry.uid,
        gid: entry.gid, size: entry.kind == .regular ? entry.size : 0, modified: entry.modified,
        nanoseconds: entry.modifiedNanoseconds, deviceMajor: entry.deviceMajor,
        deviceMinor: entry.deviceMinor,
        attributes: entries.extendedAttributes(index)))
  }

  /// Bytes of its tar, as forge writes it.
  package var tarSize: Int64 {
    entries.indices.reduce(TarWriter.endSize) { sum, index in
      let size = entries[index].kind == .regular ? entries[index].size : 0
      return sum + Int64(header(index).count) + size + TarWriter.padding(size)
    }
  }
}
