import ForgeLayers

/// Which image of an archive to read, and what that may cost. Image and platform are needed only where it holds several.
public struct ImageSelection: Sendable {
  /// A reference as recorded in the archive (`todo:latest`), or a digest of the manifest or config, or the first
  /// digits of one.
  public var image: String?
  /// `linux/arm64`, `linux/arm64/v8`.
  public var platform: String?
  /// What the image may cost.
  public var limits: LayerLimits

  /// The only image there is, unless one is named.
  public init(image: String? = nil, platform: String? = nil, limits: LayerLimits = LayerLimits()) {
    self.image = image
    self.platform = platform
    self.limits = limits
  }
}
