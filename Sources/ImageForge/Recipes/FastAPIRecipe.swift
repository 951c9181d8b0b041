import ForgeBasics
import ForgeCodebase
import ForgeTemplates
import ForgeWorkloads

/// The Dockerfile of a Python service: a FastAPI application, or an MCP server on its own.
struct FastAPIRecipe {
  let checks: ServiceChecks
  let bases: BaseTable
  private var service: Service { checks.service }

  /// What `recipes/fastapi/Dockerfile.mustache` uses.
  private struct Values {
    let name: String
    let framework: String
    let manager: String
    let link: String
    let buildImage: String
    let finalImage: String
    let isMoving: Bool
    let isUnprivileged: Bool
    let pythonVersion: String
    /// The final base has Python at another place, and no shell.
    let isBare: Bool
    let clearsEntrypoint: Bool
    let bytecode: Bool
    let buildPackages: String?
    let runtimePackages: String?
    /// Settings of the package manager: `NAME=VALUE`.
    let environment: [String]
    let mountsCaches: Bool
    let install: String
    let workspaceInstall: String?
    /// The service's folder in the build context.
    let context: String
    let importPath: String
    let gracefulShutdown: Bool
    let user = ImageUser.user
    /// Targets besides the server.
    let jobs: [Job]
    /// Tools whose workers have no target.
    let leftOut: [String]
    let serverReason: String
    let port: Int?
    let healthCheck: String?
    let command: String
  }

  /// A target that runs something else on the same layers.
  private struct Job {
    let target: String
    let reason: String
    /// A folder that it writes.
    var writable: String?
    // Names that the values around do not have: a template looks there for what is nil here.
    let ownPort: Int?
    let ownHealthCheck: String?
    let ownCommand: String
  }

  /// What the container runs.
  private struct Server {
    let reason: String
    let port: Int?
    let healthCheck: String?
    let words: [String]
    /// The folder on the import path.
    let appDir: String
  }

  func dockerfile() throws(RecipeError) -> String {
    let images = try checks.images(
      bases.python, checks.options.base, runtime: "Python", version: service.runtime.version,
      remedy: ".python-version")
    let isBare = images.kind == "distroless"
    try refuseWhatTheBaseCannot(images)
    let server = try server(images)
    let installer = try Installer.python(checks, bases: bases)
    let member = try checks.member()
    let command = program(server.words, images)
    return try checks.template("fastapi/Dockerfile.mustache").render(
      Values(
        name: try checks.name(),
        framework: checks.framework(Self.titles[service.framework.name] ?? "FastAPI"),
        manager: service.packageManager.name.rawValue, link: checks.link,
        buildImage: images.build, finalImage: images.final, isMoving: images.isMoving,
        isUnprivileged: images.isUnprivileged, pythonVersion: images.version, isBare: isBare,
        clearsEntrypoint: isBare || images.isUnprivileged || images.isNamed,
        bytecode: checks.options.bytecode,
        buildPackages: try checks.systemPackages(\.build),
        runtimePackages: try checks.systemPackages(\.runtime),
        // What no mount keeps is not worth writing.
        environment: (checks.mountsCaches ? [] : ["PIP_NO_CACHE_DIR=1"]) + installer.environment,
        mountsCaches: checks.mountsCaches,
        install: try installer.text(checks), workspaceInstall: installer.workspaceCommand,
        context: member.path,
        importPath: server.appDir == "." ? "/app" : "/app/\(server.appDir):/app",
        gracefulShutdown: server.words.first == "uvicorn",
        jobs: try jobs(images), leftOut: leftOut,
        serverReason: server.reason, port: server.port, healthCheck: server.healthCheck,
        command: DockerText.execForm(command)))
  }

  private static let titles = ["fastapi": "FastAPI", "mcp": "the MCP SDK", "fastmcp": "FastMCP"]

