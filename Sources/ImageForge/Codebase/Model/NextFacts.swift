public struct NextFacts: Codable, Sendable, Equatable {
  public enum Router: String, Codable, Sendable {
    case app, pages, both
  }
  public enum Output: String, Codable, Sendable {
    case standalone, export
    /// `output` is not set.
    case `default`
    /// It is computed in a way that cannot be known without running it; `findings` say why.
    case unknown
  }

  public var router: Router
  public var output: Output
  public var configFile: String?
  public var basePath: String?
  /// Where `next build` writes; `.next` unless configured.
  public var distDir: String
  /// The file of a custom server, which output tracing does not support.
  public var customServer: String?
  /// The `build` script, or `next build` when there is none.
  public var buildCommand: String
  /// The `start` script; nil when there is none.
  public var startCommand: String?
  /// Whether there is a `public/` folder.
  public var hasPublicFolder: Bool
  /// Where `server.js` lands below `<distDir>/standalone`: `server.js`, or `apps/web/server.js` in a monorepo.
  public var standaloneServer: String
  /// What else the configuration sets that bears on the image.
  public var settings: NextSettings

  public init(
    router: Router, output: Output, configFile: String? = nil, basePath: String? = nil,
    distDir: String = ".next",
    customServer: String? = nil, buildCommand: String = "next build", startCommand: String? = nil,
    hasPublicFolder: Bool, standaloneServer: String = "server.js",
    settings: NextSettings = NextSettings()
  ) {
    self.router = router
    self.output = output
    self.configFile = configFile
    self.basePath = basePath
    self.distDir = distDir
    self.customServer = customServer
    self.buildCommand = buildCommand
    self.startCommand = startCommand
    self.hasPublicFolder = hasPublicFolder
    self.standaloneServer = standaloneServer
    self.settings = settings
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(router, forKey: .router)
    try container.encode(output, forKey: .output)
    try container.encode(configFile, forKey: .configFile)
    try container.encode(basePath, forKey: .basePath)
    try container.encode(distDir, forKey: .distDir)
    try container.encode(customServer, forKey: .customServer)
    try container.encode(buildCommand, forKey: .buildCommand)
    try container.encode(startCommand, forKey: .startCommand)
    try container.encode(hasPublicFolder, forKey: .hasPublicFolder)
    try container.encode(standaloneServer, forKey: .standaloneServer)
    try container.encode(settings, forKey: .settings)
  }
}
