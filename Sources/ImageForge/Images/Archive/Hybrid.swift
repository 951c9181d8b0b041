import ForgeBasics

/// An archive with both `manifest.json` and `index.json`, as Docker writes since version 25. Some engines read the
/// one and some the other: they must mean the same.
enum Hybrid {
  /// Checks that both views agree, and gives the images of the index the names that Docker knows them by.
  /// - Throws: `ImageError` of kind `ambiguous`.
  static func merge(oci: [Candidate], docker: [Candidate], source: String) throws(ImageError)
    -> [Candidate]
  {
    var merged = oci
    let positions = Dictionary(
      oci.indices.compactMap { index in oci[index].contents.map { ($0.config.digest, index) } },
      uniquingKeysWith: { first, _ in first })
    var named: [String: [Int]] = [:]
    for index in oci.indices {
      for name in oci[index].references { named[Reference.full(name), default: []].append(index) }
    }
    for item in docker {
      guard let twin = positions[item.digest] else {
        throw ambiguous("manifest.json lists the image \(item.label), index.json does not", source)
      }
      guard merged[twin].hasSameLayers(as: item) else {
        let isDocker25 = merged[twin].contents?.layers.isEmpty == true
        throw ambiguous(
          "manifest.json and index.json give the image \(item.label) different layers"
            + (isDocker25
              ? " (Docker 25.0.0 left them out of the index; newer versions do not)" : ""),
          source)
      }
      for name in item.references {
        let rivals = named[Reference.full(name)] ?? []
        guard rivals.allSatisfy({ $0 == twin || !oci[$0].mayBe(item.platform) }) else {
          throw ambiguous(
            "\"\(DisplayText.escape(name))\" is one image in manifest.json and another in index.json",
            source)
        }
      }
      // Docker's own names first: they are what its users type.
      let names = Set(item.references)
      merged[twin].references =
        item.references + merged[twin].references.filter { !names.contains($0) }
    }
    // manifest.json holds one platform of an image; what else the index has must be another platform.
    let listed = Set(docker.map(\.digest))
    let platforms = Set(docker.map(\.platform))
    for candidate in oci {
      guard let config = candidate.contents?.config, !listed.contains(config.digest) else {
        continue
      }
      guard !platforms.contains(where: candidate.mayBe) else {
        throw ambiguous(
          "index.json lists the image \(candidate.label), manifest.json does not", source)
      }
    }
    return merged
  }

  private static func ambiguous(_ reason: String, _ source: String) -> ImageError {
    ImageError(.ambiguous, source: source, reason)
  }
}

extension Candidate {
  /// Whether it may stand for that platform, by its config or by the index.
  fileprivate func mayBe(_ other: Platform) -> Bool {
    platform.agrees(with: other) || declared?.agrees(with: other) == true
  }
}
