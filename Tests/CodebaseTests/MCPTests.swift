import ForgeBasics
import Foundation
import Testing

@testable import ForgeCodebase

@Suite struct MCPTests {
  private static let sdk = "fastapi==1\nuvicorn==1\nmcp==2.0.0\n"

  private func service(_ code: String, requirements: String = sdk) throws -> Service {
    try PythonProject.service(["requirements.txt": requirements, "main.py": code])
  }

  private static let secure = """
    from contextlib import asynccontextmanager
    from fastapi import FastAPI
    from mcp.server import MCPServer
    mcp = MCPServer("x")
    @asynccontextmanager
    async def lifespan(app):
        async with mcp.session_manager.run():
            yield
    app = FastAPI(lifespan=lifespan)
    app.mount("/tools", mcp.streamable_http_app(streamable_http_path="/", transport_security=security))
    """

  @Test func mountedAsItShouldBe() throws {
    let service = try service(Self.secure)
    #expect(service.findings == [])
    #expect(
      service.mcp == [
        MCPServer(
          transport: .streamableHTTP, mounted: true, path: "/tools", entrypoint: "main:mcp",
          source: "main.py:4")
      ])
  }

  @Test func withoutLifespanItNeverStarts() throws {
    let service = try service(
      Self.secure.replacing("FastAPI(lifespan=lifespan)", with: "FastAPI()"))
    #expect(service.has("FORGE-M001", .error))
    let other = try self.service(
      Self.secure.replacing("mcp.session_manager.run()", with: "database()"))
    #expect(other.has("FORGE-M001", .error))
  }

  @Test func withoutSecuritySettingsItAnswersLocalhostOnly() throws {
    let open = Self.secure.replacing(", transport_security=security", with: "")
    #expect(try service(open).has("FORGE-M002", .warning))
    // Before 1.23 there was no guard; and a host that is not loopback turns it off.
    let old = open.replacing(
      "from mcp.server import MCPServer",
      with: "from mcp.server.fastmcp import FastMCP as MCPServer")
    #expect(
      try !service(old, requirements: "fastapi==1\nuvicorn==1\nmcp==1.9.0\n").has("FORGE-M002"))
    #expect(try !service(open.replacing("\"x\"", with: "\"x\", host='0.0.0.0'")).has("FORGE-M002"))
  }

  @Test(arguments: [
    ("mcp\n", true), ("mcp>=1.9\n", true), ("mcp>=1.9,<2\n", false), ("mcp==1.20.0\n", false),
    ("mcp==2.0.0\n", true),
    ("mcp[cli]~=1.9\n", false),
  ])
  func versionOneImportsNeedVersionOne(_ line: String, _ fails: Bool) throws {
    let code = PythonProject.app + "from mcp.server.fastmcp import FastMCP\nserver = FastMCP('x')\n"
    #expect(
      try service(code, requirements: PythonProject.requirements + line).has("FORGE-M004", .error)
        == fails)
  }

  @Test func versionTwoImportsNeedVersionTwo() throws {
    #expect(
      try service(Self.secure, requirements: "fastapi==1\nuvicorn==1\nmcp<2\n").has(
        "FORGE-M004", .error))
  }

  @Test func fastmcpMountedWithItsLifespan() throws {
    let code = """
      from fastapi import FastAPI
      from fastmcp import FastMCP
      mcp = FastMCP("x")
      mcp_app = mcp.http_app(path="/mcp")
      app = FastAPI(lifespan=mcp_app.lifespan)
      app.mount("/", mcp_app)
      """
    let service = try service(code, requirements: "fastapi==1\nuvicorn==1\nfastmcp==3\n")
    #expect(service.findings == [])
    #expect(service.mcp.map(\.path) == ["/mcp"])
    let without = try self.service(code.replacing("lifespan=mcp_app.lifespan", with: ""))
    #expect(without.has("FORGE-M001", .error))
    #expect(!without.has("FORGE-M002"))
  }

  @Test func twoServersOneSSEAndAMountInRoutes() throws {
    let service = try service(
      """
      from fastapi import FastAPI
      from starlette.routing import Mount
      from fastmcp import FastMCP
      one, two = 1, 2
      one = FastMCP("one")
      two = FastMCP.from_fastapi(other)
      app = FastAPI(routes=[Mount("/one", app=one.http_app(transport="sse"))], lifespan=x)
      app.mount("/two", two.http_app("/"))
      """, requirements: "fastapi==1\nuvicorn==1\nfastmcp==3\n")
    #expect(service.mcp.map(\.entrypoint) == ["main:one", "main:two"])
    #expect(service.mcp.map(\.transport) == [.sse, .streamableHTTP])
    #expect(service.mcp.map(\.path) == ["/one/sse", "/two"])
  }

  @Test func toolsOfTheRoutes() throws {
    let service = try service(
      PythonProject.app
        + "from fastapi_mcp import FastApiMCP\nmcp = FastApiMCP(app)\nmcp.mount_http()\n")
    #expect(service.mcp.map(\.path) == ["/mcp"])
    #expect(service.mcp.map(\.mounted) == [true])
  }

  @Test func besideTheApplication() throws {
    let service = try service(
      PythonProject.app + """
        from fastmcp import FastMCP
        tools = FastMCP("x")
        def main():
            tools.run(transport="http", port=9000)
        """, requirements: "fastapi==1\nuvicorn==1\nfastmcp==3\n")
    #expect(service.kind == .fastapi)
    #expect(service.mcp.map(\.transport) == [.streamableHTTP])
    #expect(service.mcp.map(\.mounted) == [false])
    #expect(service.mcp.map(\.port) == [9000])
    // The image serves it on all addresses, whatever its own run says.
    #expect(!service.has("FORGE-M003"))
  }

  /// The SDK's guard of host names, for servers of their own; the image's command makes their ASGI application.
  @Test(arguments: [
    (#"FastMCP("x")"#, #"mcp.run(transport="streamable-http")"#, "1.30.0", true),
    (#"FastMCP("x", host="0.0.0.0")"#, #"mcp.run(transport="streamable-http")"#, "1.30.0", false),
    // Version 1 has decided when the server was made.
    (
      #"FastMCP("x")"#, "mcp.settings.host = '0.0.0.0'; mcp.run(transport='sse')", "1.27.0", true
    ),
    (#"FastMCP("x")"#, #"mcp.run(transport="sse")"#, "1.22.0", false),
    (#"FastMCP("x", transport_security=s)"#, #"mcp.run(transport="sse")"#, "1.30.0", false),
    (#"FastMCP("x")"#, "mcp.run()", "1.30.0", false),
  ])
  func ownServersAnswerLocalhostOnly(
    _ maker: String, _ run: String, _ version: String, _ isTold: Bool
  ) throws {
    let code =
      "from mcp.server.fastmcp import FastMCP\nmcp = \(maker)\n"
      + "if __name__ == '__main__':\n    \(run)\n"
    let service = try service(code, requirements: "mcp==\(version)\n")
    #expect(service.kind == .mcp)
    #expect(service.has("FORGE-M002", .warning) == isTold)
    #expect(!service.has("FORGE-M003"))
  }

  /// Version 2 decides when it runs.
  @Test func versionTwoIsToldItsHostByItsRun() throws {
    let code = """
      from mcp.server import MCPServer
      mcp = MCPServer("x")
      if __name__ == "__main__":
          mcp.run(transport="streamable-http", host="0.0.0.0", port=int(os.getenv("P", "9100")))
      """
    let open = try service(code, requirements: "mcp==2.3.0\n")
    #expect(!open.has("FORGE-M002"))
    #expect(open.mcp.map(\.host) == ["0.0.0.0"])
    #expect(open.port == 9100)
    let closed = try service(
      code.replacing("host=\"0.0.0.0\", ", with: ""), requirements: "mcp==2.3.0\n")
    #expect(closed.has("FORGE-M002"))
  }

  @Test func whatNoModuleHoldsStartsItself() throws {
    let code = """
      from mcp.server.fastmcp import FastMCP
      def create():
          return FastMCP("x", port=9200)
      if __name__ == "__main__":
          create().run(transport="streamable-http")
      """
    let service = try service(code, requirements: "mcp==1.20.0\n")
    #expect(service.mcp.map(\.startsItself) == [true])
    #expect(service.mcp.map(\.port) == [9200])
    #expect(service.has("FORGE-M003", .warning))
  }

  @Test func anApplicationThatAModuleHoldsIsServed() throws {
    let code = """
      import uvicorn
      from mcp.server import MCPServer
      mcp = MCPServer("x")
      app = mcp.streamable_http_app(transport_security=settings)
      if __name__ == "__main__":
          uvicorn.run(app, host="0.0.0.0", port=8001)
      """
    let service = try service(code, requirements: "mcp==2.3.0\n")
    #expect(service.mcp.map(\.application) == ["main:app"])
    #expect(!service.has("FORGE-M002"))
  }

  /// A module is imported from what the application puts on the path, packages or not.
  @Test func modulesOfNamespacePackages() throws {
    let files = [
      "requirements.txt": "fastapi==1\nuvicorn==1\nmcp==1.12.0\n",
      "src/tools_api/main.py":
        "from tools_api.clock import mcp\n" + PythonProject.app
        + "app.mount('/clock', mcp.streamable_http_app())\n",
      "src/tools_api/clock.py":
        "from mcp.server.fastmcp import FastMCP\nmcp = FastMCP('x')\n"
        + "if __name__ == '__main__':\n    mcp.run(transport='streamable-http')\n",
    ]
    let service = try PythonProject.service(files)
    #expect(service.fastapi?.appDir == "src")
    #expect(Set(service.mcp.map(\.entrypoint)) == ["tools_api.clock:mcp"])
  }

  @Test func procfileLinesAreCountedWhole() throws {
    let service = try PythonProject.service([
      "requirements.txt": "fastmcp==3\n",
      "server.py": "from fastmcp import FastMCP\nmcp = FastMCP('x')\n",
      "Procfile": "\n\nweb: fastmcp run server.py --transport http --port ${PORT:-9300}\n",
    ])
    #expect(service.port == 9300)
    #expect(service.conclusions.first { $0.key == "port" }?.evidence == ["Procfile:3"])
  }

  /// Named by nothing but the command of a Dockerfile, a compose file or a Procfile.
  @Test(arguments: [
    [
      "Dockerfile":
        "FROM python\nCMD [\"uvicorn\", \"server:app\", \"--host\", \"0.0.0.0\", \"--port\", \"9000\"]\n"
    ],
    [
      "compose.yaml":
        "services:\n  mcp:\n    build: .\n    command: uvicorn server:app --host 0.0.0.0 --port 9000\n"
    ],
    ["Procfile": "web: uvicorn server:app --host 0.0.0.0 --port 9000\n"],
  ])
  func applicationThatOnlyACommandServes(_ files: [String: String]) throws {
    let code = "from fastmcp import FastMCP\nmcp = FastMCP('x')\napp = mcp.http_app()\n"
    let all = ["requirements.txt": "fastmcp==3.0.0\nuvicorn==0.38.0\n", "server.py": code]
    let service = try PythonProject.service(all.merging(files) { $1 })
    #expect(
      service.mcp.map(\.transport) == [.streamableHTTP] && service.mcp.map(\.path) == ["/mcp"])
    #expect(service.port == 9000 && !service.has("FORGE-M005"))
    // Nothing serves it: said, and not guessed.
    #expect(try PythonProject.service(all).has("FORGE-M005"))
  }

  /// The low-level server is given streams by what the code makes of the SDK.
  @Test(arguments: [
    (
      "from mcp.server.streamable_http_manager import StreamableHTTPSessionManager\nmanager = StreamableHTTPSessionManager(app=server, stateless=True)",
      MCPServer.Transport.streamableHTTP, "/mcp"
    ),
    (
      """
      from mcp.server.sse import SseServerTransport
      sse = SseServerTransport('/messages/')
      async def handle(request):
          async with sse.connect_sse(request.scope, request.receive, request._send) as (reader, writer):
              await server.run(reader, writer, server.create_initialization_options())
      """, .sse, "/sse"
    ),
    (
      """
      from mcp.server.stdio import stdio_server
      async def main():
          async with stdio_server() as (reader, writer):
              await server.run(reader, writer, server.create_initialization_options())
      """, .stdio, ""
    ),
  ])
  func lowLevelServers(_ code: String, _ transport: MCPServer.Transport, _ path: String) throws {
    let service = try PythonProject.service([
      "requirements.txt": "mcp==1.23.0\nuvicorn==0.38.0\nstarlette==0.50.0\n",
      "server.py": "from mcp.server.lowlevel import Server\nserver = Server('x')\n\(code)\n",
    ])
    #expect(service.kind == .mcp && service.mcp.map(\.entrypoint) == ["server:server"])
    #expect(
      service.mcp.map(\.transport) == [transport] && service.mcp.map { $0.path ?? "" } == [path])
  }

  @Test func serverOnly() throws {
    let service = try PythonProject.service([
      "requirements.txt": "mcp==2.0.0\n",
      "server.py":
        "from mcp.server import MCPServer\nmcp = MCPServer('x')\nif __name__ == '__main__':\n    mcp.run()\n",
    ])
    #expect(service.kind == .mcp)
    #expect(service.fastapi == nil)
    #expect(
      service.framework == Framework(name: "mcp", version: "2.0.0", source: "requirements.txt:1"))
    #expect(
      service.mcp == [
        MCPServer(
          transport: .stdio, mounted: false, path: nil, entrypoint: "server:mcp",
          source: "server.py:2")
      ])
  }
}
