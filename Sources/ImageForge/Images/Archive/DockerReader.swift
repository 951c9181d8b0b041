import ForgeBasics

/// Finds the images of a docker-archive: `manifest.json` and what it names (Docker Image Specification v1.2).
struct DockerReader {
  private(set) var candidates: [Candidate] = []
  private let store: any ContentStore
  private var documents: DocumentReader
  private var layerBudget = 1 << 16
  private var referenceBudget = 1 << 12

  private static let maximumItems = 4096

  /// Nil when the store has no `manifest.json`.
  init?(_ store: any ContentStore) throws(ImageError) {
    self.store = store
    documents = DocumentReader(store)
    guard let document = try documents.document(at: "manifest.json") else { return nil }
    guard document.root.isArray else {
      throw document.failure(
        "must be an array, as in a docker-archive", at: document.root.offset, .notAnImage)
    }
    let items = document.root.elements
    guard items.count <= Self.maximumItems else {
      throw document.failure(
        "lists more than \(Self.maximumItems) images", at: document.root.offset, .tooLarge)
    }
    for element in items {
      guard element.isObject else {
        throw document.failure("must be an object", at: element.offset)
      }
      try readItem(Fields(document: document, json: element))
    }
    guard !candidates.isEmpty else {
      throw document.failure("lists no image", at: document.root.offset, .notAnImage)
    }
  }

  private mutating func readItem(_ item: Fields) throws(ImageError) {
    let references = try item.strings("RepoTags") ?? []
    referenceBudget -= references.count
    guard referenceBudget >= 0 else {
      throw item.failure("lists too many names", at: "RepoTags", .tooLarge)
    }
    let path = try Self.path(item.require(item.string("Config"), "Config"), item, "Config")
    guard let document = try documents.document(at: path) else {
      throw item.failure(
        "its config \(DisplayText.escape(path)) is missing", at: "Config", .missing)
    }
    let config = try ImageConfig(document)
    if let hex = Self.digest(named: path), hex != config.digest.hex {
      throw ImageError(
        .mismatch, source: store.source,
        "the config \(DisplayText.escape(path)) has the digest \(config.digest), not the one in its name"
      )
    }
    let layers = try layers(item, config)
    let candidate = Candidate(
      digest: config.digest, references: references, platform: config.platform,
      contents: .init(config: config, manifest: nil, layers: layers),
      missing: layers.filter { $0.file == nil }.map(\.name))
    if let twin = candidates.firstIndex(where: { $0.digest == candidate.digest }) {
      guard candidates[twin].hasSameLayers(as: candidate) else {
        throw item.failure("two images have one config, but other layers", .ambiguous)
      }
      candidates[twin].references += references
    } else {
      candidates.append(candidate)
    }
  }

  private mutating func layers(_ item: Fields, _ config: ImageConfig) throws(ImageError)
    -> [Candidate.Layer]
  {
    let paths = try item.strings("Layers") ?? []
    layerBudget -= paths.count
    try item.document.checkLayers(paths.count, at: item.json.offset)
    guard layerBudget >= 0 else {
      throw item.failure("lists too many layers", at: "Layers", .tooLarge)
    }
    for (diffID, source) in try item.object("LayerSources")?.entries() ?? [] {
      if MediaType.isForeignLayer(try source.string("mediaType") ?? "") {
        throw source.failure(
          "\(DisplayText.escape(diffID)) is a foreign layer, kept elsewhere", .unsupported)
      }
    }
    var layers: [Candidate.Layer] = []
    for path in paths {
      let clean = try Self.path(path, item, "Layers")
      layers.append(
        .init(
          file: try store.file(clean), descriptor: nil,
          name: "layer \(layers.count) (\(DisplayText.escape(clean)))"))
    }
    return layers
  }

  /// A path of `manifest.json` in clean form: it must stay inside the archive.
  private static func path(_ text: String, _ item: Fields, _ key: String) throws(ImageError)
    -> String
  {
    let parts = text.split(separator: "/").filter { $0 != "." }
    guard !text.hasPrefix("/"), !parts.isEmpty, !parts.contains(".."), !text.utf8.contains(0) else {
      throw item.failure(
        "\"\(DisplayText.escape(text))\" is not a path inside the archive", at: key)
    }
    return parts.joined(separator: "/")
  }

  /// The SHA-256 in the name of a config: `<hex>.json`, `sha256:<hex>`, `blobs/sha256/<hex>`.
  private static func digest(named path: String) -> String? {
    var name = path.split(separator: "/").last.map(String.init) ?? ""
    if name.hasSuffix(".json") { name.removeLast(5) }
    if name.hasPrefix("sha256:") { name.removeFirst(7) }
    return Digest("sha256:" + name)?.hex
  }
}

extension Candidate {
  /// Whether the layers are the same bytes at the same places.
  func hasSameLayers(as other: Candidate) -> Bool {
    contents?.layers.map(\.file?.path) == other.contents?.layers.map(\.file?.path)
  }
}
