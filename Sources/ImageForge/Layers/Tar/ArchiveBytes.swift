import ForgeBasics

/// The bytes of an archive, from front to back.
package protocol ArchiveBytes: AnyObject {
  /// Of the next byte.
  var offset: Int64 { get }
  /// Exactly so many bytes.
  /// - Throws: `LayerError.truncated`, with `part`, when the archive ends before.
  func read(_ count: Int64, within part: String) throws(LayerError) -> [UInt8]
  /// The data of a member, and the padding behind it.
  func member(_ path: [UInt8], size: Int64) throws(LayerError) -> LayerSource
  /// Whether bytes other than zero follow.
  func hasDataAfterEnd() throws(LayerError) -> Bool
}

/// An archive whose members are left where they stand.
final class StoredArchive: ArchiveBytes {
  private let blob: Blob
  private let name: String
  private(set) var offset: Int64 = 0

  init(_ blob: Blob, name: String) {
    self.blob = blob
    self.name = name
  }

  func read(_ count: Int64, within part: String) throws(LayerError) -> [UInt8] {
    guard count <= blob.length - offset else {
      throw .truncated(layer: name, offset: blob.length, within: part)
    }
    let bytes = try load(Int(count))
    guard bytes.count == count else {
      throw .truncated(layer: name, offset: offset + Int64(bytes.count), within: part)
    }
    offset += count
    return bytes
  }

  func member(_ path: [UInt8], size: Int64) throws(LayerError) -> LayerSource {
    guard size <= blob.length - offset else {
      throw .truncated(
        layer: name, offset: blob.length, within: DisplayText.escape(path.prefix(200)))
    }
    let data = blob.part(at: offset, count: size)
    offset += TarBlock.padded(size)
    return .blob(data)
  }

  func hasDataAfterEnd() throws(LayerError) -> Bool {
    while offset < blob.length {
      let bytes = try load(256 << 10)
      if bytes.isEmpty { break }
      if bytes.contains(where: { $0 != 0 }) { return true }
      offset += Int64(bytes.count)
    }
    return false
  }

  private func load(_ count: Int) throws(LayerError) -> [UInt8] {
    do {
      return try blob.bytes(at: offset, count: count)
    } catch {
      throw .unreadable(layer: name, reason: "\(error)")
    }
  }
}
