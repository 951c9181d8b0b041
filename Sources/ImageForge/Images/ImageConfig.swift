import ForgeBasics

/// An image's configuration (image-spec, config.md; Docker Image Specification v1.3).
package struct ImageConfig: Sendable {
  package struct History: Sendable, Equatable {
    /// Nil where the builder says nothing.
    package let createdBy: String?
    package let comment: String?
    /// Whether the step made no layer.
    package let isEmptyLayer: Bool
  }

  package struct Healthcheck: Sendable, Equatable {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", …]`; empty inherits.
    package let test: [String]
    /// Whether it checks anything.
    package var isActive: Bool { !test.isEmpty && test[0] != "NONE" }
  }

  /// Of the bytes as they stand: the image ID.
  package let digest: Digest
  /// The document as it stands, so that fields unknown to forge survive.
  package let bytes: [UInt8]
  package let json: JSON

  package let platform: Platform
  /// As it stands; empty means root.
  package let user: String
  package let entrypoint: [String]
  package let cmd: [String]
  /// `NAME=value`.
  package let environment: [String]
  /// `8000/tcp`, in the order of the document, as are the volumes.
  package let exposedPorts: [String]
  package let volumes: [String]
  package let workingDirectory: String
  package let healthcheck: Healthcheck?
  package let labels: [String: String]
  package let onBuild: [String]
  package let shell: [String]
  package let stopSignal: String?
  /// Digests of the uncompressed layers, from the base upwards.
  package let diffIDs: [Digest]
  /// Empty where the builder kept none.
  package let history: [History]

  init(_ document: Document) throws(ImageError) {
    digest = Digest.sha256(document.bytes)
    bytes = document.bytes
    json = document.root
    let root = try document.fields()
    platform = Platform(
      os: try root.require(root.string("os"), "os"),
      architecture: try root.require(root.string("architecture"), "architecture"),
      variant: try root.string("variant"))

    let rootfs = try root.require(root.object("rootfs"), "rootfs")
    let type = try rootfs.require(rootfs.string("type"), "type")
    guard type == "layers" else {
      throw rootfs.failure(
        "rootfs.type is \"\(DisplayText.escape(type))\", not \"layers\"", at: "type", .unsupported)
    }
    diffIDs = try Self.digests(rootfs)
    try document.checkLayers(diffIDs.count, at: rootfs.json.offset)
    history = try (root.objects("history") ?? []).map { (entry) throws(ImageError) in
      History(
        createdBy: try entry.string("created_by"), comment: try entry.string("comment"),
        isEmptyLayer: try entry.bool("empty_layer") ?? false)
    }

    let config = try root.object("config")
    user = try config?.string("User") ?? ""
    if let config, let disagreement = AmbiguousUser.reason(user) {
      let failure = config.failure(
        "\"User\" is \"\(DisplayText.escape(user))\": \(disagreement)", at: "User")
      throw ImageError(
        .ambiguous, source: failure.source, failure.reason,
        advice:
          "write a plain number into the Dockerfile, such as `USER 10001:10001`, and build the image again"
      )
    }
    entrypoint =
      try config.map { (fields) throws(ImageError) in try Self.command(fields, "Entrypoint") } ?? []
    cmd = try config.map { (fields) throws(ImageError) in try Self.command(fields, "Cmd") } ?? []
    shell =
      try config.map { (fields) throws(ImageError) in try Self.command(fields, "Shell") } ?? []
    environment = try config?.strings("Env") ?? []
    exposedPorts = try config?.set("ExposedPorts") ?? []
    volumes = try config?.set("Volumes") ?? []
    workingDirectory = try config?.string("WorkingDir") ?? ""
    healthcheck = try config?.object("Healthcheck").map { (fields) throws(ImageError) in
      Healthcheck(test: try Self.command(fields, "Test"))
    }
    labels = try config?.stringMap("Labels") ?? [:]
    onBuild = try config?.strings("OnBuild") ?? []
    stopSignal = try config?.string("StopSignal")
  }

  private static func digests(_ rootfs: Fields) throws(ImageError) -> [Digest] {
    var digests: [Digest] = []
    for text in try rootfs.strings("diff_ids") ?? [] {
      guard let digest = Digest(text) else {
        throw rootfs.failure("\"\(DisplayText.escape(text))\" is not a digest", at: "diff_ids")
      }
      digests.append(digest)
    }
    return digests
  }

  /// Docker also takes a single string for a command of one word.
  private static func command(_ fields: Fields, _ key: String) throws(ImageError) -> [String] {
    if let word = try? fields.string(key) { return [word] }
    return try fields.strings(key) ?? []
  }
}
