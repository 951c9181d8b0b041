import ForgeBasics
import ForgeImages
import ForgeLayers

/// What to look at, and what to keep for the rules.
public struct InspectionOptions: Sendable {
  /// Which image, where the archive holds several: a reference or a digest.
  public var image: String?
  /// Which platform, where the index holds several: `linux/arm64`.
  public var platform: String?
  /// How many leading bytes of a file to keep, by its path in a layer. See `Gate.capture`.
  public var capture: @Sendable (ArraySlice<UInt8>) -> Int

  public init(
    image: String? = nil, platform: String? = nil, capture: @escaping @Sendable (ArraySlice<UInt8>) -> Int = { _ in 0 }
  ) {
    self.image = image
    self.platform = platform
    self.capture = capture
  }
}
