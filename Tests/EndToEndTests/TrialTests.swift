import Foundation
import TestSupport
import Testing

/// `forge test` on images that do what none should, each with the line of its Dockerfile.
@Suite(.serialized) struct TrialTests {
  struct Bad: Sendable, CustomStringConvertible {
    let check: String
    /// The lines below FROM.
    let lines: [String]
    /// The line of the Dockerfile that the check points at.
    let line: Int
    var options: [String] = []
    var description: String { check }
  }

  private static func python(_ script: String) -> String {
    let words = ["python3", "-c", script]
    let json = (try? JSONEncoder().encode(words)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    return "CMD " + json
  }

  /// Answers at port 8000, and ends on SIGTERM unless it is told not to.
  private static func server(_ more: String = "", host: String = "0.0.0.0", term: String = "sys.exit(0)") -> String {
    python(
      "import signal, sys, http.server as h; signal.signal(signal.SIGTERM, lambda *_: \(term)); \(more)\n"
        + "h.HTTPServer(('\(host)', 8000), h.SimpleHTTPRequestHandler).serve_forever()")
  }

  private static let good = ["WORKDIR /srv", "USER 10001:10001", "EXPOSE 8000", server()]

  private func image(_ lines: [String]) async throws -> (tag: String, dockerfile: String, folder: TemporaryFolder) {
    let folder = try TemporaryFolder()
    try folder.write((["FROM python:3.13-slim-trixie"] + lines).joined(separator: "\n") + "\n", to: "Dockerfile")
    let tag = "localhost/forge-test/trial-" + UUID().uuidString.prefix(8).lowercased()
    try await Command.require(
      "buildah",
      ["bud", "--isolation", "chroot", "--format", "docker", "--layers", "--pull-never", "--tag", tag, folder.path])
    return (tag, folder.file("Dockerfile"), folder)
  }

  private struct Report: Decodable {
    struct Image: Decodable {
      let checks: [Check]
    }
    struct Check: Decodable {
      let id: String
      let outcome: String
      let location: String?
      let fix: String?
    }
    let images: [Image]
  }

  private func test(_ tag: String, _ dockerfile: String, _ options: [String]) async throws -> (Int32, [Report.Check]) {
    let result = try await Command.forge(
      ["test", "podman:" + tag, "--dockerfile", dockerfile, "--timeout", "20", "--format", "json"] + options)
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    return (result.status, try #require(report.images.first).checks)
  }

  @Test func aGoodImagePasses() async throws {
    let (tag, dockerfile, folder) = try await image(Self.good)
    let (status, checks) = try await test(tag, dockerfile, [])
    _ = try await Command.run("podman", ["rmi", tag])
    #expect(status == 0, "\(checks) \(folder.path)")
    #expect(
      Set(checks.filter { $0.outcome == "passed" }.map(\.id)).isSuperset(of: ["user", "starts", "port", "stops"]))
    #expect(!checks.contains { $0.outcome == "failed" })
  }

  @Test(arguments: [
    Bad(check: "user", lines: ["EXPOSE 8000", server()], line: 1),
    Bad(check: "user", lines: ["USER nobody", "EXPOSE 8000", server()], line: 2),
    Bad(
      check: "read-only",
      lines: ["WORKDIR /srv", "USER 10001:10001", "EXPOSE 8000"] + [
        server(
          "\ntry: open('/srv/state', 'w')\nexcept OSError as error: print(error, file=sys.stderr, flush=True)")
      ], line: 1),
    Bad(check: "stops", lines: ["USER 10001:10001", "EXPOSE 8000", server(term: "None")], line: 4),
    Bad(
      check: "port", lines: ["USER 10001:10001", "EXPOSE 8000", server(host: "127.0.0.9")], line: 3,
      options: ["--timeout", "3"]),
    Bad(
      check: "health",
      lines: [
        "USER 10001:10001", "EXPOSE 8000", "HEALTHCHECK CMD [\"python3\", \"-c\", \"raise SystemExit(1)\"]", server(),
      ], line: 4, options: ["--timeout", "3"]),
    Bad(
      check: "mcp", lines: ["USER 10001:10001", "EXPOSE 8000", server()], line: 4, options: ["--mcp", "/mcp"]),
    Bad(
      check: "starts",
      lines: ["USER 10001:10001", "EXPOSE 8000", "CMD [\"python3\", \"-c\", \"raise SystemExit(3)\"]"],
      line: 4),
  ])
  func aBadImageFails(_ bad: Bad) async throws {
    let (tag, dockerfile, folder) = try await image(bad.lines)
    let (status, checks) = try await test(tag, dockerfile, bad.options)
    _ = try await Command.run("podman", ["rmi", tag])
    #expect(status == 1)
    let check = try #require(checks.first { $0.id == bad.check }, "\(checks)")
    #expect(check.outcome == "failed", "\(checks)")
    #expect(check.location == "\(folder.file("Dockerfile")):\(bad.line)", "\(checks)")
    #expect(check.fix?.isEmpty == false)
  }

  /// A folder is built for the test alone: neither its image nor a container stays.
  @Test func aFolderIsBuiltStartedAndForgotten() async throws {
    let names = { try await Command.require("podman", ["images", "--format", "{{.Repository}}:{{.Tag}}"]) }
    let result = try await Command.forge(
      ["test", Repository.fixture("todo-backend"), "--engine", "podman", "--timeout", "90"])
    #expect(result.status == 0, "\(result)")
    for check in ["user", "starts", "health", "port", "mcp", "stops", "read-only"] {
      #expect(result.output.contains("ok  \(check)"), "\(result)")
    }
    #expect(!(try await names()).contains("forge-trial"))
    let containers = try await Command.require("podman", ["ps", "--all", "--format", "{{.Names}}"])
    #expect(!containers.contains("forge-test-"))
  }
}
