import ForgeEngines
import ForgeInspection

/// An image as people name it: a path, `-` for standard input, or `docker:REF`, `podman:REF`, `buildah:REF`.
public enum ImageLocator {
  /// Opens and inspects the image; one that an engine holds is exported to a temporary archive first.
  /// - Throws: `ImageError`, `LayerError` or `EngineError`.
  public static func inspect(_ image: String, options: InspectionOptions = .init()) async throws
    -> Inspection
  {
    try await open(image, options: options).inspection
  }

  /// The same, with every file at hand for further questions.
  public static func open(_ image: String, options: InspectionOptions = .init()) async throws
    -> InspectedImage
  {
    try await withArchive(of: image) { path in
      var opened = try Inspector.open(path, options: options)
      // Under the name that the user gave.
      opened.inspection.image.source = image
      return opened
    }
  }

  /// Hands over a path to open the image at: its own, or that of a temporary archive exported from an engine.
  public static func withArchive<Result>(
    of image: String, _ body: (String) async throws -> Result
  ) async throws -> Result {
    guard let (choice, reference) = engine(image) else { return try await body(image) }
    let engine = try await EngineFinder.find(choice)
    let scratch = try ScratchFolder()
    let archive = scratch.file("image.tar")
    try await engine.save(reference: reference, to: archive)
    return try await body(archive)
  }

  /// The report for people who ask again, which may be remembered: without the details that rules need.
  package static func report(_ image: String, options: InspectionOptions) async throws -> Inspection
  {
    guard let (choice, reference) = engine(image) else {
      return try Inspector.report(image, options: options)
    }
    let engine = try await EngineFinder.find(choice)
    // The ID is the digest of the image's config, which names its layers by theirs.
    let id = options.cache == nil ? nil : await engine.imageID(reference)
    let place = id.map { "\(choice.rawValue) \(engine.version) \(reference) \($0)" }
    if let place, let known = Inspector.remembered(place: place, source: image, options) {
      return known
    }
    let report = try await open(image, options: options).inspection
    if let place, await engine.imageID(reference) == id {
      Inspector.remember(report, place: place, options)
    }
    return report
  }

  /// The engine that holds the image, and how it names it; nil for a path or standard input.
  private static func engine(_ image: String) -> (EngineChoice, reference: String)? {
    guard let colon = image.firstIndex(of: ":"),
      let choice = EngineChoice(rawValue: String(image[..<colon])),
      choice != .auto
    else { return nil }
    return (choice, String(image[image.index(after: colon)...]))
  }
}
