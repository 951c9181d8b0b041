import ForgeBasics
import ForgeFindings
import ForgeLayers

/// A part of an image: a document or a layer.
package struct StoredFile: Sendable {
  /// Where its bytes really stand, links resolved: the same path, the same bytes.
  let path: String
  let content: LayerSource
}

/// The parts of images by their digests, and the index that names them (image-spec, image-layout.md).
package protocol ImageSource: Sendable {
  /// What the user named.
  var source: String { get }
  var limits: LayerLimits { get }
  /// What is odd about how the parts are kept.
  var notes: [Finding] { get }
  /// The index that lists the images; nil where there is none.
  func index() throws(ImageError) -> StoredFile?
  /// The manifest, config or layer with that digest; nil where the source does not hold it.
  ///
  /// Whether its bytes have that digest is for the reader to verify.
  func blob(_ digest: Digest) throws(ImageError) -> StoredFile?
}

/// An image source of named files, such as a tar or a folder, which may be a docker-archive as well.
protocol NamedFiles: ImageSource {
  /// What an OCI layout in it is called.
  var layoutForm: Image.Form { get }
  /// The file of that name; nil when there is none.
  /// - Parameter path: relative, clean, `/` between components.
  func file(_ path: String) throws(ImageError) -> StoredFile?
}

extension NamedFiles {
  func index() throws(ImageError) -> StoredFile? { try file("index.json") }

  func blob(_ digest: Digest) throws(ImageError) -> StoredFile? {
    try file("blobs/\(digest.algorithm.rawValue)/\(digest.hex)")
  }
}
