import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// How files that are no code start an MCP server: `fastmcp.json`, and `fastmcp run` or `mcp run` in a Procfile, a
/// compose file, a Dockerfile or a script.
struct MCPLaunch {
  /// Relative to the root.
  let file: String
  let transport: MCPServer.Transport
  let path: String?
  let location: Place
  var port: Int?

  static func all(_ folder: String, in tree: ProjectTree) -> [MCPLaunch] {
    (settings(folder, in: tree).map { [$0] } ?? []) + commands(folder, in: tree)
  }

  /// `fastmcp.json`: `source.path`, `deployment.transport`, `deployment.path`.
  private static func settings(_ folder: String, in tree: ProjectTree) -> MCPLaunch? {
    guard let source = tree.source(ProjectTree.join(folder, "fastmcp.json")),
      let json = try? JSON.parse(source, .projectWithComments),
      let written = json["source"]?["path"]?.string,
      let file = ProjectPath.resolve(written, from: folder)
    else { return nil }
    let deployment = json["deployment"]
    let transport =
      deployment?["transport"]?.string.flatMap { MCPAnalyzer.transports[$0] } ?? .stdio
    return MCPLaunch(
      file: file, transport: transport,
      path: transport == .stdio
        ? nil : deployment?["path"]?.string ?? (transport == .sse ? "/sse" : "/mcp"),
      location: source.place(at: json["source"]?.offset ?? 0),
      port: deployment?["port"]?.integer.map { Int(clamping: $0) })
  }

  private static func commands(_ folder: String, in tree: ProjectTree) -> [MCPLaunch] {
    let lines =
      PythonStartFiles.lines(folder, in: tree) + PythonStartFiles.procfile(folder, in: tree)
    return lines.compactMap { line in
      let words = line.text.split(separator: " ").map { $0.filter { !"\"',[]".contains($0) } }
      guard
        let start = words.indices.first(where: { index in
          (words[index] == "fastmcp" || words[index] == "mcp") && index + 2 < words.count
            && words[index + 1] == "run"
        })
      else { return nil }
      let rest = words[(start + 2)...]
      guard let target = rest.first(where: { $0.contains(".py") }),
        let file = ProjectPath.resolve(String(target.prefix { $0 != ":" }), from: folder)
      else { return nil }
      var transport = MCPServer.Transport.stdio
      for (option, value) in zip(rest, rest.dropFirst())
      where option == "--transport" || option == "-t" {
        transport = MCPAnalyzer.transports[value] ?? .stdio
      }
      let port = zip(rest, rest.dropFirst()).first { $0.0 == "--port" || $0.0 == "-p" }.flatMap {
        PythonStartCommand.number($0.1, line.variables)
      }
      let path = transport == .stdio ? nil : transport == .sse ? "/sse" : "/mcp"
      return MCPLaunch(
        file: file, transport: transport, path: path, location: line.place, port: port)
    }
  }
}