  private func refuseWhatTheBaseCannot(_ images: BaseImages) throws(RecipeError) {
    let system = service.systemPackages
    let packages = (system.build + system.runtime).joined(separator: ", ")
    if images.kind == "alpine",
      let native = service.nativePackages.first(where: { !$0.libc.contains(.musl) })
    {
      throw checks.unsupported(
        "\(native.name) is published for glibc alone (\(native.source))",
        instead: "Take --base slim")
    }
    guard !packages.isEmpty, images.kind != "slim", !images.isNamed else { return }
    if images.kind == "distroless", system.runtime.isEmpty { return }
    throw checks.unsupported(
      "its dependencies need Debian packages (\(packages)), which a base of the kind \(images.kind) cannot install",
      instead: "Take --base slim")
  }

  /// A command as the base can run it: without a virtual environment a module has no program of its own.
  private func program(_ words: [String], _ images: BaseImages) -> [String] {
    guard let python = images.program else { return words }
    return words.first == "python" ? [python] + words.dropFirst() : [python, "-m"] + words
  }

  // MARK: The server

  private func server(_ images: BaseImages) throws(RecipeError) -> Server {
    if let fastapi = service.fastapi {
      let port = try checks.port()
      return Server(
        reason: "The server", port: port, healthCheck: try healthCheck(port: port, images),
        words: try serverCommand(fastapi, port: port),
        appDir: try checks.path(fastapi.appDir, "application folder"))
    }
    guard service.kind == .mcp, let mcp = service.mcp.first(where: { !$0.mounted }) else {
      throw checks.unsupported(
        "the analysis found no FastAPI application object",
        instead: "Name it in pyproject.toml: [tool.fastapi] entrypoint = \"package.module:app\"")
    }
    return try mcpServer(mcp, images)
  }

