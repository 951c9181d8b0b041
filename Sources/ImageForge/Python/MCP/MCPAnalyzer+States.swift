import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

extension MCPAnalyzer {
  /// A server that no code runs or mounts: another file may start it, or nothing does.
  mutating func addIdle(_ server: PythonPlace, _ launches: [MCPLaunch]) {
    if let launch = launches.first(where: { $0.file == server.scope.file.path }) {
      note(launch, of: server)
      servers.append(
        made(
          server, launch.transport, mounted: false, path: launch.path.map { DisplayText.escape($0) }
        ))
      return
    }
    servers.append(made(server, .stdio, mounted: false, path: nil, state: .unserved))
    findings.append(
      Finding(
        id: "FORGE-M005", severity: .info,
        message: "the MCP server is made, but nothing in the code serves it",
        at: server.location,
        fix:
          "mount its ASGI application in the FastAPI application, or call its `run` in a `__main__` block"
      ))
  }

  private static let spawns: Set<String> = [
    "mcp.StdioServerParameters", "mcp.client.stdio.StdioServerParameters",
    "mcp.client.stdio.stdio_client",
    "fastmcp.client.transports.StdioTransport", "fastmcp.client.transports.PythonStdioTransport",
    "fastmcp.client.transports.UvxStdioTransport", "fastmcp.client.transports.NpxStdioTransport",
  ]

  /// Servers that the application starts itself, over standard input and output.
  mutating func findChildren(application: Set<String>) {
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      var calls: [(PythonExpression, [PythonArgument])] = []
      PythonIndex.forEachScope(file) { _, statements in
        statements.flattened.forEachOwnExpression { expression in
          guard let (callee, arguments) = expression.call, calls.count < 50,
            case .external(let name)? = index.origin(of: callee, in: file),
            Self.spawns.contains(name)
          else { return }
          calls.append((expression, arguments))
        }
      }
      for (call, arguments) in calls { readChild(arguments, at: file.location(call.offset)) }
    }
  }

  private mutating func readChild(_ arguments: [PythonArgument], at location: Place) {
    guard let written = arguments.argument(0, "command") else { return }
    // `sys.executable` is the Python that runs the application.
    guard let command = written.string ?? (written.dotted?.last == "executable" ? "python" : nil)
    else { return }
    let words =
      (arguments["args"] ?? arguments.positional.dropFirst().first)?.elements?.compactMap(\.string)
      ?? []
    let script = words.first { $0.hasSuffix(".py") }
    let module = words.firstIndex(of: "-m").flatMap {
      words.indices.contains($0 + 1) ? words[$0 + 1] : nil
    }
    for position in servers.indices where servers[position].transport == .stdio {
      let file = servers[position].place.sourceFile ?? ""
      let isScript = script.map { file == $0 || file.hasSuffix("/\(ProjectTree.name($0))") }
      let isModule = module.map { servers[position].entrypoint.hasPrefix("\($0):") }
      if isScript == true || isModule == true { servers[position].state = .child }
    }
    // What the code starts must be in the image.
    guard ["npx", "uvx", "node", "docker", "deno", "bunx"].contains(command) else { return }
    findings.append(
      Finding(
        id: "FORGE-M006", severity: .warning,
        message:
          "the application starts an MCP server with \(command), which a Python image does not have",
        at: location,
        fix:
          "install that server as a dependency and start it with `sys.executable`, or run it as a service of its own "
          + "and connect over HTTP"))
  }

  /// Classes that call themselves MCP, in code that uses no MCP library.
  mutating func findNames() {
    guard servers.isEmpty else { return }
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      let usesLibrary = file.imports.values.contains { imported in
        let module =
          switch imported {
          case .module(let name): name
          case .member(let level, let module, _): level == 0 ? module : ""
          }
        return ["mcp", "fastmcp", "fastapi_mcp"].contains(module.split(separator: ".").first ?? "")
      }
      guard !usesLibrary else { return }
      let named = file.classes.values.filter { $0.name.contains("MCP") }.map(\.name).sorted().first
      guard let named else { continue }
      findings.append(
        Finding(
          id: "FORGE-M007", severity: .info,
          message:
            "\(DisplayText.escape(named)) calls itself MCP, but uses no MCP library: it is taken for ordinary code",
          at: .source(file: path, line: 1),
          fix: "serve it with the package `mcp` or `fastmcp`, if clients shall speak MCP with it"
        ))
      return
    }
  }

  /// Sessions live in one process: with several, a client's next request meets one that does not know it.
  func findings(workers: Int?, at location: Place?) -> [Finding] {
    guard let workers, workers > 1,
      servers.contains(where: { $0.state == .mounted && $0.transport == .streamableHTTP }),
      !isStateless
    else { return [] }
    return [
      Finding(
        id: "FORGE-M008", severity: .warning,
        message:
          "\(workers) processes serve an MCP endpoint whose sessions live in one of them: requests get lost",
        at: location,
        fix:
          "run one process a container, and pass `stateless_http=True` so that several replicas can serve"
      )
    ]
  }

  private var isStateless: Bool {
    var found = false
    for file in index.files.values {
      file.module.statements.forEachExpression { expression in
        if expression.call?.arguments["stateless_http"]?.bool == true { found = true }
        if expression.dotted?.last == "stateless_http" { found = true }
      }
    }
    return found
  }
}
