import ForgeBasics
import ForgeFindings
import ForgeLayers

/// Makes the chosen candidate an `Image`, or says why it cannot be one.
struct ImageAssembler {
  let source: String
  let form: Image.Form
  /// Whether the archive has a `manifest.json`, which only Docker's family writes.
  let isDocker: Bool
  var notes: [Finding] = []

  mutating func image(
    _ choice: ListedImage, selection: ImageSelection, absent: [ListedImage]
  ) throws(ImageError) -> Image {
    // Of a foreign layer no archive holds the blob: that it is missing is not what is wrong.
    for layer in choice.contents?.layers ?? [] {
      if let descriptor = layer.descriptor { try checkIsOwn(descriptor, layer.name) }
    }
    guard let contents = choice.contents, choice.isComplete else {
      let more = choice.missing.count > 1 ? " and \(choice.missing.count - 1) more" : ""
      throw ImageError(
        .missing, source: source,
        "its \(choice.missing.first ?? "manifest")\(more) for \(DisplayText.escape(choice.platform.description)) is missing",
        advice:
          "save the image with all its parts, such as `docker save --platform` or `skopeo copy`")
    }
    for other in absent {
      notes.append(
        .archive(
          "FORGE-A101",
          "the archive lists \(other.label) but does not hold all of it; it is not judged",
          severity: .info))
    }
    let layers = try layers(contents)
    let reference = selection.image.flatMap { name in
      choice.references.first { Reference.same($0, name) }
    }
    return Image(
      source: source, form: form, reference: reference ?? choice.references.first,
      references: choice.references, digest: choice.digest,
      platform: choice.platform, config: contents.config, layers: layers,
      manifest: contents.manifest?.document.bytes,
      manifestJSON: contents.manifest?.document.root,
      isDockerFormat: isDocker || contents.manifest?.mediaType == MediaType.dockerManifest,
      descriptors: choice.descriptors.map(\.json), unlisted: unlisted(choice), notes: notes)
  }

  private func unlisted(_ choice: ListedImage) -> [String] {
    let listed = choice.descriptors.flatMap(\.references)
    return choice.references.filter { name in !listed.contains { Reference.same($0, name) } }
  }

  private mutating func layers(_ contents: ListedImage.Contents) throws(ImageError) -> [ImageLayer]
  {
    let diffIDs = contents.config.diffIDs
    guard contents.layers.count == diffIDs.count else {
      var reason =
        "the manifest has \(contents.layers.count) layers, but the config names \(diffIDs.count) in rootfs.diff_ids"
      if contents.layers.isEmpty { reason += " (Docker 25.0.0 saved images so)" }
      throw ImageError(.malformed, source: source, reason)
    }
    var layers: [ImageLayer] = []
    var diffIDOf: [String: Digest] = [:]
    for (layer, diffID) in zip(contents.layers, diffIDs) {
      guard let file = layer.file else { continue }
      if let earlier = diffIDOf.updateValue(diffID, forKey: file.path), earlier != diffID {
        throw ImageError(
          .ambiguous, source: source,
          "\(layer.name) stands for two different digests in rootfs.diff_ids")
      }
      layers.append(try image(layer, file.content, diffID: diffID))
    }
    return layers
  }

  private func checkIsOwn(_ descriptor: Descriptor, _ name: String) throws(ImageError) {
    guard !MediaType.isForeignLayer(descriptor.mediaType), descriptor.urls.isEmpty else {
      throw ImageError(
        .unsupported, source: source,
        "\(name) is a foreign layer (\(DisplayText.escape(descriptor.mediaType))), kept elsewhere",
        advice: "build the image from a base without foreign layers")
    }
  }

  private mutating func image(
    _ layer: ListedImage.Layer, _ content: LayerSource, diffID: Digest
  ) throws(ImageError) -> ImageLayer {
    let found = try compression(of: content)
    guard let descriptor = layer.descriptor else {
      return ImageLayer(
        content: content, digest: nil, diffID: diffID, mediaType: MediaType.dockerLayer(found))
    }
    let type = DisplayText.escape(descriptor.mediaType)
    guard let promised = MediaType.layerCompression(descriptor.mediaType) else {
      throw ImageError(
        .unsupported, source: source, "\(layer.name) is of the unknown media type \(type)")
    }
    guard content.size == descriptor.size else {
      throw ImageError(
        .mismatch, source: source,
        "\(layer.name) is \(content.size) bytes long, not \(descriptor.size) as its descriptor says"
      )
    }
    if promised != found {
      let bytes = found == .none ? "not compressed" : "compressed with \(found.rawValue)"
      notes.append(
        .archive(
          "FORGE-A103", "the media type is \(type), but the bytes are \(bytes)", at: layer.name,
          fix: "copy the image with `skopeo copy`, or build it again"))
    }
    return ImageLayer(
      content: content, digest: descriptor.digest, diffID: diffID, mediaType: descriptor.mediaType,
      annotations: descriptor.annotations)
  }

  private func compression(of content: LayerSource) throws(ImageError) -> LayerCompression {
    do {
      return LayerCompression(magic: try content.start(LayerCompression.magicSize))
    } catch {
      throw ImageError(.unreadable, source: source, "reading failed: \(error)")
    }
  }
}
