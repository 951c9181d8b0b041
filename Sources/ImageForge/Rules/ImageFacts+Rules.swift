import ForgeInspection

/// What several rules ask of an image.
extension ImageFacts {
  var isWindows: Bool { platform.hasPrefix("windows") }

  /// The tag, where an OCI layout names the image by nothing else.
  var bareTag: String? {
    guard let reference, !reference.contains(where: { "/:@".contains($0) }) else { return nil }
    return reference
  }
}
