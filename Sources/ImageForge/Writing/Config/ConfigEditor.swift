import ForgeBasics
import ForgeImages
import ForgeInspection
import Foundation

/// Changes a config, a manifest and an index in the few places that layers touch.
enum ConfigEditor {
  /// The config of the output; `inputs` names, for each of its layers, the layers of the input that went into it.
  /// - Returns: the bytes as they stand in the input where nothing changes.
  static func config(
    _ image: Image, diffIDs: [Digest], inputs: [[Int]], epoch: Int64?, notices: inout [String]
  ) -> [UInt8] {
    var json = EditableJSON(image.config.json)
    let isSame = diffIDs == image.config.diffIDs
    if !isSame {
      json["rootfs"]?["diff_ids"] = .array(diffIDs.map { .string($0.description) })
      editHistory(&json, image, inputs, &notices)
      // BuildKit's inline cache names layers that are no longer there.
      for key in json.keys where key.hasPrefix("moby.buildkit.cache") {
        json[key] = nil
        notices.append(
          "dropped \(DisplayText.escape(key)) from the config: it names layers that have changed")
      }
    }
    if let epoch { clamp(&json, epoch) }
    return json == EditableJSON(image.config.json) ? image.config.bytes : json.bytes
  }

  /// Steps whose layer went, or went into a later one, made no layer.
  private static func editHistory(
    _ json: inout EditableJSON, _ image: Image, _ inputs: [[Int]], _ notices: inout [String]
  ) {
    guard let history = json["history"], !history.elements.isEmpty else { return }
    guard image.config.history.count(where: { !$0.isEmptyLayer }) == image.layers.count else {
      if inputs.count != image.layers.count {
        json["history"] = nil
        notices.append(
          "dropped the history from the config: it did not fit the layers, and fits them less now")
      }
      return
    }
    let carriers = Set(inputs.compactMap { $0.max() })
    var layer = 0
    json["history"] = .array(
      history.elements.map { step in
        guard step["empty_layer"]?.isTrue != true else { return step }
        defer { layer += 1 }
        guard !carriers.contains(layer) else { return step }
        var step = step
        step["empty_layer"] = .bool(true)
        return step
      })
  }

  private static func clamp(_ json: inout EditableJSON, _ epoch: Int64) {
    clamp(&json, "created", epoch)
    if case .array(var steps) = json["history"] ?? .null {
      for index in steps.indices { clamp(&steps[index], "created", epoch) }
      json["history"] = .array(steps)
    }
  }

  private static func clamp(_ object: inout EditableJSON, _ key: String, _ epoch: Int64) {
    guard let text = object[key]?.string, let time = RFC3339.seconds(text), time > epoch else {
      return
    }
    object[key] = .string(RFC3339.text(epoch))
  }

  /// When the image was built, as annotations say it.
  private static func clampAnnotations(_ object: inout EditableJSON, _ epoch: Int64?) {
    guard let epoch, var annotations = object["annotations"] else { return }
    clamp(&annotations, "org.opencontainers.image.created", epoch)
    object["annotations"] = annotations
  }

  // MARK: Manifests

  /// Annotations that describe the bytes of a layer: of eStargz, zstd:chunked and the like.
  private static func isStale(_ key: String) -> Bool {
    [
      "containerd.io/snapshot/", "containerd.io/uncompressed", "containerd.io/distribution.source.",
      "io.github.containers.zstd-chunked",
      "io.containers.zstd-chunked",
      "com.docker.official", "dev.cosignproject", "io.cncf.notary", "run.oci.image.",
    ].contains { key.hasPrefix($0) } || key.contains("stargz") || key.contains("toc.digest")
  }

  private static let baseDigest = "org.opencontainers.image.base.digest"

  /// Whether the layers of the base are as they were. Where history does not tell which these are, all that changed has
  /// to stand above all that did not.
  private static func keepsBase(_ image: Image, _ layers: [WrittenLayer]) -> Bool {
    let copied = zip(layers, layers.indices).prefix { $0.copied == $1 }.count
    if copied == image.layers.count { return true }
    if let base = History(image).base { return copied >= base.layers }
    return copied > 0 && layers.dropFirst(copied).allSatisfy { $0.copied == nil }
  }