  /// An MCP server that runs on its own: over HTTP on all addresses, whatever the code's own call says, or over
  /// standard input and output.
  private func mcpServer(_ mcp: MCPServer, _ images: BaseImages) throws(RecipeError) -> Server {
    let entrypoint = try checks.require(
      mcp.entrypoint, "MCP server", PlainText.isEntrypoint, expected: "package.module:name")
    let parts = entrypoint.split(separator: ":").map(String.init)
    let folder = try checks.path(
      importFolder(of: mcp, module: parts[0]), "folder of the MCP server")
    guard mcp.transport != .stdio else {
      return Server(
        reason: "The MCP server, which speaks over standard input and output: run it with -i",
        port: nil,
        healthCheck: nil, words: ["python", "-m", parts[0]], appDir: folder)
    }
    let port = try checks.port()
    let makers =
      mcp.transport == .sse
      ? "getattr(s, 'sse_app', None) or (lambda: s.http_app(transport='sse'))"
      : "getattr(s, 'streamable_http_app', None) or s.http_app"
    let script =
      "import uvicorn; from \(parts[0]) import \(parts[1]) as s; "
      + "uvicorn.run((\(makers))(), host='0.0.0.0', port=\(port))"
    return Server(
      reason: "The MCP server", port: port, healthCheck: socketCheck(port: port, images),
      words: ["python", "-c", script], appDir: folder)
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

  /// The server's words; the application's name is checked, so none can hold anything but itself.
  private func serverCommand(_ fastapi: FastAPIFacts, port: Int) throws(RecipeError) -> [String] {
    let entrypoint = try checks.require(
      fastapi.entrypoint, "entry point", PlainText.isEntrypoint, expected: "package.module:name")
    let factory = fastapi.factory ? ["--factory"] : []
    let called = fastapi.factory ? "\(entrypoint)()" : entrypoint
    switch fastapi.server {
    // FastAPI's own command only finds the application and starts uvicorn; the first is done.
    case "uvicorn", "fastapi":
      return ["uvicorn", entrypoint] + factory + ["--host", "0.0.0.0", "--port", "\(port)"]
    case "gunicorn":
      return [
        "gunicorn", called, "--worker-class", "uvicorn.workers.UvicornWorker", "--worker-tmp-dir",
        "/dev/shm",
        "--bind", "0.0.0.0:\(port)",
      ]
    case "hypercorn": return ["hypercorn", called, "--bind", "0.0.0.0:\(port)"]
    case "granian":
      return ["granian", entrypoint] + factory + [
        "--interface", "asgi", "--host", "0.0.0.0", "--port", "\(port)",
      ]
    default:
      throw checks.unsupported(
        "\(fastapi.server) is no server that the recipe knows",
        instead: "Add uvicorn to the dependencies (or gunicorn, hypercorn, granian)")
    }
  }

  // MARK: Jobs

  private func jobs(_ images: BaseImages) throws(RecipeError) -> [Job] {
    var jobs: [Job] = []
    if let migrations = service.migrations {
      guard let words = PlainText.words(migrations.command) else {
        throw .invalidValue(
          service: service.name, what: "migration command", value: migrations.command,
          expected: "a command of plain words, without quotes or operators of a shell")
      }
      jobs.append(
        Job(
          target: "migrate",
          reason: "The database's migrations, for a job that runs before the server", ownPort: nil,
          ownHealthCheck: nil, ownCommand: DockerText.execForm(program(words, images))))
    }
    // Beside the application: over standard input and output it is a child of its client, not a container.
    if service.fastapi != nil,
      let mcp = service.mcp.first(where: { !$0.mounted && $0.transport != .stdio })
    {
      let server = try mcpServer(mcp, images)
      jobs.append(
        Job(
          target: "mcp", reason: "The MCP server, which runs beside the application",
          ownPort: server.port,
          ownHealthCheck: server.healthCheck,
          ownCommand: DockerText.execForm(program(server.words, images))))
    }
    return jobs + workers(images)
  }

  /// A target for each process that runs beside the server: `worker`, `worker-2`, and `scheduler` for the one that
  /// only hands out what is due.
  private func workers(_ images: BaseImages) -> [Job] {
    var jobs: [Job] = []
    var counts: [String: Int] = [:]
    for worker in service.workers {
      guard let words = PlainText.words(worker.command) else { continue }
      let isScheduler = words.contains("beat") || words.contains("scheduler")
      let name = isScheduler ? "scheduler" : "worker"
      let count = counts[name, default: 0] + 1
      counts[name] = count
      let reason =
        isScheduler
        ? "The scheduler of \(worker.tool): one replica, or every job runs twice"
        : "A worker of \(worker.tool), which runs beside the server"
      // celery's workers share what they know through temporary files, and its scheduler notes there what it did last:
      // the read-only image has no other place for them.
      let isCelery = words.first == "celery"
      let notes = isCelery && isScheduler ? ["--schedule", "/tmp/celerybeat-schedule"] : []
      jobs.append(
        Job(
          target: count == 1 ? name : "\(name)-\(count)", reason: reason,
          writable: isCelery ? "/tmp" : nil,
          ownPort: nil, ownHealthCheck: nil,
          ownCommand: DockerText.execForm(program(words + notes, images))))
    }
    return jobs
  }

  /// A line of a Procfile may need a shell, which no target gives it.
  private var leftOut: [String] {
    let workers = service.workers.filter {
      PlainText.words($0.command) == nil && PlainText.words($0.tool) != nil
    }
    return Set(workers.map(\.tool)).sorted()
  }

  // MARK: Health

  /// The standard library's client, so that the image needs no curl; unlike `urllib` it never asks a proxy. Without a
  /// health route an open port will do.
  private func healthCheck(port: Int, _ images: BaseImages) throws(RecipeError) -> String {
    guard let path = service.healthPath else { return socketCheck(port: port, images) }
    let script =
      "import http.client; c = http.client.HTTPConnection('127.0.0.1', \(port), timeout=4); "
      + "c.request('GET', '\(try checks.urlPath(path, "health path"))'); "
      + "raise SystemExit(c.getresponse().status >= 400)"
    return DockerText.execForm([images.program ?? "python", "-c", script])
  }

  private func socketCheck(port: Int, _ images: BaseImages) -> String {
    let script = "import socket; socket.create_connection(('127.0.0.1', \(port)), 4)"
    return DockerText.execForm([images.program ?? "python", "-c", script])
  }
}
