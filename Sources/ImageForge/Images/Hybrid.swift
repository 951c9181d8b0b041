import ForgeBasics

/// An archive with both `manifest.json` and `index.json`, as Docker writes since version 25. Some engines read the
/// one and some the other: they must mean the same.
enum Hybrid {
  /// Checks that both views agree, and gives the images of the index the names that Docker knows them by.
  /// - Throws: `ImageError` of kind `ambiguous`.
  static func merge(oci: [Candidate], docker: [Candidate], source: String) throws(ImageError) -> [Candidate] {
    var merged = oci
    for item in docker {
      guard let twin = merged.firstIndex(where: { $0.contents?.config.digest == item.digest }) else {
        throw ambiguous("manifest.json lists the image \(item.label), index.json does not", source)
      }
      guard merged[twin].hasSameLayers(as: item) else {
        let isDocker25 = merged[twin].contents?.layers.isEmpty == true
        throw ambiguous(
          "manifest.json and index.json give the image \(item.label) different layers"
            + (isDocker25 ? " (Docker 25.0.0 left them out of the index; newer versions do not)" : ""), source)
      }
      for name in item.references {
        let rivals = merged.indices.filter { other in
          other != twin && merged[other].platform == item.platform
            && merged[other].references.contains { Reference.same($0, name) }
        }
        guard rivals.isEmpty else {
          throw ambiguous(
            "\"\(DisplayText.escape(name))\" is one image in manifest.json and another in index.json", source)
        }
      }
      // Docker's own names first: they are what its users type.
      merged[twin].references = item.references + merged[twin].references.filter { !item.references.contains($0) }
    }
    // manifest.json holds one platform of an image; what else the index has must be another platform.
    for candidate in oci where candidate.contents != nil {
      let isListed = docker.contains { $0.digest == candidate.contents?.config.digest }
      guard isListed || !docker.contains(where: { $0.platform.agrees(with: candidate.platform) }) else {
        throw ambiguous("index.json lists the image \(candidate.label), manifest.json does not", source)
      }
    }
    return merged
  }

  private static func ambiguous(_ reason: String, _ source: String) -> ImageError {
    ImageError(.ambiguous, source: source, reason)
  }
}
