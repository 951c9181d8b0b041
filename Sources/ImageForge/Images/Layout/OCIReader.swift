import ForgeBasics
import ForgeFindings

/// Finds the images of an OCI layout (image-spec, image-layout.md), in a folder or an archive.
struct OCIReader {
  private(set) var images: [ListedImage] = []
  private(set) var notes: [Finding] = []
  /// Of `index.json` and the indexes that it lists.
  private(set) var indexFields: [JSON.Member] = []
  private let store: any ImageSource
  private var documents: DocumentReader
  /// Of BuildKit: manifests of statements about other manifests.
  private var attestationManifests: [Descriptor] = []
  private var positions: [Digest: Int] = [:]
  private var descriptorCount = 0
  /// Types of what is kept like an image and is none.
  private var artifacts: [String] = []

  private static let maximumDepth = 4
  private static let maximumDescriptors = 4096

  /// Nil when the store has no index.
  init?(_ store: any ImageSource) throws(ImageError) {
    self.store = store
    documents = DocumentReader(store)
    guard let file = try store.index() else { return nil }
    let index = try documents.document(file, name: "index.json")
    let top = try ImageIndex(index, mediaType: nil)
    indexFields = top.fields
    try read(top.manifests, below: nil, references: [], depth: 0)
    if images.isEmpty {
      var reason = "index.json lists no image"
      if let artifact = artifacts.first {
        reason += ", only an artifact of the type \(DisplayText.escape(artifact))"
      }
      throw ImageError(.notAnImage, source: store.source, reason)
    }
  }

  /// The file that makes a folder or archive an OCI layout.
  static func checkLayoutFile(_ store: any NamedFiles) throws(ImageError) {
    guard let file = try store.file("oci-layout") else {
      throw ImageError(
        .notAnImage, source: store.source, "it has an index.json, but no oci-layout file")
    }
    var documents = DocumentReader(store)
    let layout = try documents.document(file, name: "oci-layout")
    let fields = try layout.fields()
    let version = try fields.require(fields.string("imageLayoutVersion"), "imageLayoutVersion")
    guard version == "1.0.0" else {
      throw fields.failure(
        "version \"\(DisplayText.escape(version))\" of the OCI layout is unknown",
        at: "imageLayoutVersion",
        .unsupported)
    }
  }

  private mutating func read(
    _ descriptors: [Descriptor], below parent: Descriptor?, references inherited: [String],
    depth: Int
  ) throws(ImageError) {
    descriptorCount += descriptors.count
    guard depth < Self.maximumDepth, descriptorCount <= Self.maximumDescriptors else {
      throw ImageError(
        .tooLarge, source: store.source,
        "its indexes are nested \(Self.maximumDepth) deep or list more than \(Self.maximumDescriptors) manifests"
      )
    }
    attestationManifests += descriptors.filter(\.isAttestation)
    for var descriptor in descriptors where !descriptor.isAttestation {
      if let parent { descriptor.inherit(parent) }
      let own = descriptor.references
      let references = own + inherited.filter { !own.contains($0) }
      if MediaType.isIndex(descriptor.mediaType) {
        if let document = try documents.document(descriptor, kind: "index") {
          let index = try ImageIndex(document, mediaType: descriptor.mediaType)
          indexFields += index.fields
          try read(index.manifests, below: descriptor, references: references, depth: depth + 1)
        } else {
          add(absent(descriptor, references, "index \(descriptor.digest)"))
        }
      } else if MediaType.isManifest(descriptor.mediaType) {
        try readManifest(descriptor, references: references)
      } else {
        let reason =
          MediaType.isSchema1(descriptor.mediaType)
          ? "a manifest of schema 1, which engines no longer read"
          : "a manifest of the unknown media type \(DisplayText.escape(descriptor.mediaType))"
        throw ImageError(.unsupported, source: store.source, "it lists \(reason)")
      }
    }
  }

