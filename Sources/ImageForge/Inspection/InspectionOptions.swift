import ForgeImages
import ForgeLayers

/// Which image to inspect, what to look for, and what to keep for the rules.
public struct InspectionOptions: Sendable {
  /// Which image, where an archive holds several, and what it may cost.
  public var selection: ImageSelection
  /// How many leading bytes of a file to keep, by its path in a layer. See `Gate.capture`.
  public var capture: @Sendable (ArraySlice<UInt8>) -> Int
  /// Whether to look for secrets in the content of every file.
  public var findsSecrets: Bool
  /// What is known of layers that were seen before; nil: every layer is read.
  public var cache: LayerCache?
  /// Told the bytes of each uncompressed piece of a layer as it is read, from any thread.
  public var progress: (@Sendable (Int) -> Void)?

  /// How to inspect, part by part.
  public init(
    _ selection: ImageSelection = ImageSelection(), findsSecrets: Bool = false,
    cache: LayerCache? = nil,
    capture: @escaping @Sendable (ArraySlice<UInt8>) -> Int = { _ in 0 }
  ) {
    self.selection = selection
    self.findsSecrets = findsSecrets
    self.cache = cache
    self.capture = capture
  }
}
