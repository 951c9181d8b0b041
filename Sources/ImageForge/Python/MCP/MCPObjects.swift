import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// The classes of the MCP libraries, by the names under which they are imported.
enum MCPObjects {
  /// Version 1 of the SDK; version 2 has no such module.
  static let sdk1: Set<String> = [
    "mcp.server.fastmcp.FastMCP", "mcp.server.fastmcp.server.FastMCP", "mcp.server.FastMCP",
  ]
  static let sdk2: Set<String> = [
    "mcp.server.MCPServer", "mcp.server.mcpserver.MCPServer",
    "mcp.server.mcpserver.server.MCPServer", "mcp.MCPServer",
  ]
  static let fastmcp: Set<String> = [
    "fastmcp.FastMCP", "fastmcp.server.FastMCP", "fastmcp.server.server.FastMCP",
  ]
  static let lowLevel: Set<String> = [
    "mcp.server.Server", "mcp.server.lowlevel.Server", "mcp.server.lowlevel.server.Server",
  ]
  /// Makes tools of the routes of an application.
  static let fastapiMCP: Set<String> = ["fastapi_mcp.FastApiMCP", "fastapi_mcp.server.FastApiMCP"]
  static let servers = sdk1.union(sdk2).union(fastmcp).union(lowLevel)
}
