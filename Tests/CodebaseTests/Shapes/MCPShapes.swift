extension Shape {
  private static func server(
    _ name: String, _ requirements: String, _ code: String, _ more: [String: String] = [:]
  )
    -> Shape
  {
    Shape(
      name: name, files: ["server.py": code, "requirements.txt": requirements].merging(more) { $1 })
  }

  static let mcpShapes: [Shape] = [
    server(
      "48-standard-input", "mcp==1.23.0\n",
      "from mcp.server.fastmcp import FastMCP\nmcp = FastMCP('x')\nif __name__ == '__main__':\n    mcp.run()\n"
    ),
    server(
      "49a-over-http-on-localhost", "fastmcp==3.0.0\n",
      "from fastmcp import FastMCP\nmcp = FastMCP('x')\nif __name__ == '__main__':\n    mcp.run(transport='http')\n"
    ),
    server(
      "49b-over-http-for-all", "mcp==1.23.0\n",
      "from mcp.server.fastmcp import FastMCP\nmcp = FastMCP('x', host='0.0.0.0', stateless_http=True)\nif __name__ == '__main__':\n    mcp.run(transport='streamable-http')\n"
    ),
    server(
      "49c-chosen-at-run-time", "fastmcp==3.0.0\n",
      """
      import os
      from fastmcp import FastMCP
      mcp = FastMCP('x')
      if __name__ == '__main__':
          mcp.run(transport=os.environ.get('TRANSPORT', 'stdio'))

      """),
    server(
      "49d-chosen-by-arguments", "mcp==1.23.0\n",
      """
      import argparse
      from mcp.server.fastmcp import FastMCP
      mcp = FastMCP('x')
      def main():
          parser = argparse.ArgumentParser()
          parser.add_argument('--transport', choices=['stdio', 'sse', 'streamable-http'], default='stdio')
          arguments = parser.parse_args()
          if arguments.transport == 'stdio':
              mcp.run()
          else:
              mcp.run(transport=arguments.transport)

      """),
    server(
      "49e-given-to-uvicorn", "mcp==1.23.0\nuvicorn==0.38.0\ntyper==0.20.0\n",
      """
      import typer
      import uvicorn
      from mcp.server.fastmcp import FastMCP
      mcp = FastMCP('x')
      def start(transport: str = 'stdio', port: int = 4040):
          if transport == 'stdio':
              mcp.run(transport='stdio')
          else:
              uvicorn.run(mcp.streamable_http_app, host='0.0.0.0', port=port, factory=True)
      if __name__ == '__main__':
          typer.run(start)

      """),
    server(
      "50a-mounted-with-lifespan", pins + "fastmcp==3.0.0\n",
      """
      from fastapi import FastAPI
      from fastmcp import FastMCP
      mcp = FastMCP('x')
      mcp_app = mcp.http_app(path='/')
      app = FastAPI(lifespan=mcp_app.lifespan)
      app.mount('/mcp', mcp_app)

      """),
    server(
      "50b-mounted-without-lifespan", pins + "mcp==1.23.0\n",
      """
      from fastapi import FastAPI
      from mcp.server.fastmcp import FastMCP
      mcp = FastMCP('x')
      app = FastAPI()
      app.mount('/tools', mcp.streamable_http_app())

      """),
    server(
      "50c-child-of-the-application", pins + "mcp==1.23.0\n",
      """
      import sys
      from fastapi import FastAPI
      from mcp import StdioServerParameters
      app = FastAPI()
      own = StdioServerParameters(command=sys.executable, args=['tools.py'])
      other = StdioServerParameters(command='npx', args=['-y', '@x/y'])

      """,
      [
        "tools.py":
          "from mcp.server.fastmcp import FastMCP\nmcp = FastMCP('x')\nif __name__ == '__main__':\n    mcp.run()\n"
      ]
    ),
    server(
      "50d-never-served", pins + "fastmcp==3.0.0\n",
      application + "from fastmcp import FastMCP\nmcp = FastMCP('x')\n"),
    server("50e-only-called-so", pins, application + "class MCPServer:\n    pass\n"),
    server(
      "51-settings-file", "fastmcp==3.0.0\n", "from fastmcp import FastMCP\nmcp = FastMCP('x')\n",
      [
        "fastmcp.json":
          #"{"source":{"path":"server.py","entrypoint":"mcp"},"deployment":{"transport":"http","host":"0.0.0.0","port":8080,"path":"/tools","env":{"API_KEY":"${API_KEY}"}}}"#
      ]),
    server(
      "52a-version-1-unpinned", "mcp\n",
      "from mcp.server.fastmcp import FastMCP\nmcp = FastMCP('x')\nif __name__ == '__main__':\n    mcp.run()\n"
    ),
    server(
      "52b-version-2", "mcp==2.0.0\n",
      "from mcp.server import MCPServer\nmcp = MCPServer('x')\nif __name__ == '__main__':\n    mcp.run('streamable-http', host='0.0.0.0', port=9000)\n"
    ),
    server(
      "52c-from-the-routes", pins + "fastmcp==3.0.0\n",
      application
        + "from fastmcp import FastMCP\nmcp = FastMCP.from_fastapi(app)\nif __name__ == '__main__':\n    mcp.run()\n"
    ),
    server(
      "52d-two-in-one", pins + "fastmcp==3.0.0\n",
      """
      from fastapi import FastAPI
      from fastmcp import FastMCP
      one = FastMCP('one')
      two = FastMCP('two')
      one_app = one.http_app(path='/')
      two_app = two.http_app(path='/')
      app = FastAPI(lifespan=combine_lifespans(one_app.lifespan, two_app.lifespan))
      app.mount('/one', one_app)
      app.mount('/two', two_app)

      """),
    server(
      "52e-low-level", "mcp==1.23.0\n",
      """
      import asyncio
      from mcp.server import Server
      from mcp.server.stdio import stdio_server
      server = Server('x')
      async def main():
          async with stdio_server() as (reader, writer):
              await server.run(reader, writer, server.create_initialization_options())
      if __name__ == '__main__':
          asyncio.run(main())

      """),
    server(
      "52f-tools-of-the-api", pins + "fastapi-mcp==0.4.0\n",
      application + "from fastapi_mcp import FastApiMCP\nmcp = FastApiMCP(app)\nmcp.mount_http()\n"),
  ]
}