  /// The statements about the manifest of that digest, as far as the archive holds them. One that cannot be read is no
  /// reason to refuse the image, since no engine runs it; it is named.
  mutating func attestations(of digest: Digest) -> Attestations {
    var found = Attestations()
    for descriptor in attestationManifests
    where descriptor.annotations["vnd.docker.reference.digest"] == digest.description {
      do throws(ImageError) { try readStatements(descriptor, into: &found) } catch {
        found.unread.append(error.reason)
      }
    }
    return found
  }

  private mutating func readStatements(
    _ descriptor: Descriptor, into found: inout Attestations
  ) throws(ImageError) {
    guard let document = try documents.document(descriptor, kind: "attestation") else { return }
    let manifest = try Manifest(document, mediaType: descriptor.mediaType)
    for layer in manifest.layers where layer.mediaType.hasPrefix("application/vnd.in-toto") {
      do throws(ImageError) {
        guard let bytes = try documents.statement(layer) else { continue }
        found.statements.append(bytes)
      } catch {
        found.unread.append(error.reason)
      }
    }
  }

  private mutating func readManifest(_ descriptor: Descriptor, references: [String])
    throws(ImageError)
  {
    if let position = positions[descriptor.digest] {
      // One image under several names.
      images[position].descriptors.append(descriptor)
      for name in references where !images[position].references.contains(name) {
        images[position].references.append(name)
      }
      return
    }
    guard let document = try documents.document(descriptor, kind: "manifest") else {
      return add(absent(descriptor, references, "manifest \(descriptor.digest)"))
    }
    let manifest = try Manifest(document, mediaType: descriptor.mediaType)
    guard manifest.isImage else { return try skipArtifact(manifest, descriptor) }
    guard let configDocument = try documents.document(manifest.config, kind: "config") else {
      return add(absent(descriptor, references, "config \(manifest.config.digest)"))
    }
    let config = try ImageConfig(configDocument)
    if let declared = descriptor.platform, !declared.agrees(with: config.platform) {
      notes.append(
        .archive(
          "FORGE-A104",
          "the index says \(DisplayText.escape(declared.description)), the config "
            + "\(DisplayText.escape(config.platform.description)): engines choose by the one and run the other",
          at: "manifest \(descriptor.digest)"))
    }
    var layers: [ListedImage.Layer] = []
    for layer in manifest.layers {
      layers.append(
        .init(
          file: try store.blob(layer.digest), descriptor: layer,
          name: "layer \(layers.count) (\(layer.digest))"))
    }
    add(
      ListedImage(
        digest: descriptor.digest, references: references, platform: config.platform,
        declared: descriptor.platform,
        contents: .init(config: config, manifest: manifest, layers: layers),
        missing: layers.filter { $0.file == nil }.map(\.name), descriptors: [descriptor]))
  }

  private mutating func skipArtifact(_ manifest: Manifest, _ descriptor: Descriptor)
    throws(ImageError)
  {
    let type =
      descriptor.artifactType ?? (manifest.isStatement ? manifest.layers.first?.mediaType : nil)
      ?? manifest.config.mediaType
    // An engine that goes by the platform alone would take it for the image.
    if let platform = descriptor.platform, !platform.isUnknown {
      throw ImageError(
        .unsupported, source: store.source,
        "manifest \(descriptor.digest) is for \(DisplayText.escape(platform.description)), but its config is of the "
          + "unknown media type \(DisplayText.escape(manifest.config.mediaType))")
    }
    artifacts.append(type)
    notes.append(
      .archive(
        "FORGE-A105",
        "an artifact of the type \(DisplayText.escape(type)) is kept beside the image; it is not judged",
        at: "manifest \(descriptor.digest)", severity: .info))
  }

  private func absent(_ descriptor: Descriptor, _ references: [String], _ part: String)
    -> ListedImage
  {
    ListedImage(
      digest: descriptor.digest, references: references,
      platform: descriptor.platform ?? Platform(os: "unknown", architecture: "unknown"),
      contents: nil,
      missing: [part])
  }

  private mutating func add(_ candidate: ListedImage) {
    positions[candidate.digest] = images.count
    images.append(candidate)
  }
}
