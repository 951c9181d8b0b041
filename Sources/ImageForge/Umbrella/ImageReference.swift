import ForgeInspection

/// An image as people name it: a path, `-`, or a reference that an engine holds.
public enum ImageReference {
  public static func inspect(_ image: String, options: InspectionOptions = .init()) async throws -> Inspection {
    throw CancellationError()
  }
}
