import ForgeBasics

/// An image that an archive offers, before one is chosen.
struct ListedImage: Sendable {
  /// What was read of it: everything but the layers.
  struct Contents: Sendable {
    let config: ImageConfig
    /// Nil in a plain docker-archive.
    let manifest: Manifest?
    let layers: [Layer]
  }

  struct Layer: Sendable {
    /// Nil where the archive does not hold it.
    let file: StoredFile?
    /// What the manifest says of it; nil in a docker-archive.
    let descriptor: Descriptor?
    /// How messages call it.
    let name: String
  }

  /// Of the manifest, or of the config in a docker-archive.
  let digest: Digest
  var references: [String]
  /// From the config; as declared where that is absent.
  let platform: Platform
  /// What the index says, by which engines choose; nil where it says nothing.
  var declared: Platform?
  /// Nil where manifest or config is absent.
  let contents: Contents?
  /// The parts that the archive does not hold.
  let missing: [String]
  /// What indexes say of the manifest, entry by entry, with what those above them say.
  var descriptors: [Descriptor] = []

  var isComplete: Bool { missing.isEmpty }

  /// The reference, or the digest of an image without one, and the platform: what a user can choose by.
  var label: String {
    let name = DisplayText.escape(references.first ?? digest.description)
    return platform.isUnknown || platform.label == "/" ? name : "\(name) (\(platform.label))"
  }

  /// Whether some engine would take it for that platform: they choose by the index, and by the config without one.
  func isFor(_ wanted: Platform) -> Bool {
    platform.satisfies(wanted) || declared?.satisfies(wanted) == true
  }

  /// Whether a user who writes `name` means this one.
  func isNamed(_ name: String) -> Bool {
    if references.contains(where: { Reference.same($0, name) }) { return true }
    let digests = [digest, contents?.config.digest].compactMap { $0 }
    let hex = name.trimmingPrefix("sha256:")
    return digests.contains { $0.description == name || (hex.count >= 6 && $0.hex.hasPrefix(hex)) }
  }
}

extension Platform {
  fileprivate var label: String { DisplayText.escape(description) }
}

/// Names of images as engines write them: `todo` is `docker.io/library/todo:latest`.
enum Reference {
  /// Whether a user who writes `name` means the recorded one. podman and buildah record what they built under
  /// `localhost`, and also find it without.
  static func same(_ recorded: String, _ name: String) -> Bool {
    let names = [full(name), full("localhost/" + name)]
    return recorded == name || names.contains(full(recorded))
  }

  /// With the registry and tag that Docker adds (distribution/reference, `ParseNormalizedNamed`).
  static func full(_ name: String) -> String {
    var parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let isRegistry =
      parts.count > 1
      && (parts[0].contains(where: { $0 == "." || $0 == ":" }) || parts[0] == "localhost")
    if !isRegistry { parts = ["docker.io"] + (parts.count == 1 ? ["library"] : []) + parts }
    let path = parts.joined(separator: "/")
    return (parts.last ?? "").contains(where: { $0 == ":" || $0 == "@" }) ? path : path + ":latest"
  }
}

extension [ListedImage] {
  /// The one image that a user means. A platform that is not whole steps back behind one that is.
  /// - Returns: the choice, and the candidates that stepped back.
  func choose(_ selection: ImageSelection, source: String) throws(ImageError) -> (
    ListedImage, absent: [ListedImage]
  ) {
    var matches = self
    if let name = selection.image {
      matches = matches.filter { $0.isNamed(name) }
      guard !matches.isEmpty else {
        throw failure("holds no image \"\(DisplayText.escape(name))\", but", source: source)
      }
    }
    if let text = selection.platform {
      guard let wanted = Platform(text) else {
        throw ImageError(
          .choice, source: source, "\"\(DisplayText.escape(text))\" is not a platform",
          advice: "write os/architecture, such as --platform linux/amd64")
      }
      let before = matches
      matches = matches.filter { $0.isFor(wanted) }
      guard !matches.isEmpty else {
        throw before.failure(
          "holds nothing for the platform \(DisplayText.escape(text)), but", source: source)
      }
    }
    if matches.count == 1 { return (matches[0], []) }
    // Docker saves an index whole even where it holds the blobs of one platform only.
    let complete = matches.filter(\.isComplete)
    if complete.count == 1, matches.isOneImage {
      return (complete[0], matches.filter { !$0.isComplete })
    }
    throw matches.failure("holds more than one image:", source: source)
  }

  /// Whether they are one image for several platforms.
  private var isOneImage: Bool {
    guard let first, Set(map(\.platform)).count == count else { return false }
    let shared = dropFirst().reduce(into: Set(first.references)) {
      $0.formIntersection($1.references)
    }
    return !shared.isEmpty || allSatisfy(\.references.isEmpty)
  }

  private func failure(_ reason: String, source: String) -> ImageError {
    let shown = prefix(20).map(\.label).joined(separator: ", ")
    let more = count > 20 ? " and \(count - 20) more" : ""
    return ImageError(.choice, source: source, "\(reason) \(shown)\(more)")
  }
}
