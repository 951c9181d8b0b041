import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import Foundation
import Synchronization

/// An image read to its last byte: its layers' entries, where the files' bytes stand, and what these are known by.
package struct ReadImage: Sendable {
  package let image: Image
  /// `fingerprints` or `digests`.
  package let notes: ContentNotes
  package let scans: [LayerScan]
  /// By layer: its uncompressed tar, of those that were kept unpacked.
  let tars: [Int: Blob]
  package let root: RootFilesystem

  /// What messages call it.
  package static func name(_ image: Image) -> String {
    image.source == "-" ? "standard input" : DisplayText.escape(image.source)
  }

  /// - Parameters:
  ///   - notes: what files are known by.
  ///   - unpacking: whether to keep what is unpacked on the way, so that it need not be unpacked again. Where there is no
  ///     room for it, it is not kept.
  ///   - known: scans of layers, by diffID: a layer whose blob is the same is not taken apart again, only recognised by its fingerprint.
  ///   - progress: is told bytes of blobs that were read, from several threads.
  package init(
    _ image: Image, name: String? = nil, limits: LayerLimits = LayerLimits(),
    notes: ContentNotes = .digests,
    unpacking: Bool = false, known: [Digest: LayerScan] = [:],
    progress: @escaping @Sendable (Int64) -> Void = { _ in }
  ) throws {
    (self.image, self.notes) = (image, notes)
    let name = name ?? Self.name(image)
    let layers = image.layers
    let order = layers.indices.sorted { (layers[$0].size, $1) > (layers[$1].size, $0) }
    let results = Mutex<[Int: Result<(scan: LayerScan, tar: Blob?), any Error>]>([:])
    Workers.perform(order.count) { turn in
      let index = order[turn]
      let result = Result { () throws in
        let done = results.withLock {
          $0.values.compactMap { try? $0.get().scan.unpacked }.reduce(0, +)
        }
        guard done <= limits.total else {
          throw LayerError.overLimit(
            layer: name, path: [], limit: .total,
            reason: "its layers unpack to more than \(ByteCount.text(limits.total))")
        }
        let keeper = unpacking ? TarKeeper(try layers[index].blob) : nil
        var options = Self.options("layer \(index) of \(name)", limits, notes)
        if let keeper { options.copy = { keeper.take($0) } }
        let scan = try Self.scan(layers[index], options, known[layers[index].diffID], progress)
        return (scan: scan, tar: keeper?.tar)
      }
      results.withLock { $0[index] = result }
    }
    let done = results.withLock { $0 }
    scans = try layers.indices.map { index in
      guard let result = done[index] else {
        throw WritingError.changed("layer \(index) of \(name)")
      }
      return try result.get().scan
    }
    tars = done.compactMapValues { try? $0.get().tar }
    root = try RootFilesystem(scans, image: name)
  }

  private static func scan(
    _ layer: ImageLayer, _ options: LayerScanOptions, _ known: LayerScan?,
    _ progress: @escaping @Sendable (Int64) -> Void
  ) throws -> LayerScan {
    if let known, let expected = known.fingerprints?.blob, known.compressed == layer.size {
      let hasher = FingerprintHasher()
      try layer.blob.forEachPiece(name: options.name ?? "a layer") { bytes in
        hasher.update(bytes)
        progress(Int64(bytes.count))
      }
      if hasher.finish() == expected, layer.digest == nil || layer.digest == known.digest {
        return known
      }
    }
    var options = options
    (options.expectedDigest, options.expectedDiffID) = (layer.digest, layer.diffID)
    options.blobProgress = { progress(Int64($0)) }
    return try LayerReader.scan(layer.blob, options: options)
  }

  /// How layers are read here.
  static func options(_ name: String, _ limits: LayerLimits, _ notes: ContentNotes)
    -> LayerScanOptions
  {
    var options = LayerScanOptions(
      name: name, limits: limits, capture: { max(CompiledPython.capture($0), Packages.capture($0)) }
    )
    options.notes = notes
    return options
  }

  /// What a regular entry's content is known by.
  package func contentHash(_ origin: FileTree.Origin) -> FileContent.Hash {
    scans[Int(origin.layer)].contents[Int(origin.index)].hash
  }
}

/// Keeps the tar of a compressed layer while it is unpacked. Used by one thread.
private final class TarKeeper: @unchecked Sendable {
  /// Nil once there is no room for it.
  private var file: ScratchFile?

  /// Nil for a layer whose tar stands in its blob.
  init?(_ blob: Blob) {
    guard let start = try? blob.bytes(count: 6), LayerCompression(magic: start) != .none else {
      return nil
    }
    file = try? ScratchFile(in: AtomicFile.scratchFolder)
  }

  func take(_ bytes: UnsafeRawBufferPointer) {
    do { try file?.append(bytes) } catch { file = nil }
  }

  /// All that was taken, once the layer is unpacked.
  var tar: Blob? { try? file?.finished() }
}

extension Blob {
  /// Hands over all bytes in order, in pieces that stay in a core's cache.
  package func forEachPiece(name: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
    defer { buffer.deallocate() }
    var position: Int64 = 0
    while position < length {
      let count = try read(at: position, into: buffer)
      guard count > 0 else {
        throw LayerError.truncated(layer: name, offset: position, within: "the archive's file")
      }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      position += Int64(count)
    }
  }
}