  /// The manifest of the output as an OCI layout holds it.
  static func manifest(
    _ image: Image, config: [UInt8], layers: [WrittenLayer], epoch: Int64?, notices: inout [String]
  ) -> (bytes: [UInt8], mediaType: String) {
    let old = image.manifestJSON.map { EditableJSON($0) }
    let wasDocker = old?["config"]?["mediaType"]?.string == dockerConfig
    // Docker's family has no type for zstd, and engines refuse one that is made up: BuildKit writes OCI's, too.
    let leavesDocker = wasDocker && layers.contains { $0.compression == .zstd }
    let isDocker = wasDocker && !leavesDocker
    var manifest =
      old
      ?? .object([
        ("schemaVersion", .number("2")), ("mediaType", .string(ociManifest)),
        ("config", .object([])),
        ("layers", .array([])),
      ])
    var descriptor =
      old?["config"]
      ?? .object([("mediaType", .string(ociConfig)), ("digest", .null), ("size", .null)])
    let digest = Digest.sha256(config).description
    if descriptor["digest"]?.string != digest {
      descriptor["digest"] = .string(digest)
      descriptor["size"] = .number(String(config.count))
      if descriptor["data"] != nil {
        descriptor["data"] = .string(Data(config).base64EncodedString())
      }
    }
    if leavesDocker {
      descriptor["mediaType"] = .string(ociConfig)
      manifest["mediaType"] = .string(ociManifest)
      notices.append("the image is of OCI's media types now: Docker's have none for zstd")
    }
    manifest["config"] = descriptor
    if image.isDockerFormat, !isDocker { tellDockerFields(image.config, &notices) }
    let before = old?["layers"]?.elements ?? []
    var dropped: Set<String> = []
    manifest["layers"] = .array(
      layers.map { layer in
        if let index = layer.copied, index < before.count {
          var descriptor = before[index]
          if leavesDocker { descriptor["mediaType"] = .string(mediaType(layer, isDocker: false)) }
          clampAnnotations(&descriptor, epoch)
          return descriptor
        }
        var descriptor =
          layer.inputs.max().flatMap { $0 < before.count ? before[$0] : nil } ?? .object([])
        drop(isStale, from: &descriptor, &dropped)
        descriptor["mediaType"] = .string(mediaType(layer, isDocker: isDocker))
        descriptor["digest"] = .string(layer.digest.description)
        descriptor["size"] = .number(String(layer.size))
        descriptor["data"] = nil
        clampAnnotations(&descriptor, epoch)
        return descriptor
      })
    clampAnnotations(&manifest, epoch)
    let isChanged = manifest != old
    if isChanged {
      let isBaseStale = !keepsBase(image, layers)
      drop({ isStale($0) || isBaseStale && $0 == baseDigest }, from: &manifest, &dropped)
    }
    report(dropped, &notices)
    if isChanged, old != nil {
      notices.append(
        "the image has a new digest: signatures and attestations of the old one do not hold for it")
    }
    let type = manifest["mediaType"]?.string ?? (isDocker ? dockerManifest : ociManifest)
    return (isChanged ? manifest.bytes : image.manifest ?? manifest.bytes, type)
  }

  /// What Docker added to configs, engines do not read in one of OCI.
  private static func tellDockerFields(_ config: ImageConfig, _ notices: inout [String]) {
    let fields = [
      ("HEALTHCHECK", config.healthcheck?.isActive == true), ("SHELL", !config.shell.isEmpty),
      ("ONBUILD", !config.onBuild.isEmpty),
    ].filter(\.1).map(\.0)
    guard !fields.isEmpty else { return }
    notices.append(
      "engines such as podman do not read \(fields.joined(separator: ", ")) in an image of OCI's media types: "
        + "--to docker-archive keeps what it is")
  }

