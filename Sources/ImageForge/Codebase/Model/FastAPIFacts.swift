public struct FastAPIFacts: Codable, Sendable, Equatable {
  /// `pkg.mod:name`, importable from `appDir`.
  public var entrypoint: String
  /// Whether the entry point is a function that makes the application.
  public var factory: Bool
  /// The folder that goes on the import path, relative to the service.
  public var appDir: String
  /// `uvicorn`, `gunicorn`, `hypercorn`, `granian`, `fastapi`.
  public var server: String
  /// `file:line` of the application object.
  public var source: String
  /// Where a proxy publishes the application: `FastAPI(root_path=…)`.
  public var rootPath: String?
  /// The fixed beginnings of the paths that it answers; nil where one cannot be read.
  public var routes: [String]?
  /// From where browsers may call it; nil where it says nothing, and so only from its own address.
  public var cors: CORSFacts?

  public init(
    entrypoint: String, factory: Bool = false, appDir: String = ".", server: String, source: String,
    rootPath: String? = nil, routes: [String]? = nil, cors: CORSFacts? = nil
  ) {
    self.rootPath = rootPath
    self.routes = routes
    self.cors = cors
    self.entrypoint = entrypoint
    self.factory = factory
    self.appDir = appDir
    self.server = server
    self.source = source
  }

  /// With every key, as in `Service`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(entrypoint, forKey: .entrypoint)
    try container.encode(factory, forKey: .factory)
    try container.encode(appDir, forKey: .appDir)
    try container.encode(server, forKey: .server)
    try container.encode(source, forKey: .source)
    try container.encode(rootPath, forKey: .rootPath)
    try container.encode(routes, forKey: .routes)
    try container.encode(cors, forKey: .cors)
  }
}
