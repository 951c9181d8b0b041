import ForgeImages
import ForgeLayers

/// Which image of an archive, where it holds several.
public struct InspectionChoice: Sendable {
  public var image: String?
  public var platform: String?
  /// What the image may cost its reader.
  public var limits: LayerLimits

  public init(image: String? = nil, platform: String? = nil, limits: LayerLimits = LayerLimits()) {
    self.image = image
    self.platform = platform
    self.limits = limits
  }

  func open(_ source: String) throws -> Image {
    try ImageStore.open(
      source, selection: ImageSelection(image: image, platform: platform), limits: limits)
  }
}
