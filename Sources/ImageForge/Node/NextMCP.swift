import ForgeCodebase
import ForgeFindings
import ForgeJavaScript
import ForgeSyntax

/// Routes of a Next.js application that speak the Model Context Protocol.
enum NextMCP {
  /// Packages by which a route serves it.
  private static let packages = ["mcp-handler", "@vercel/mcp-adapter", "@modelcontextprotocol/sdk"]
  /// What of them serves, and does not only call.
  private static let makers: Set<String> = [
    "createMcpHandler", "experimental_createMcpHandler", "initializeMcpApiHandler",
    "withMcpAuth", "experimental_withMcpAuth", "McpServer", "StreamableHTTPServerTransport",
    "WebStandardStreamableHTTPServerTransport", "SSEServerTransport",
  ]

  static func find(
    _ routes: NextRoutes, _ manifest: NodeManifest, below basePath: String?, in tree: ProjectTree
  ) -> [MCPServer] {
    guard packages.contains(where: manifest.has) else { return [] }
    return routes.handlers.compactMap { route in
      guard let line = line(of: route.file, in: tree) else { return nil }
      return MCPServer(
        transport: .streamableHTTP, mounted: true, path: (basePath ?? "") + route.path,
        entrypoint: route.file, at: .source(file: route.file, line: line))
    }
  }

  /// The line of a file that makes a server, where it imports what does.
  private static func line(of file: String, in tree: ProjectTree) -> Int? {
    guard let source = try? tree.read(file, limit: ProjectTree.maximumSourceSize),
      packages.contains(where: { source.text.contains($0) })
    else { return nil }
    let made = JSTokenizer.tokenize(source, jsx: false).last { token in
      token.kind == .identifier
        && makers.contains(String(decoding: source.bytes[token.range], as: UTF8.self))
    }
    return made.map { source.line(at: $0.offset) }
  }
}
