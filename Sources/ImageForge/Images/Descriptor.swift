import ForgeBasics
import Foundation

/// What a manifest or index says of another document or layer (image-spec, descriptor.md).
struct Descriptor: Sendable {
  let mediaType: String
  let digest: Digest
  /// Bytes.
  let size: Int64
  let urls: [String]
  private(set) var annotations: [String: String]
  /// As declared; the config has the last word.
  let platform: Platform?
  let artifactType: String?
  /// As it stands, with the annotations that it inherits.
  private(set) var json: JSON

  /// References by which engines name the image, the full ones first.
  var references: [String] {
    ["io.containerd.image.name", "org.opencontainers.image.ref.name"].compactMap { annotations[$0] }
      .filter { !$0.isEmpty }
  }

  /// A provenance or SBOM statement of BuildKit. Only what no engine would run counts as one: nothing hides behind
  /// the annotation alone.
  var isAttestation: Bool {
    platform?.isUnknown == true && references.isEmpty
      && annotations["vnd.docker.reference.type"] == "attestation-manifest"
  }

  init(_ fields: Fields) throws(ImageError) {
    json = fields.json
    mediaType = try fields.require(fields.string("mediaType"), "mediaType")
    let text = try fields.require(fields.string("digest"), "digest")
    guard let digest = Digest(text) else {
      throw fields.failure(
        "\"\(DisplayText.escape(text))\" is not a digest (sha256 or sha512, lower-case hexadecimal)",
        at: "digest")
    }
    self.digest = digest
    size = try fields.require(fields.integer("size"), "size")
    guard size >= 0 else { throw fields.failure("\"size\" is negative", at: "size") }
    urls = try fields.strings("urls") ?? []
    annotations = try fields.stringMap("annotations") ?? [:]
    platform = try fields.object("platform").map { (platform) throws(ImageError) in
      Platform(
        os: try platform.require(platform.string("os"), "os"),
        architecture: try platform.require(platform.string("architecture"), "architecture"),
        variant: try platform.string("variant"))
    }
    artifactType = try fields.string("artifactType")
    if let embedded = try fields.string("data") {
      guard let bytes = Data(base64Encoded: embedded), Int64(bytes.count) == size,
        digest.matches(bytes)
      else {
        throw fields.failure(
          "the embedded \"data\" is not what the digest names", at: "data", .mismatch)
      }
    }
  }

  /// Takes the annotations of the index above it, but for what it says itself. buildx names an image at the index that
  /// holds it beside its attestations.
  mutating func inherit(_ index: Descriptor) {
    func annotationMembers(_ json: JSON) -> [JSON.Member] {
      json.members.filter { JSON.foldKey($0.key) == "annotations" }.flatMap(\.value.members)
    }
    let more = annotationMembers(index.json).filter { annotations[$0.key] == nil }
    guard !more.isEmpty else { return }
    let all = JSON(value: .object(annotationMembers(json) + more), offset: json.offset)
    annotations.merge(index.annotations) { own, _ in own }
    json = JSON(
      value: .object(
        json.members.filter { JSON.foldKey($0.key) != "annotations" }
          + [JSON.Member(key: "annotations", keyOffset: json.offset, value: all)]),
      offset: json.offset)
  }
}

extension Digest {
  /// Whether it is the digest of `bytes`, by its own algorithm.
  func matches(_ bytes: some Collection<UInt8>) -> Bool {
    self == Digest.of(bytes, algorithm: algorithm)
  }
}
