import ForgeLayers

/// Sets times that are later than an epoch back to it (reproducible-builds.org, `SOURCE_DATE_EPOCH`).
enum Clamp {
  /// - Parameter exempt: paths whose time stays, since compiled modules name it.
  static func apply(_ draft: inout Draft, kept: Int, epoch: Int64, exempt: Set<[UInt8]>) {
    for index in draft.layers.indices.dropFirst(kept) {
      let layer = draft.layers[index]
      var maker = LayerMaker()
      var isChanged = false
      // Of a hardlink group, one name is enough to keep the time.
      var keptLinks: Set<[UInt8]> = []
      for position in layer.entries.indices where exempt.contains(Array(layer.entries.path(position))) {
        if layer.entries[position].kind == .hardlink { keptLinks.insert(Array(layer.entries.link(position))) }
      }
      for position in layer.entries.indices {
        var entry = layer.entries[position]
        let (path, link) = (layer.entries.path(position), layer.entries.link(position))
        let isExempt =
          exempt.contains(Array(path)) || keptLinks.contains(Array(path))
          || entry.kind == .hardlink && (exempt.contains(Array(link)) || keptLinks.contains(Array(link)))
        if !isExempt, (entry.modified, entry.modifiedNanoseconds) > (epoch, 0) {
          (entry.modified, entry.modifiedNanoseconds) = (epoch, 0)
          isChanged = true
        }
        maker.add(
          entry, path: path, link: link, attributes: layer.entries.extendedAttributes(position),
          source: layer.sources[position])
      }
      if isChanged || layer.original == nil { draft.layers[index] = maker.layer(inputs: layer.inputs) }
    }
  }
}
