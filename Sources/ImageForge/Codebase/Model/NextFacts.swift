import ForgeBasics

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
  @EncodesNull public var configFile: String?
  @EncodesNull public var basePath: String?
  /// Where `next build` writes; `.next` unless configured.
  public var distDir: String
  /// The file of a custom server, which output tracing does not support.
  @EncodesNull public var customServer: String?
  /// The `build` script, or `next build` when there is none.
  public var buildCommand: String
  /// The `start` script; nil when there is none.
  @EncodesNull public var startCommand: String?
  /// Whether there is a `public/` folder.
  public var hasPublicFolder: Bool
  /// Where `server.js` lands below `<distDir>/standalone`: `server.js`, or `apps/web/server.js` in a monorepo.
  public var standaloneServer: String
  /// Files and folders that the server reads by name when it runs, relative to the service, which its standalone output
  /// does not hold. Sorted.
  public var runtimeFiles: [String]
  /// What else the configuration sets that bears on the image.
  public var settings: NextSettings

  public init(
    router: Router, output: Output, configFile: String? = nil, basePath: String? = nil,
    distDir: String = ".next",
    customServer: String? = nil, buildCommand: String = "next build", startCommand: String? = nil,
    hasPublicFolder: Bool, standaloneServer: String = "server.js",
    runtimeFiles: [String] = [], settings: NextSettings = NextSettings()
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
    self.runtimeFiles = runtimeFiles
    self.settings = settings
  }
}
