import ForgeBasics

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
  @EncodesNull public var rootPath: String?
  /// The fixed beginnings of the paths that it answers; nil where one cannot be read.
  @EncodesNull public var routes: [String]?
  /// From where browsers may call it; nil where it says nothing, and so only from its own address.
  @EncodesNull public var cors: CORSFacts?

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
}
