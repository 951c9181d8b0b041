import ForgeBasics
import ForgeCodebase

/// What the image of a Python service runs: a FastAPI application, or an MCP server on its own.
struct PythonWorkload {
  let service: Service

  /// Below the 30 s that Kubernetes gives a stopping pod.
  private static let gracefulShutdown = 25

  func server() throws(WorkloadError) -> WorkloadProcess {
    if let fastapi = service.fastapi { return try application(fastapi) }
    guard service.kind == .mcp, let mcp = service.mcp.first(where: { !$0.mounted }) else {
      throw service.unsupported(
        "the analysis found no FastAPI application object",
        instead: "Name it in pyproject.toml: [tool.fastapi] entrypoint = \"package.module:app\"")
    }
    return try mcpServer(mcp, .server)
  }

  // MARK: Folders

  /// The home of the image's user, where the code keeps something in it.
  static let home = "/home/app"

  // MARK: The application

  private func application(_ fastapi: FastAPIFacts) throws(WorkloadError) -> WorkloadProcess {
    let port = try service.checkedPort()
    var server = WorkloadProcess(
      kind: .server, name: "server", tool: fastapi.server, source: fastapi.source,
      command: try command(fastapi, port: port))
    server.port = port
    server.probe = HealthProbe(try question())
    server.importFolder = try service.checkedPath(fastapi.appDir, as: "application folder")
    server.workingFolder = try workingFolder()
    if server.command.first == "uvicorn" { server.gracefulShutdown = Self.gracefulShutdown }
    return server
  }

  private func workingFolder() throws(WorkloadError) -> String {
    try service.checkedPath(service.fastapi?.workingFolder ?? ".", as: "working folder")
  }

  private func question() throws(WorkloadError) -> HealthProbe.Question {
    guard let path = service.healthPath else { return .port }
    return .route(try service.checkedURLPath(path, as: "health path"))
  }

  /// The server's words; the application's name is checked, so none can hold anything but itself.
  private func command(_ fastapi: FastAPIFacts, port: Int) throws(WorkloadError) -> [String] {
    let entrypoint = try checkedEntrypoint(fastapi.entrypoint, as: "entry point")
    var factory: [String] = []
    var called = entrypoint
    if fastapi.factory {
      factory = ["--factory"]
      called += "()"
    }
    switch fastapi.server {
    // FastAPI's own command only finds the application and starts uvicorn; the first is done.
    case "uvicorn", "fastapi":
      return ["uvicorn", entrypoint] + factory + ["--host", "0.0.0.0", "--port", "\(port)"]
    case "gunicorn":
      return [
        "gunicorn", called, "--worker-class", "uvicorn.workers.UvicornWorker",
        "--worker-tmp-dir", "/dev/shm", "--bind", "0.0.0.0:\(port)",
      ]
    case "hypercorn": return ["hypercorn", called, "--bind", "0.0.0.0:\(port)"]
    case "granian":
      return ["granian", entrypoint] + factory + [
        "--interface", "asgi", "--host", "0.0.0.0", "--port", "\(port)",
      ]
    default:
      throw service.unsupported(
        "\(fastapi.server) is no server that the recipe knows",
        instead: "Add uvicorn to the dependencies (or gunicorn, hypercorn, granian)")
    }
  }

  private func checkedEntrypoint(_ text: String, as what: String) throws(WorkloadError) -> String {
    try service.checked(
      text, as: what, by: PlainText.isEntrypoint, expected: "package.module:name")
  }

  // MARK: MCP

  /// An MCP server that runs on its own: over HTTP on all addresses, whatever the code's own call says, or over
  /// standard input and output.
  private func mcpServer(
    _ mcp: MCPServer, _ kind: WorkloadProcess.Kind
  ) throws(WorkloadError) -> WorkloadProcess {
    let entrypoint = try checkedEntrypoint(mcp.entrypoint, as: "MCP server")
    let parts = entrypoint.split(separator: ":").map(String.init)
    let (module, object) = (parts[0], parts[1])
    var process = WorkloadProcess(
      kind: kind, name: kind.rawValue, tool: "mcp", source: mcp.source,
      command: ["python", "-m", module])
    process.importFolder = try service.checkedPath(
      importFolder(of: mcp, module: module), as: "folder of the MCP server")
    guard mcp.transport != .stdio else {
      process.usesStandardInput = true
      return process
    }
    // The service's own port is the application's, where there is one.
    var port = try service.checkedPort()
    if kind == .mcp, let own = mcp.port { port = own }
    process.port = port
    process.probe = HealthProbe(.port)
    // What no module holds, its own module starts.
    if mcp.startsItself { return process }
    if let application = mcp.application {
      process.command = [
        "uvicorn", try checkedEntrypoint(application, as: "application of the MCP server"),
        "--host", "0.0.0.0", "--port", "\(port)",
      ]
      return process
    }
    let script =
      "import uvicorn; from \(module) import \(object) as s; "
      + "uvicorn.run(\(Self.application(of: mcp)), host='0.0.0.0', port=\(port))"
    process.command = ["python", "-c", script]
    return process
  }

