import ForgeBasics
import ForgeLayers

/// Reads the JSON documents of a store within one budget.
struct DocumentReader {
  let store: any ImageSource
  /// Bytes of all documents: far more than a thousand platforms need.
  private var budget: Int64 = 64 << 20

  init(_ store: any ImageSource) { self.store = store }

  /// The document in a file.
  /// - Parameter name: what messages call it.
  mutating func document(_ file: StoredFile, name: String) throws(ImageError) -> Document {
    try Document(
      source: store.source, name: name, bytes: bytes(of: file, name: name), limits: store.limits)
  }

  /// The document that a descriptor names, size and digest verified; nil when it is absent.
  mutating func document(_ descriptor: Descriptor, kind: String) throws(ImageError) -> Document? {
    guard let file = try store.blob(descriptor.digest) else { return nil }
    let name = "\(kind) \(descriptor.digest)"
    guard file.content.size == descriptor.size else {
      throw ImageError(
        .mismatch, source: store.source,
        "\(name) is \(file.content.size) bytes long, not \(descriptor.size) as its descriptor says")
    }
    let bytes = try bytes(of: file, name: name)
    guard descriptor.digest.matches(bytes) else {
      throw ImageError(.mismatch, source: store.source, "the content of \(name) has another digest")
    }
    return try Document(source: store.source, name: name, bytes: bytes, limits: store.limits)
  }

  private mutating func bytes(of file: StoredFile, name: String) throws(ImageError) -> [UInt8] {
    let length = file.content.size
    let shown = DisplayText.escape(name)
    guard length <= store.limits.document else {
      throw ImageError(
        .tooLarge, source: store.source,
        "\(shown) is \(ByteCount.text(length)) long, over the limit of \(store.limits.document) bytes",
        advice: "if the image can be trusted, raise --max-json")
    }
    budget -= length
    guard budget >= 0 else {
      throw ImageError(
        .tooLarge, source: store.source, "its manifests and configs exceed 64 MiB together")
    }
    let bytes: [UInt8]
    do {
      bytes = try file.content.blob.bytes(count: Int(length))
    } catch {
      throw ImageError(.unreadable, source: store.source, "reading \(shown) failed: \(error)")
    }
    guard bytes.count == length else {
      throw ImageError(.truncated, source: store.source, "the file ends within \(shown)")
    }
    return bytes
  }
}
