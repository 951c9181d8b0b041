import ForgeBasics
import ForgeLayers

/// A file of an archive or layout.
struct StoredFile: Sendable {
  /// Where its bytes really stand, links resolved: the same path, the same bytes.
  let path: String
  let blob: Blob
}

/// Where the parts of an image stand: the same questions to a tar and to a folder.
protocol ContentStore: Sendable {
  /// What the user named.
  var source: String { get }
  var limits: LayerLimits { get }
  /// The file of that name; nil when there is none.
  /// - Parameter path: relative, clean, `/` between components.
  func file(_ path: String) throws(ImageError) -> StoredFile?
}

/// Reads the JSON documents of a store within one budget.
struct DocumentReader {
  let store: any ContentStore
  /// Bytes of all documents: far more than a thousand platforms need.
  private var budget: Int64 = 64 << 20

  init(_ store: any ContentStore) { self.store = store }

  /// The document at a path; nil when there is none.
  mutating func document(at path: String, name: String? = nil) throws(ImageError) -> Document? {
    guard let file = try store.file(path) else { return nil }
    return try Document(
      source: store.source, name: name ?? path, bytes: bytes(of: file, name: name ?? path),
      limits: store.limits)
  }

  /// The document that a descriptor names, size and digest verified; nil when it is absent.
  mutating func document(_ descriptor: Descriptor, kind: String) throws(ImageError) -> Document? {
    guard let file = try store.file(descriptor.path) else { return nil }
    let name = "\(kind) \(descriptor.digest)"
    guard file.blob.length == descriptor.size else {
      throw ImageError(
        .mismatch, source: store.source,
        "\(name) is \(file.blob.length) bytes long, not \(descriptor.size) as its descriptor says")
    }
    let bytes = try bytes(of: file, name: name)
    guard descriptor.digest.matches(bytes) else {
      throw ImageError(.mismatch, source: store.source, "the content of \(name) has another digest")
    }
    return try Document(source: store.source, name: name, bytes: bytes, limits: store.limits)
  }

  private mutating func bytes(of file: StoredFile, name: String) throws(ImageError) -> [UInt8] {
    let length = file.blob.length
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
      bytes = try file.blob.bytes(count: Int(length))
    } catch {
      throw ImageError(.unreadable, source: store.source, "reading \(shown) failed: \(error)")
    }
    guard bytes.count == length else {
      throw ImageError(.truncated, source: store.source, "the file ends within \(shown)")
    }
    return bytes
  }
}
