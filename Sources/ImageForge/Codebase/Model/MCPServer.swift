import ForgeBasics
import ForgeFindings

/// A Model Context Protocol server in the code.
public struct MCPServer: Codable, Sendable, Equatable {
  public enum Transport: String, Codable, Sendable {
    case streamableHTTP = "streamable-http"
    case sse, stdio
  }

  /// How it really runs.
  public enum State: String, Codable, Sendable {
    /// The FastAPI application serves it.
    case mounted
    /// A process of its own, reached over HTTP.
    case service
    /// Talks through standard input and output with whoever starts it.
    case stdio
    /// The application starts it, and talks with it through standard input and output.
    case child
    /// Nothing in the code serves it.
    case unserved
  }

  public var transport: Transport
  public var state: State
  /// Whether the FastAPI application serves it itself.
  public var mounted: Bool
  /// The URL path of its endpoint; nil for stdio.
  @EncodesNull public var path: String?
  /// `pkg.mod:name` of the server object.
  public var entrypoint: String
  /// Where it listens when it runs on its own; nil where the code does not say.
  @EncodesNull public var port: Int? = nil
  /// The address that the code gives to its run, where the library decides by that which host names it answers: version
  /// 2 of the SDK. Nil for the default, which is loopback.
  @EncodesNull public var host: String? = nil
  /// `pkg.mod:name` of its ASGI application, where a module holds that for a server.
  @EncodesNull public var application: String? = nil
  /// Whether no module holds the server itself, so that only its own module can start it.
  public var startsItself = false
  /// Where it is made.
  @PlaceText package var place: Place

  /// `file:line` where it is made.
  public var source: String {
    get { place.description }
    set { place = .text(newValue) }
  }

  public init(
    transport: Transport, mounted: Bool, path: String?, entrypoint: String, source: String,
    state: State? = nil
  ) {
    self.init(
      transport: transport, mounted: mounted, path: path, entrypoint: entrypoint,
      at: .text(source), state: state)
  }

  package init(
    transport: Transport, mounted: Bool, path: String?, entrypoint: String, at place: Place,
    state: State? = nil
  ) {
    self.transport = transport
    self.state = state ?? Self.usualState(transport, isMounted: mounted)
    self.mounted = mounted
    self.path = path
    self.entrypoint = entrypoint
    self.place = place
  }

  private static func usualState(_ transport: Transport, isMounted: Bool) -> State {
    if isMounted { return .mounted }
    if transport == .stdio { return .stdio }
    return .service
  }

  private enum CodingKeys: String, CodingKey {
    case transport, state, mounted, path, entrypoint, port, host, application, startsItself
    case place = "source"
  }
}
