/// Where a layer's bytes come from: a blob that can be read, or one that was read already, while its archive passed.
package enum LayerSource: Sendable, Identifiable {
  case blob(Blob)
  case streamed(StreamedLayer)

  /// Equal for the same bytes at the same place.
  package struct ID: Hashable {
    private let holder: ObjectIdentifier
    private let offset: Int64

    fileprivate init(_ holder: AnyObject, offset: Int64) {
      self.holder = ObjectIdentifier(holder)
      self.offset = offset
    }
  }

  package var id: ID {
    switch self {
    case .blob(let blob): ID(blob.reader, offset: blob.offset)
    case .streamed(let layer): ID(layer, offset: 0)
    }
  }

  /// Bytes.
  package var size: Int64 {
    switch self {
    case .blob(let blob): blob.length
    case .streamed(let layer): layer.size
    }
  }

  /// The bytes as they stand.
  /// - Throws: `LayerError.unreadable` where they have passed.
  package var blob: Blob {
    get throws(LayerError) {
      switch self {
      case .blob(let blob): return blob
      case .streamed(let layer):
        throw .unreadable(
          layer: layer.name, reason: "it has passed and cannot be read again; save it to a file")
      }
    }
  }

  /// Whether both hold the same bytes, as they stand.
  package func hasSameBytes(as other: LayerSource) throws(LayerError) -> Bool {
    guard size == other.size else { return false }
    switch (self, other) {
    case (.blob(let a), .blob(let b)):
      return try LayerReader.digest(a, algorithm: .sha256, name: a.reader.name)
        == LayerReader.digest(b, algorithm: .sha256, name: b.reader.name)
    case (.streamed(let a), .streamed(let b)):
      guard case .success(let x) = a.scan, case .success(let y) = b.scan else { return false }
      return x.digest == y.digest
    default: return false
    }
  }

  /// The first bytes, at most a block of 512; fewer only where there are no more.
  package func start(_ count: Int) throws -> [UInt8] {
    switch self {
    case .blob(let blob): try blob.bytes(count: count)
    case .streamed(let layer): Array(layer.start.prefix(count))
    }
  }
}

/// A member of an archive that was read as a layer while the archive passed: only its first block and the result are
/// left of it.
package final class StreamedLayer: Sendable {
  /// What messages call its archive.
  let name: String
  /// Bytes.
  let size: Int64
  /// The first block.
  let start: [UInt8]
  /// What reading it as a layer gave.
  let scan: Result<LayerScan, LayerError>

  init(name: String, size: Int64, start: [UInt8], scan: Result<LayerScan, LayerError>) {
    self.name = name
    self.size = size
    self.start = start
    self.scan = scan
  }
}
