/// What a Next.js configuration sets, besides the facts that have keys of their own, that bears on the image.
public struct NextSettings: Codable, Sendable, Equatable {
  public var assetPrefix: String?
  public var trailingSlash: Bool?
  /// The languages of `i18n`, which only the pages router knows.
  public var locales: [String] = []
  public var imagesUnoptimized: Bool?
  /// `imgix`, `custom`, …; nil for Next.js's own, which needs sharp and a writable cache.
  public var imageLoader: String?
  /// What is traced from: `outputFileTracingRoot`, relative to the analysed root.
  public var tracingRoot: String?
  /// Packages that stay outside of the server's bundle.
  public var externalPackages: [String] = []
  public var transpilePackages: [String] = []
  /// A cache of the project's own for pages, relative to the service.
  public var cacheHandler: String?
  public var hasRewrites = false
  public var hasWebpack = false
  /// Keys whose value cannot be known without running the configuration; sorted.
  public var unknown: [String] = []

  public init() {}

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(assetPrefix, forKey: .assetPrefix)
    try container.encode(trailingSlash, forKey: .trailingSlash)
    try container.encode(locales, forKey: .locales)
    try container.encode(imagesUnoptimized, forKey: .imagesUnoptimized)
    try container.encode(imageLoader, forKey: .imageLoader)
    try container.encode(tracingRoot, forKey: .tracingRoot)
    try container.encode(externalPackages, forKey: .externalPackages)
    try container.encode(transpilePackages, forKey: .transpilePackages)
    try container.encode(cacheHandler, forKey: .cacheHandler)
    try container.encode(hasRewrites, forKey: .hasRewrites)
    try container.encode(hasWebpack, forKey: .hasWebpack)
    try container.encode(unknown, forKey: .unknown)
  }
}