  private static func drop(
    _ isStale: (String) -> Bool, from object: inout EditableJSON, _ dropped: inout Set<String>
  ) {
    guard var annotations = object["annotations"] else { return }
    for key in annotations.keys where isStale(key) {
      annotations[key] = nil
      dropped.insert(key)
    }
    object["annotations"] = annotations.keys.isEmpty ? nil : annotations
  }

  private static func report(_ dropped: Set<String>, _ notices: inout [String]) {
    guard !dropped.isEmpty else { return }
    let notice =
      "dropped annotations that no longer hold: "
      + dropped.sorted().map { DisplayText.escape($0) }.joined(separator: ", ")
    // Manifest and index say the same of most images.
    if !notices.contains(notice) { notices.append(notice) }
  }

  /// `index.json` of a layout with this image alone: what the indexes of the input say of it, and its names.
  static func index(
    _ image: Image, layers: [WrittenLayer], manifest: [UInt8], mediaType: String, epoch: Int64?,
    notices: inout [String]
  ) -> EditableJSON {
    let digest = Digest.sha256(manifest)
    let isBaseStale = !keepsBase(image, layers)
    var dropped: Set<String> = []
    func descriptor(_ old: EditableJSON) -> EditableJSON {
      var new = EditableJSON.object([
        ("mediaType", .string(mediaType)), ("digest", .string(digest.description)),
        ("size", .number(String(manifest.count))),
      ])
      new.fill(from: old)
      clampAnnotations(&new, epoch)
      if manifest != image.manifest {
        drop({ isStale($0) || isBaseStale && $0 == baseDigest }, from: &new, &dropped)
      }
      return new
    }
    let all = image.descriptors.map { descriptor(EditableJSON($0)) }
    var entries = all.filter(\.isNamed)
    // What an entry without a name says beside others is said once, with a name.
    var bare = descriptor(.object([]))
    for entry in all where !entry.isNamed { bare.fill(from: entry) }
    if entries.isEmpty, image.unlisted.isEmpty { entries = [bare] }
    if let named = entries.first { bare["platform"] = bare["platform"] ?? named["platform"] }
    for index in entries.indices { entries[index].fill(from: bare) }
    for name in image.unlisted {
      var entry = bare
      if entry["annotations"] == nil { entry["annotations"] = .object([]) }
      entry["annotations"]?["org.opencontainers.image.ref.name"] = .string(name)
      entries.append(entry)
    }
    report(dropped, &notices)
    return .object([("schemaVersion", .number("2")), ("manifests", .array(entries))])
  }

  private static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
  private static let ociConfig = "application/vnd.oci.image.config.v1+json"
  private static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
  private static let dockerConfig = "application/vnd.docker.container.image.v1+json"

  /// Docker's manifests stay in Docker's family, which has names for gzip and for plain.
  private static func mediaType(_ layer: WrittenLayer, isDocker: Bool) -> String {
    let base =
      isDocker
      ? "application/vnd.docker.image.rootfs.diff.tar" : "application/vnd.oci.image.layer.v1.tar"
    return layer.compression == .none
      ? base : base + (isDocker ? "." : "+") + layer.compression.rawValue
  }
}

extension EditableJSON {
  /// Whether engines find a name in this entry of an index.
  fileprivate var isNamed: Bool {
    ["io.containerd.image.name", "org.opencontainers.image.ref.name"].contains {
      !(self["annotations"]?[$0]?.string ?? "").isEmpty
    }
  }

  /// Takes what an entry of an index says of a manifest, where this one says nothing. `null` says nothing.
  fileprivate mutating func fill(from other: EditableJSON) {
    for key in ["artifactType", "platform"] where self[key] == nil {
      self[key] = other[key].flatMap { $0 == .null ? nil : $0 }
    }
    let annotations = other["annotations"] ?? .null
    for key in annotations.keys {
      if self["annotations"] == nil { self["annotations"] = .object([]) }
      if self["annotations"]?[key] == nil { self["annotations"]?[key] = annotations[key] }
    }
  }
}
