import ForgeLayers
import ForgeWriting

/// Sets times that are later than an epoch back to it (reproducible-builds.org, `SOURCE_DATE_EPOCH`).
enum Clamp {
  /// - Parameter exempt: paths whose time stays, since compiled modules name it.
  static func apply(_ image: inout PlannedImage, kept: Int, epoch: Int64, exempt: Set<[UInt8]>) {
    let exempt = withLinks(exempt, image)
    for index in image.layers.indices.dropFirst(kept) {
      let layer = image.layers[index]
      var maker = PlannedLayerBuilder()
      var isChanged = false
      for position in layer.entries.indices {
        var entry = layer.entries[position]
        let (path, link) = (layer.entries.path(position), layer.entries.link(position))
        if !exempt.contains(Array(path)), (entry.modified, entry.modifiedNanoseconds) > (epoch, 0) {
          (entry.modified, entry.modifiedNanoseconds) = (epoch, 0)
          isChanged = true
        }
        maker.add(
          entry, path: path, link: link, attributes: layer.entries.extendedAttributes(position),
          source: layer.sources[position])
      }
      if isChanged || layer.original == nil {
        image.layers[index] = maker.layer(inputs: layer.inputs)
      }
    }
  }

  /// Of a hardlink group, one name is enough to keep the time of all.
  private static func withLinks(_ exempt: Set<[UInt8]>, _ image: PlannedImage) -> Set<[UInt8]> {
    var names = exempt
    var isComplete = names.isEmpty
    while !isComplete {
      let before = names.count
      for layer in image.layers {
        for position in layer.entries.indices where layer.entries[position].kind == .hardlink {
          let pair = [Array(layer.entries.path(position)), Array(layer.entries.link(position))]
          if pair.contains(where: names.contains) { names.formUnion(pair) }
        }
      }
      isComplete = names.count == before
    }
    return names
  }
}
