import ForgeBasics
import ForgeCodebase

/// The Dockerfile of a FastAPI application.
struct FastAPIRecipe {
  let checks: ServiceChecks
  let bases: BaseTable
  private var service: Service { checks.service }

  /// What `recipes/fastapi/Dockerfile.mustache` uses.
  private struct Values {
    let name: String
    let framework: String
    let manager: String
    let buildImage: String
    let finalImage: String
    let buildPackages: String?
    let runtimePackages: String?
    /// Settings of the package manager: `NAME=VALUE`.
    let environment: [String]
    let install: String
    let importPath: String
    let gracefulShutdown: Bool
    let user = ImageUser.user
    let migration: String?
    let port: Int
    let healthCheck: String
    let command: String
  }

  func dockerfile() throws(RecipeError) -> String {
    guard let fastapi = service.fastapi else {
      throw .unsupported(
        service: service.name, what: "the analysis found no FastAPI application object",
        instead: "Name it in pyproject.toml: [tool.fastapi] entrypoint = \"package.module:app\"")
    }
    guard let images = bases.python.images(for: service.runtime.version) else {
      throw .unsupported(
        service: service.name, what: "Python \(service.runtime.version) has no base image",
        instead: "Ask for one of \(bases.python.versions.joined(separator: ", ")) in .python-version")
    }
    let installer = try Installer.python(checks, bases: bases)
    let appDir = try checks.path(fastapi.appDir, "application folder")
    let port = try checks.port()
    let command = try serverCommand(fastapi, port: port)
    return try Template(file: "fastapi/Dockerfile.mustache").render(
      Values(
        name: try checks.name(),
        framework: checks.framework("FastAPI"),
        manager: service.packageManager.name.rawValue,
        buildImage: images.build, finalImage: images.final,
        buildPackages: try packages(service.systemPackages.build),
        runtimePackages: try packages(service.systemPackages.runtime),
        environment: installer.environment,
        install: try installer.text(checks),
        importPath: appDir == "." ? "/app" : "/app/\(appDir):/app",
        gracefulShutdown: command.first == "uvicorn",
        migration: try migration(),
        port: port,
        healthCheck: try healthCheck(port: port),
        command: DockerText.execForm(command)))
  }

  private func packages(_ names: [String]) throws(RecipeError) -> String? {
    names.isEmpty ? nil : try checks.packages(names).joined(separator: " ")
  }

  /// The server's words; the application's name is checked, so none can hold anything but itself.
  private func serverCommand(_ fastapi: FastAPIFacts, port: Int) throws(RecipeError) -> [String] {
    let entrypoint = try checks.require(
      fastapi.entrypoint, "entry point", DockerText.isEntrypoint, expected: "package.module:name")
    let factory = fastapi.factory ? ["--factory"] : []
    let called = fastapi.factory ? "\(entrypoint)()" : entrypoint
    switch fastapi.server {
    // FastAPI's own command only finds the application and starts uvicorn; the first is done.
    case "uvicorn", "fastapi":
      return ["uvicorn", entrypoint] + factory + ["--host", "0.0.0.0", "--port", "\(port)"]
    case "gunicorn":
      return [
        "gunicorn", called, "--worker-class", "uvicorn.workers.UvicornWorker", "--worker-tmp-dir", "/dev/shm",
        "--bind", "0.0.0.0:\(port)",
      ]
    case "hypercorn": return ["hypercorn", called, "--bind", "0.0.0.0:\(port)"]
    case "granian":
      return ["granian", entrypoint] + factory + ["--interface", "asgi", "--host", "0.0.0.0", "--port", "\(port)"]
    default:
      throw .unsupported(
        service: service.name, what: "\(fastapi.server) is no server that the recipe knows",
        instead: "Add uvicorn to the dependencies (or gunicorn, hypercorn, granian)")
    }
  }

  private func migration() throws(RecipeError) -> String? {
    guard let migrations = service.migrations else { return nil }
    guard let words = DockerText.words(migrations.command) else {
      throw .invalidValue(
        service: service.name, what: "migration command", value: migrations.command,
        expected: "a command of plain words, without quotes or operators of a shell")
    }
    return DockerText.execForm(words)
  }

  /// The standard library's client, so that the image needs no curl; unlike `urllib` it never asks a proxy. Without a
  /// health route an open port will do.
  private func healthCheck(port: Int) throws(RecipeError) -> String {
    let script: String
    if let path = service.healthPath {
      script =
        "import http.client; c = http.client.HTTPConnection('127.0.0.1', \(port), timeout=4); "
        + "c.request('GET', '\(try checks.urlPath(path, "health path"))'); "
        + "raise SystemExit(c.getresponse().status >= 400)"
    } else {
      script = "import socket; socket.create_connection(('127.0.0.1', \(port)), 4)"
    }
    return DockerText.execForm(["python", "-c", script])
  }
}
