import ForgeBasics

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
  /// `file:line` where it is made.
  public var source: String

  public init(
    transport: Transport, mounted: Bool, path: String?, entrypoint: String, source: String,
    state: State? = nil
  ) {
    self.transport = transport
    self.state = state ?? (mounted ? .mounted : transport == .stdio ? .stdio : .service)
    self.mounted = mounted
    self.path = path
    self.entrypoint = entrypoint
    self.source = source
  }
}
