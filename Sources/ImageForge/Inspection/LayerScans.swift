import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import Synchronization

/// Reads the layers of an image side by side.
enum LayerScans {
  /// One blob, however often it is listed.
  private struct Key: Hashable {
    let content: LayerSource.ID
    let digest: Digest?
    let diffID: Digest

    init(_ layer: ImageLayer) {
      content = layer.content.id
      digest = layer.digest
      diffID = layer.diffID
    }
  }

  /// Reads every layer against its digests: as many at a time as there are cores, the largest first, and each blob once.
  /// - Parameters:
  ///   - image: what messages call the image.
  ///   - reading: how, but for names and digests; its limits hold for each layer and for all of them together.
  ///   - cache: what is known of layers that were seen before; nil: every layer is read.
  static func read(
    _ layers: [ImageLayer], of image: String, _ reading: LayerScanOptions,
    cache: LayerCache? = nil
  ) throws(LayerError) -> [LayerScan] {
    let keys = layers.map(Key.init)
    let first = Dictionary(zip(keys, keys.indices), uniquingKeysWith: { first, _ in first })
    let order = first.values.sorted { (layers[$0].size, $1) > (layers[$1].size, $0) }
    let results = Mutex<[Int: Result<LayerScan, LayerError>]>([:])
    let isCacheChanged = Mutex(false)
    let budget = UnpackBudget(reading.limits, image: image)
    Workers.perform(order.count) { turn in
      let index = order[turn]
      var options = reading
      options.budget = budget
      options.name = "layer \(index) of \(image)"
      options.expectedDigest = layers[index].digest
      options.expectedDiffID = layers[index].diffID
      let result = Result { () throws(LayerError) in
        // What the cache or a stream knows already counts too, and so do entries.
        try check(
          results.withLock { $0.values.compactMap { try? $0.get() } }, reading.limits, of: image)
        guard let cache else {
          return try LayerReader.scan(layers[index].content, options: options)
        }
        let (scan, isNew) = try cache.scan(layers[index].content, options: options)
        if isNew { isCacheChanged.withLock { $0 = true } }
        return scan
      }
      results.withLock { $0[index] = result }
    }
    if isCacheChanged.withLock({ $0 }) { cache?.trim() }
    let done = results.withLock { $0 }
    // The lowest layer's error, whichever came first.
    for index in done.keys.sorted() { _ = try done[index]?.get() }
    var scans: [LayerScan] = []
    for key in keys {
      if let index = first[key], let scan = try done[index]?.get() { scans.append(scan) }
    }
    try check(scans, reading.limits, of: image)
    return scans
  }

  private static func check(_ scans: [LayerScan], _ limits: LayerLimits, of image: String)
    throws(LayerError)
  {
    try limits.check(
      unpacked: scans.reduce(0) { $0 + $1.unpacked },
      entries: scans.reduce(0) { $0 + $1.entries.count }, of: image)
  }
}
