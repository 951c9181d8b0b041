import ForgeBasics
import ForgeLayers

/// Opens images, wherever their bytes stand.
package enum ImageStore {
  /// Opens the image that `source` names: a docker-archive, an OCI archive (either wrapped in gzip or zstd or not),
  /// an OCI layout folder, or `-` for standard input.
  ///
  /// Metadata is read and checked whole: digests, sizes, counts, one meaning. Layers are located, not read.
  package static func open(_ source: String, selection: ImageSelection = .init()) throws(ImageError) -> Image {
    throw ImageError(.notFound, source: source, "not implemented")
  }
}