  /// Python's expression for the ASGI application of the server `s`, by either SDK. Version 2 of the SDK is told when it
  /// makes the application that it is to be reached under other names than localhost.
  private static func application(of mcp: MCPServer) -> String {
    guard let host = mcp.host, !["127.0.0.1", "localhost", "::1"].contains(host) else {
      return "(\(maker(mcp.transport)))()"
    }
    switch mcp.transport {
    case .sse: return "s.sse_app(host='0.0.0.0')"
    case .streamableHTTP, .stdio: return "s.streamable_http_app(host='0.0.0.0')"
    }
  }

  /// Python's expression for what makes the ASGI application of the server `s`, by either SDK.
  private static func maker(_ transport: MCPServer.Transport) -> String {
    switch transport {
    case .sse: "getattr(s, 'sse_app', None) or (lambda: s.http_app(transport='sse'))"
    case .streamableHTTP, .stdio: "getattr(s, 'streamable_http_app', None) or s.http_app"
    }
  }

  /// Where a module's import begins, relative to the service: the path of its file without the module's own.
  private func importFolder(of mcp: MCPServer, module: String) -> String {
    var path = String(mcp.source.prefix { $0 != ":" })
    if service.path != ".", path.hasPrefix(service.path + "/") {
      path.removeFirst(service.path.count + 1)
    }
    let file = module.replacing(".", with: "/")
    for ending in ["\(file).py", "\(file)/__init__.py"] {
      if path == ending { return "." }
      if path.hasSuffix("/" + ending) { return String(path.dropLast(ending.count + 1)) }
    }
    return "."
  }

  // MARK: Jobs

  func jobs() throws(WorkloadError) -> [WorkloadProcess] {
    var jobs: [WorkloadProcess] = []
    if let migrations = service.migrations { jobs.append(try migration(migrations)) }
    // Beside the application: over standard input and output it is a child of its client, not a container.
    if service.fastapi != nil,
      let mcp = service.mcp.first(where: { !$0.mounted && $0.transport != .stdio })
    {
      var server = try mcpServer(mcp, .mcp)
      server.workingFolder = try workingFolder()
      jobs.append(server)
    }
    return try jobs + workers()
  }

  private func migration(_ migrations: Migrations) throws(WorkloadError) -> WorkloadProcess {
    var process = WorkloadProcess(
      kind: .migrate, name: "migrate", tool: migrations.tool,
      command: try service.migrationWords(migrations))
    let folder = migrations.folder.flatMap { ProjectPath.relative($0, to: service.path) } ?? "."
    process.workingFolder = try service.checkedPath(folder, as: "folder of the migrations")
    if !migrations.extras.isEmpty || !migrations.groups.isEmpty {
      process.installation = DependencyNames(extras: migrations.extras, groups: migrations.groups)
    }
    return process
  }

  /// A process for each worker whose command needs no shell, and one for each scheduler.
  private func workers() throws(WorkloadError) -> [WorkloadProcess] {
    let folder = try workingFolder()
    var processes: [WorkloadProcess] = []
    for worker in service.workers {
      guard let words = PlainText.words(worker.command) else { continue }
      var kind = WorkloadProcess.Kind.worker
      if words.contains("beat") || words.contains("scheduler") { kind = .scheduler }
      var name = kind.rawValue
      let before = processes.count { $0.kind == kind }
      if before > 0 { name += "-\(before + 1)" }
      var process = WorkloadProcess(
        kind: kind, name: name, tool: worker.tool, source: worker.source, command: words)
      process.workingFolder = folder
      // celery's workers share what they know through temporary files, and its scheduler notes there what it did last:
      // the read-only image has no other place for them.
      if words.first == "celery" {
        process.writable = ["/tmp"]
        if kind == .scheduler { process.command += ["--schedule", "/tmp/celerybeat-schedule"] }
      }
      processes.append(process)
    }
    return processes
  }

  /// A line of a Procfile may need a shell, which no process gets.
  var leftOut: [String] {
    let workers = service.workers.filter {
      PlainText.words($0.command) == nil && PlainText.words($0.tool) != nil
    }
    return Set(workers.map(\.tool)).sorted()
  }
}
