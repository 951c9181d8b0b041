import ForgeBasics

/// What a Next.js configuration sets, besides the facts that have keys of their own, that bears on the image.
public struct NextSettings: Codable, Sendable, Equatable {
  @EncodesNull public var assetPrefix: String? = nil
  @EncodesNull public var trailingSlash: Bool? = nil
  /// The languages of `i18n`, which only the pages router knows.
  public var locales: [String] = []
  @EncodesNull public var imagesUnoptimized: Bool? = nil
  /// `imgix`, `custom`, …; nil for Next.js's own, which needs sharp and a writable cache.
  @EncodesNull public var imageLoader: String? = nil
  /// What is traced from: `outputFileTracingRoot`, relative to the analysed root.
  @EncodesNull public var tracingRoot: String? = nil
  /// Packages that stay outside of the server's bundle.
  public var externalPackages: [String] = []
  public var transpilePackages: [String] = []
  /// A cache of the project's own for pages, relative to the service.
  @EncodesNull public var cacheHandler: String? = nil
  public var hasRewrites = false
  public var hasWebpack = false
  /// Keys whose value cannot be known without running the configuration; sorted.
  public var unknown: [String] = []

  public init() {}
}
