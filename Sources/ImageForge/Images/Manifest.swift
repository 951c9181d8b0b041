import ForgeBasics

/// An image manifest (image-spec, manifest.md; Docker's schema 2).
struct Manifest: Sendable {
  let document: Document
  let mediaType: String
  let config: Descriptor
  let layers: [Descriptor]

  /// Whether it describes an image, not some other artifact that is kept as one.
  var isImage: Bool { MediaType.isConfig(config.mediaType) && !isStatement }

  /// Whether it keeps signatures, attestations or bills of materials, as cosign stores them: with the config of an image.
  var isStatement: Bool {
    !layers.isEmpty && layers.allSatisfy { MediaType.isStatement($0.mediaType) }
  }

  init(_ document: Document, mediaType: String) throws(ImageError) {
    self.document = document
    self.mediaType = mediaType
    let root = try document.checkedRoot(
      mediaType: mediaType, foreign: ["manifests", "fsLayers", "history"])
    config = try Descriptor(root.require(root.object("config"), "config"))
    let list = try root.objects("layers") ?? []
    try document.checkLayers(list.count, at: root.json.offset)
    layers = try list.map { (fields) throws(ImageError) in try Descriptor(fields) }
  }
}

/// A list of manifests (image-spec, image-index.md; Docker's manifest list).
struct ImageIndex: Sendable {
  let manifests: [Descriptor]
  /// What it says beside them.
  let fields: [JSON.Member]

  /// `mediaType` is nil for `index.json`, which may leave its own out.
  init(_ document: Document, mediaType: String?) throws(ImageError) {
    let root = try document.checkedRoot(
      mediaType: mediaType, foreign: ["config", "layers", "fsLayers", "history"])
    fields = root.json.members.filter {
      !["schemaVersion", "mediaType", "manifests", "subject"].contains($0.key)
    }
    manifests = try root.require(root.objects("manifests"), "manifests").map {
      (fields) throws(ImageError) in
      try Descriptor(fields)
    }
  }
}

extension Document {
  /// The root of a manifest or index: of schema 2, of the media type by which it was named, and without a field
  /// that would make it something else to another reader (CVE-2021-41190).
  fileprivate func checkedRoot(mediaType: String?, foreign: [String]) throws(ImageError) -> Fields {
    let root = try fields()
    for key in foreign where root.has(key) {
      throw root.failure("\"\(key)\" makes it both a manifest and an index", at: key, .ambiguous)
    }
    let version = try root.require(root.integer("schemaVersion"), "schemaVersion")
    guard version == 2 else {
      throw root.failure("schemaVersion is \(version), not 2", at: "schemaVersion")
    }
    if let own = try root.string("mediaType"),
      mediaType.map({ own != $0 }) ?? !MediaType.isIndex(own)
    {
      throw root.failure(
        "mediaType is \"\(DisplayText.escape(own))\", not \"\(DisplayText.escape(mediaType ?? MediaType.ociIndex))\"",
        at: "mediaType", .ambiguous)
    }
    return root
  }
}
