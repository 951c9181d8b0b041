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
      source: store.source, name: name,
      bytes: bytes(of: file, name: name, limit: store.limits.document), limits: store.limits)
  }

  /// The document that a descriptor names, size and digest verified; nil when it is absent.
  mutating func document(_ descriptor: Descriptor, kind: String) throws(ImageError) -> Document? {
    let name = "\(kind) \(descriptor.digest)"
    guard let bytes = try bytes(of: descriptor, name: name, limit: store.limits.document) else {
      return nil
    }
    return try Document(source: store.source, name: name, bytes: bytes, limits: store.limits)
  }

  /// Bytes of a statement about an image: a bill of materials lists every file.
  private static let maximumStatement: Int64 = 32 << 20

  /// The bytes of a statement, size and digest verified; nil when it is absent.
  mutating func statement(_ descriptor: Descriptor) throws(ImageError) -> [UInt8]? {
    try bytes(
      of: descriptor, name: "statement \(descriptor.digest)",
      limit: max(store.limits.document, Self.maximumStatement))
  }

  private mutating func bytes(
    of descriptor: Descriptor, name: String, limit: Int64
  ) throws(ImageError) -> [UInt8]? {
    guard let file = try store.blob(descriptor.digest) else { return nil }
    guard file.content.size == descriptor.size else {
      throw ImageError(
        .mismatch, source: store.source,
        "\(name) is \(file.content.size) bytes long, not \(descriptor.size) as its descriptor says")
    }
    let bytes = try bytes(of: file, name: name, limit: limit)
    guard descriptor.digest.matches(bytes) else {
      throw ImageError(.mismatch, source: store.source, "the content of \(name) has another digest")
    }
    return bytes
  }

  private mutating func bytes(
    of file: StoredFile, name: String, limit: Int64
  ) throws(ImageError) -> [UInt8] {
    let length = file.content.size
    let shown = DisplayText.escape(name)
    guard length <= limit else {
      throw ImageError(
        .tooLarge, source: store.source,
        "\(shown) is \(ByteCount.text(length)) long, over the limit of \(limit) bytes",
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
