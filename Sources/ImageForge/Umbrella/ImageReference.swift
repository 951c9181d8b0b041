import ForgeEngines
import ForgeInspection

/// An image as people name it: a path, `-` for standard input, or `docker:REF`, `podman:REF`, `buildah:REF`.
public enum ImageReference {
  /// Opens and inspects the image; one that an engine holds is exported to a temporary archive first.
  /// - Throws: `ImageError`, `LayerError` or `EngineError`.
  public static func inspect(_ image: String, options: InspectionOptions = .init()) async throws -> Inspection {
    guard let colon = image.firstIndex(of: ":"), let choice = EngineChoice(rawValue: String(image[..<colon])),
      choice != .auto
    else { return try Inspector.inspect(image, options: options) }
    let engine = try await EngineFinder.find(choice)
    let scratch = try ScratchFolder()
    let archive = scratch.file("image.tar")
    try await engine.save(reference: String(image[image.index(after: colon)...]), to: archive)
    return try Inspector.inspect(archive, options: options).named(image)
  }
}

extension Inspection {
  /// The same under the name that the user gave.
  fileprivate func named(_ source: String) -> Inspection {
    var facts = image
    facts.source = source
    return Inspection(
      image: facts, sizes: sizes, layers: layers, waste: waste, largestFiles: largestFiles, duplicates: duplicates,
      packages: packages, findings: findings, details: details)
  }
}
