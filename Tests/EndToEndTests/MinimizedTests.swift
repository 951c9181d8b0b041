import Foundation
import TestSupport
import Testing

/// Minimized images answer all requests as the whole ones do.
@Suite(.serialized) struct MinimizedTests {
  /// Lets the service keep its todos in SQLite, whose driver knows no connect timeout.
  private static let patch = """
    import sqlite3
    connect = sqlite3.dbapi2.connect
    def patched(*arguments, connect_timeout=None, **options):
        return connect(*arguments, **options)
    sqlite3.connect = sqlite3.dbapi2.connect = patched
    """

  /// Asks everything that a Todo backend serves: a line for each request, status and body, without times.
  private static let requests = #"""
    import json, re, sys, urllib.error, urllib.request
    base = "http://127.0.0.1:8000"
    def ask(method, path, body=None, **headers):
        data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
        headers = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        request = urllib.request.Request(base + path, data, headers, method=method)
        try: reply = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error: reply = error
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+]00:00)?", "TIME", reply.read().decode())
        kept = {k.lower(): v for k, v in reply.headers.items() if k.lower() not in ("date", "content-length")}
        print(method, path, reply.status, json.dumps(kept, sort_keys=True), json.dumps(text))
    def call(method, params):
        ask("POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
            Accept="application/json, text/event-stream")
    for path in ["/health", "/health/ready", "/openapi.json", "/docs", "/redoc", "/api/todos", "/api/todos/7", "/nowhere"]:
        ask("GET", path)
    ask("POST", "/api/todos", {"title": "milk"})
    ask("POST", "/api/todos", {"title": ""})
    ask("POST", "/api/todos", b"{ not json")
    ask("POST", "/api/todos", "title=Milch".encode("utf-16"), Content_Type="application/x-www-form-urlencoded; charset=utf-16")
    ask("PATCH", "/api/todos/1", {"done": True, "notes": "ä€𝄞"})
    for path in ["/api/todos/1", "/api/todos?done=true", "/api/todos?limit=0", "/api/todos?done=perhaps"]: ask("GET", path)
    call("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}})
    call("tools/list", {})
    call("tools/call", {"name": "add_todo", "arguments": {"title": "bread", "notes": "rye"}})
    call("tools/call", {"name": "list_todos", "arguments": {"done": False}})
    call("tools/call", {"name": "complete_todo", "arguments": {"todo_id": 2}})
    call("tools/call", {"name": "complete_todo", "arguments": {"todo_id": 99}})
    call("tools/call", {"name": "delete_todo", "arguments": {"todo_id": 2}})
    call("tools/call", {"name": "no_such_tool", "arguments": {}})
    call("resources/list", {})
    call("prompts/list", {})
    ask("DELETE", "/api/todos/1")
    ask("GET", "/api/todos")
    ask("POST", "/api/chat", {"messages": [{"role": "user", "content": "hello"}]})
    ask("POST", "/api/chat", {"messages": []})
    ask("OPTIONS", "/api/todos", Origin="http://localhost:3000", Access_Control_Request_Method="POST")
    ask("GET", "/health", Host="evil.example.net")
    """#

  /// Starts the image with an empty database that `alembic` fills, and asks everything.
  private func answers(of image: String) async throws -> [String] {
    let folder = try TemporaryFolder()
    try folder.write(Self.patch, to: "sitecustomize.py")
    try FileManager.default.createDirectory(
      atPath: folder.file("data"), withIntermediateDirectories: true)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o777], ofItemAtPath: folder.file("data"))
    let container = try await Container.start(
      image,
      environment: [
        "DATABASE_URL": "sqlite:////data/todo.db", "PYTHONPATH": "/app:/patch",
        "LLM_API_KEY": "key",
        "LLM_BASE_URL": "https://127.0.0.1:1/v1",
      ],
      options: [
        "--volume", "\(folder.path):/patch:ro", "--volume", "\(folder.file("data")):/data",
      ])
    do {
      try await container.waitUntilReady("http://127.0.0.1:8000/health")
      let migrated = try await container.exec(["alembic", "upgrade", "head"])
      #expect(migrated.status == 0, "\(migrated)")
      let output = try await Command.require("python3", ["-c", Self.requests])
      await container.remove()
      return output.split(separator: "\n").map(String.init)
    } catch {
      let log = try await Command.run("podman", ["logs", "--tail", "30", container.name])
      await container.remove()
      throw CommandFailure(description: "\(error)\n\(log)")
    }
  }

  /// Minimizes an image's archive, started as it goes, and loads both under names of their own.
  private func minimized(
    _ archive: String, _ name: String, _ arguments: [String],
    _ body: (String, String, Int64) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    let (old, new) = (
      "localhost/forge-test/whole-\(name):1", "localhost/forge-test/minimized-\(name):1"
    )
    try await Command.require(
      "skopeo",
      [
        "copy", "--quiet", "docker-archive:\(archive)",
        "docker-archive:\(folder.file("old.tar")):\(old)",
      ])
    try await Command.require("podman", ["load", "--quiet", "--input", folder.file("old.tar")])
    let id = try await Command.require("podman", ["inspect", "--format", "{{.Id}}", old])
    let result = try await Command.forge(
      [
        "optimize", folder.file("old.tar"), "--minimize", "--squash", "--output",
        folder.file("new.tar"), "--proof",
        folder.file("proof.json"), "--format", "json", "--engine", "podman",
      ] + arguments)
    #expect(result.status == 0, "\(result)")
    // The start took nothing from the store, and left nothing in it.
    #expect(try await Command.require("podman", ["inspect", "--format", "{{.Id}}", old]) == id)
    let verified = try await Command.forge([
      "verify", folder.file("old.tar"), folder.file("new.tar"), "--proof",
      folder.file("proof.json"),
    ])
    #expect(verified.status == 0, "\(verified)")
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    #expect(report.notices.contains { $0.hasPrefix("started with") }, "\(report.notices)")
    try await Command.require(
      "skopeo",
      [
        "copy", "--quiet", "docker-archive:\(folder.file("new.tar"))",
        "docker-archive:\(folder.file("n.tar")):\(new)",
      ])
    try await Command.require("podman", ["load", "--quiet", "--input", folder.file("n.tar")])
    do {
      try await body(old, new, report.after.stored)
    } catch {
      _ = try await Command.run("podman", ["rmi", "--force", new, old])
      throw error
    }
    _ = try await Command.run("podman", ["rmi", new, old])
  }

  private struct Report: Decodable {
    struct Sizes: Decodable { let stored: Int64 }
    let after: Sizes
    let notices: [String]
  }

  @Test func theBackendAnswersEveryRequest() async throws {
    let image = try await BuiltImage.backend.image
    let arguments = ["--env", "DATABASE_URL=postgresql://todo@127.0.0.1:1/todo", "--mcp", "/mcp"]
    try await minimized(image.archive, "backend", arguments) { old, new, size in
      #expect(size <= 75_000_000)
      let (before, after) = (try await answers(of: old), try await answers(of: new))
      #expect(before.count == 33 && after.count == 33)
      for (a, b) in zip(before, after) { #expect(a == b) }
      // The requests found what they were for.
      #expect(before.contains { $0.hasPrefix("POST /api/todos 201") && $0.contains("milk") })
      #expect(before.contains { $0.hasPrefix("POST /mcp 200") && $0.contains("bread") })
      #expect(before.contains { $0.hasPrefix("GET /health/ready 200") })
      #expect(before.contains { $0.hasPrefix("POST /api/chat 502") })
    }
  }

  @Test func theFrontendAnswersEveryRequest() async throws {
    let image = try await BuiltImage.frontend.image
    try await minimized(image.archive, "frontend", []) { old, new, size in
      #expect(size < 145_000_000)
      let (before, after) = (try await pages(of: old), try await pages(of: new))
      #expect(before == after)
    }
  }

  private func pages(of image: String) async throws -> [String] {
    let port = try freePort()
    let container = try await Container.start(
      image, environment: ["PORT": String(port), "API_URL": "http://127.0.0.1:1"])
    do {
      let base = "http://127.0.0.1:\(port)"
      try await container.waitUntilReady(base + "/api/health")
      var answers: [String] = []
      var paths = [
        "/", "/api/health", "/todo.svg", "/nowhere", "/_next/image?url=%2Ftodo.svg&w=64&q=75",
      ]
      let home = try await Command.require("curl", ["-fsS", base + "/"])
      paths += home.matches(of: /\/_next\/static\/[^"\\]+/).map { String($0.output) }
      for path in paths {
        let answer = try await Command.run(
          "curl", ["-sS", "-w", "%{http_code} %{content_type}", base + path])
        answers.append("\(path) \(answer.output)")
      }
      #expect(paths.count > 5)
      await container.remove()
      return answers
    } catch {
      await container.remove()
      throw error
    }
  }

  /// What does not start is not handed over; without an engine's word nothing is.
  @Test func whatFailsToStartIsThrownAway() async throws {
    let image = try await BuiltImage.backend.image
    let folder = try TemporaryFolder()
    // It starts only with a database's address: the input does not start either, so that nothing can be told.
    let unknown = try await Command.forge([
      "optimize", image.archive, "--minimize", "--output", folder.file("out.tar"), "--engine",
      "podman",
    ])
    #expect(unknown.status == 2, "\(unknown)")
    #expect(
      unknown.errors.contains("--env") && unknown.errors.contains("database_url"), "\(unknown)")
    let missing = try await Command.forge(
      [
        "optimize", image.archive, "--minimize", "--output", folder.file("out.tar"), "--engine",
        "podman",
      ],
      environment: ["PATH": "/nowhere"])
    #expect(missing.status == 4, "\(missing)")
    #expect(missing.errors.contains("--no-start"))
    #expect(try folder.names() == [])
    let forced = try await Command.forge([
      "optimize", image.archive, "--minimize", "--no-start", "--output", folder.file("out.tar"),
    ])
    #expect(forced.status == 0, "\(forced)")
    #expect(try folder.names() == ["out.tar"])
  }
}
