import ForgeBasics
import ForgeFindings

/// What is known of a FastAPI application.
public struct FastAPIFacts: Codable, Sendable, Equatable {
  /// `pkg.mod:name`, importable from `appDir`.
  public var entrypoint: String
  /// Whether the entry point is a function that makes the application.
  public var factory: Bool
  /// The folder that goes on the import path, relative to the service.
  public var appDir: String
  /// Where the processes start, and so what relative paths begin from; relative to the service.
  public var workingFolder = "."
  /// `uvicorn`, `gunicorn`, `hypercorn`, `granian`, `fastapi`.
  public var server: String
  /// The application object, or what names it.
  @PlaceText package var place: Place
  /// Where a proxy publishes the application: `FastAPI(root_path=…)`.
  @EncodesNull public var rootPath: String?
  /// The fixed beginnings of the paths that it answers; nil where one cannot be read.
  @EncodesNull public var routes: [String]?
  /// From where browsers may call it; nil where it says nothing, and so only from its own address.
  @EncodesNull public var cors: CORSFacts?

  /// `file:line` of the application object.
  public var source: String {
    get { place.description }
    set { place = .text(newValue) }
  }

  public init(
    entrypoint: String, factory: Bool = false, appDir: String = ".", server: String, source: String,
    rootPath: String? = nil, routes: [String]? = nil, cors: CORSFacts? = nil
  ) {
    self.init(
      entrypoint: entrypoint, factory: factory, appDir: appDir, server: server, at: .text(source),
      rootPath: rootPath, routes: routes, cors: cors)
  }

  package init(
    entrypoint: String, factory: Bool = false, appDir: String = ".", server: String,
    at place: Place, rootPath: String? = nil, routes: [String]? = nil, cors: CORSFacts? = nil
  ) {
    self.rootPath = rootPath
    self.routes = routes
    self.cors = cors
    self.entrypoint = entrypoint
    self.factory = factory
    self.appDir = appDir
    self.server = server
    self.place = place
  }

  private enum CodingKeys: String, CodingKey {
    case entrypoint, factory, appDir, workingFolder, server, rootPath, routes, cors
    case place = "source"
  }
}
