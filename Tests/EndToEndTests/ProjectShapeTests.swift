import Foundation
import TestSupport
import Testing

/// Projects of every shape that can be installed here, built and then started by `forge test`, as a cluster would.
@Suite(.serialized) struct ProjectShapeTests {
  /// Builds a folder, starts the image, and returns what was built. Image and folder go with the test.
  private func buildAndStart(
    _ folder: String, _ name: String, engine: String = "buildah", options: [String] = [],
    trial: [String] = []
  ) async throws -> BuildJSON.Service {
    let tag = "localhost/forge-test/\(name):shape"
    let built = try await Command.forge(
      ["build", folder, "--engine", engine, "--tag", tag, "--check-size", "--format", "json"]
        + options)
    try #require(built.status == 0, "\(built)")
    let report = try JSONDecoder().decode(BuildJSON.self, from: Data(built.output.utf8))
    let started = try await Command.forge(["test", "podman:" + tag] + trial)
    _ = try await Command.run("podman", ["rmi", tag])
    try #require(started.status == 0, "\(started)")
    return try #require(report.services.first)
  }

  // MARK: Python

  @Test(arguments: ["pip", "uv", "poetry", "pdm", "pipenv", "pylock"])
  func everyPythonManager(_ manager: String) async throws {
    let folder = try await PythonProject.locked(by: manager)
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
    let image = try await buildAndStart(folder.path, manager)
    #expect(
      image.sizes.stored < 130_000_000, "fastapi and uvicorn are some 8 MB on a base of 111 MB")
    try #expect(FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted() == before)
  }

  /// Without pip, shell or Debian's tools, and with another interpreter than the one that installed.
  @Test func theBackendOnDistroless() async throws {
    let image = try await buildAndStart(
      Repository.fixture("todo-backend"), "distroless", options: ["--base", "distroless"],
      trial: [
        "--env", "DATABASE_URL=postgresql://todo@127.0.0.1:1/todo", "--mcp", "/mcp", "--timeout",
        "90",
      ])
    #expect(image.sizes.stored < 120_000_000)
  }

  /// The targets beside the server are images of their own, on the same layers.
  @Test func theMigrationsAreATarget() async throws {
    let tag = "localhost/forge-test/migrate:shape"
    let built = try await Command.forge(
      [
        "build", Repository.fixture("todo-backend"), "--engine", "buildah", "--tag", tag,
        "--target", "migrate",
      ])
    try #require(built.status == 0, "\(built)")
    let command = try await Command.require(
      "podman", ["image", "inspect", "--format", "{{json .Config.Cmd}}", tag])
    #expect(command.trimmingCharacters(in: .newlines) == #"["alembic","upgrade","head"]"#)
    let run = try await Command.run(
      "podman",
      [
        "--runtime", "runc", "run", "--rm", "--pull", "never", "--network", "none", "--read-only",
        "--tmpfs", "/tmp",
        "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096", "--entrypoint", "alembic",
        "--env",
        "DATABASE_URL=postgresql://todo@127.0.0.1:1/todo", tag, "history",
      ])
    #expect(run.status == 0 && run.output.contains("0001"), "\(run)")
    _ = try await Command.run("podman", ["rmi", tag])
  }

  /// A queue's worker, its scheduler and an MCP server beside the application: each a target, on one installation. The
  /// queue is in memory, so that the worker has one to listen to.
  @Test func workersAndAnMCPServerAreTargets() async throws {
    let folder = try TemporaryFolder()
    try folder.write("3.13\n", to: ".python-version")
    try folder.write("fastapi\nuvicorn\ncelery\nmcp>=1.23,<2\n", to: "requirements.txt")
    try folder.write("", to: "app/__init__.py")
    try folder.write("from fastapi import FastAPI\n\napp = FastAPI()\n", to: "app/main.py")
    try folder.write(
      """
      from celery import Celery

      queue = Celery("shop", broker="memory://")
      queue.conf.beat_schedule = {"tick": {"task": "app.tasks.tick", "schedule": 60.0}}


      @queue.task
      def tick() -> None:
          print("tick")

      """, to: "app/tasks.py")
    try folder.write(Self.mcpServer, to: "app/tools.py")
    for target in ["worker", "scheduler", "mcp"] {
      _ = try await buildAndStart(
        folder.path, "jobs-" + target, options: ["--target", target],
        trial: ["--timeout", "90"] + (target == "mcp" ? ["--mcp", "/mcp"] : []))
    }
  }

  private static let mcpServer = """
    from mcp.server.fastmcp import FastMCP

    tools = FastMCP("shop", host="0.0.0.0")


    @tools.tool()
    def add(a: int, b: int) -> int:
        return a + b


    if __name__ == "__main__":
        tools.run(transport="streamable-http")

    """

  /// Without an application: the image answers MCP's `initialize`. What is installed is in the cache of the one above.
  @Test func anMCPServerOnItsOwn() async throws {
    let folder = try TemporaryFolder()
    try folder.write("3.13\n", to: ".python-version")
    try folder.write("fastapi\nuvicorn\ncelery\nmcp>=1.23,<2\n", to: "requirements.txt")
    try folder.write(Self.mcpServer, to: "server.py")
    _ = try await buildAndStart(
      folder.path, "mcp-alone", trial: ["--timeout", "90", "--mcp", "/mcp"])
  }

  /// PORT and HOSTNAME are the platform's: whatever it puts there, the service is where the image says.
  @Test func theBackendIsNotHijacked() async throws {
    let tag = try await BuiltImage.backend.image.tag
    let result = try await Command.forge([
      "test", "podman:" + tag, "--env", "PORT=tcp://10.0.0.1:80", "--env", "HOSTNAME=elsewhere",
      "--env",
      "UVICORN_PORT=9", "--env", "UVICORN_HOST=10.9.9.9", "--env",
      "DATABASE_URL=postgresql://todo@127.0.0.1:1/todo", "--timeout", "90",
    ])
    #expect(result.status == 0, "\(result)")
  }

  @Test func theFrontendIsNotHijacked() async throws {
    let tag = try await BuiltImage.frontend.image.tag
    let result = try await Command.forge([
      "test", "podman:" + tag, "--env", "PORT=tcp://10.0.0.1:80", "--env", "HOSTNAME=elsewhere",
      "--env", "API_KEY=x",
      "--timeout", "90",
    ])
    #expect(result.status == 0, "\(result)")
  }

  // MARK: Next.js

  private func frontend() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("app"))
    return folder
  }

  @Test func anExportIsServedByNginx() async throws {
    let folder = try frontend()
    try folder.write("export default { output: \"export\" };\n", to: "app/next.config.mjs")
    try FileManager.default.removeItem(atPath: folder.file("app/app/api"))
    let image = try await buildAndStart(folder.file("app"), "export")
    #expect(image.sizes.stored < 40_000_000, "nginx and the files; no Node.js")
  }

  @Test func aCustomServerRuns() async throws {
    let folder = try frontend()
    let manifest = try String(contentsOfFile: folder.file("app/package.json"), encoding: .utf8)
    try folder.write(
      manifest.replacingOccurrences(of: "\"next start\"", with: "\"node server.js\""),
      to: "app/package.json")
    try folder.write(
      """
      const { startServer } = require("next");
      startServer({
        dir: __dirname,
        config: { distDir: ".next", basePath: "" },
        hostname: process.env.HOSTNAME,
        port: Number(process.env.PORT),
      });

      """, to: "app/server.js")
    _ = try await buildAndStart(folder.file("app"), "custom")
  }

  /// A member is built from the workspace's root, with the lockfile there.
  @Test func aMemberOfAWorkspaceRuns() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("apps"), withIntermediateDirectories: true)
    let member = folder.file("apps/web")
    try FileManager.default.copyItem(atPath: Repository.fixture("offline-frontend"), toPath: member)
    try FileManager.default.removeItem(atPath: member + "/package-lock.json")
    try folder.write(
      #"{"name": "shop", "version": "1.0.0", "private": true, "workspaces": ["apps/*"]}"#,
      to: "package.json")
    try folder.write(try Self.workspaceLock(), to: "package-lock.json")
    let image = try await buildAndStart(folder.path, "member")
    #expect(image.sizes.stored < 165_000_000)
  }

  /// The fixture's lockfile as npm writes it for a workspace that holds the fixture in `apps/web`.
  private static func workspaceLock() throws -> String {
    let text = try String(
      contentsOfFile: Repository.fixture("offline-frontend/package-lock.json"), encoding: .utf8)
    let lock = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let packages = try #require(lock["packages"] as? [String: [String: Any]])
    var moved: [String: [String: Any]] = [
      "": ["name": "shop", "version": "1.0.0", "workspaces": ["apps/*"]],
      "node_modules/offline-frontend": ["resolved": "apps/web", "link": true],
    ]
    for (path, package) in packages {
      var package = package
      if let target = package["resolved"] as? String { package["resolved"] = "apps/web/" + target }
      moved[path.isEmpty ? "apps/web" : path.hasPrefix("vendor/") ? "apps/web/" + path : path] =
        package
    }
    let whole: [String: Any] = [
      "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": moved,
    ]
    return String(
      decoding: try JSONSerialization.data(withJSONObject: whole, options: [.sortedKeys]),
      as: UTF8.self)
  }
}
