import ForgeBasics
import ForgeFindings
import ForgeLayers

/// One image for one platform: what every engine would agree is in the archive. The layers are not yet read.
package struct Image: Sendable {
  package enum Form: String, Sendable {
    case dockerArchive = "docker-archive"
    case ociArchive = "oci-archive"
    case ociLayout = "oci-layout"
  }

  /// What the user named: a path, or `-`.
  package let source: String
  package let form: Form
  /// The tag or reference recorded in the archive.
  package let reference: String?
  /// All of its references, `reference` among them.
  package let references: [String]
  /// Of the manifest where there is one; of the config (the image ID) for a docker-archive.
  package let digest: Digest
  /// From the config.
  package let platform: Platform
  package let config: ImageConfig
  /// From the base upwards; as many as `config.diffIDs`.
  package let layers: [ImageLayer]
  /// The image manifest as it stands, where there is one.
  package let manifest: [UInt8]?
  package let manifestJSON: JSON?
  /// Whether it is of the Docker family, whose config can carry a HEALTHCHECK.
  package let isDockerFormat: Bool
  /// What indexes say of the manifest, entry by entry, with what those above them say; empty in a docker-archive.
  package let descriptors: [JSON]
  /// The references that none of these entries carries, such as those of Docker's own manifest.
  package let unlisted: [String]
  /// What is said about this image beside it; nil in a form that has no place for that.
  package var attestations: Attestations?
  /// What the indexes say of themselves beside the manifests that they list: annotations, and keys that nobody knows.
  package var indexFields: [JSON.Member] = []
  /// What is odd about the archive but does not make it unreadable. Ids `FORGE-A1xx`.
  package let notes: [Finding]
}

/// In-toto statements about an image: provenance, bills of materials.
package struct Attestations: Sendable, Equatable {
  /// As they stand.
  package var statements: [[UInt8]] = []
  /// Why others, which the archive holds, could not be read.
  package var unread: [String] = []

  package init(statements: [[UInt8]] = [], unread: [String] = []) {
    self.statements = statements
    self.unread = unread
  }

  /// Whether the archive holds none.
  package var isEmpty: Bool { statements.isEmpty && unread.isEmpty }
}

/// One layer, as manifest and config describe it; its bytes are not yet verified.
package struct ImageLayer: Sendable {
  package let content: LayerSource
  /// The digest that the blob must have; nil in a docker-archive, which records none.
  package let digest: Digest?
  /// The digest that the uncompressed tar must have.
  package let diffID: Digest
  /// As the manifest says; in a docker-archive, what the first bytes say.
  package let mediaType: String
  /// Of its descriptor; empty in a docker-archive.
  package var annotations: [String: String] = [:]
  /// Of the blob, bytes.
  package var size: Int64 { content.size }
  /// Its bytes as they stand.
  /// - Throws: `LayerError.unreadable` where they have passed already.
  package var blob: Blob { get throws(LayerError) { try content.blob } }
}
