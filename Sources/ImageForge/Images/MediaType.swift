import ForgeLayers

/// The media types of images (image-spec, media-types.md; Docker image manifest v2, schema 2).
enum MediaType {
  static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
  static let ociIndex = "application/vnd.oci.image.index.v1+json"
  static let ociConfig = "application/vnd.oci.image.config.v1+json"
  static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
  static let dockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json"
  static let dockerConfig = "application/vnd.docker.container.image.v1+json"
  private static let ociLayer = "application/vnd.oci.image.layer.v1.tar"
  private static let dockerLayer = "application/vnd.docker.image.rootfs.diff.tar"

  static func isManifest(_ type: String) -> Bool { type == ociManifest || type == dockerManifest }
  static func isIndex(_ type: String) -> Bool { type == ociIndex || type == dockerIndex }
  static func isConfig(_ type: String) -> Bool { type == ociConfig || type == dockerConfig }

  /// Manifests of schema 1, which names no config and which engines no longer read.
  static func isSchema1(_ type: String) -> Bool {
    type.hasPrefix("application/vnd.docker.distribution.manifest.v1")
  }

  /// What is said about an image, kept as a layer beside it: cosign's signatures, in-toto's attestations, bills of
  /// materials.
  static func isStatement(_ type: String) -> Bool {
    [
      "application/vnd.dev.cosign.", "application/vnd.dsse.envelope", "application/vnd.in-toto",
      "application/vnd.cyclonedx", "application/spdx", "text/spdx", "application/vnd.syft",
      "application/vnd.cncf.notary.",
    ].contains(where: type.hasPrefix)
  }

  /// Layers that are not distributed with the image, so that an archive need not hold them.
  static func isForeignLayer(_ type: String) -> Bool {
    type.hasPrefix("application/vnd.oci.image.layer.nondistributable.v1.tar")
      || type.hasPrefix("application/vnd.docker.image.rootfs.foreign.diff.tar")
  }

  /// The compression that a layer's media type promises: none, gzip or zstd. Nil for an unknown media type.
  static func layerCompression(_ type: String) -> LayerCompression? {
    for (base, separator) in [(ociLayer, "+"), (dockerLayer, "."), (dockerLayer, "+")]
    where type.hasPrefix(base) {
      switch type.dropFirst(base.count) {
      case "": return LayerCompression.none
      case separator + "gzip": return .gzip
      case separator + "zstd": return .zstd
      default: continue
      }
    }
    return nil
  }

  /// The media type of a layer of a docker-archive, which names none.
  static func dockerLayer(_ compression: LayerCompression) -> String {
    guard compression != .none else { return dockerLayer }
    return "\(dockerLayer).\(compression.rawValue)"
  }
}
