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
    let json =
      (try? JSONEncoder().encode(words)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    return "CMD " + json
  }

  /// Answers at port 8000, and ends on SIGTERM unless it is told not to.
  private static func server(
    _ more: String = "", host: String = "0.0.0.0", term: String = "sys.exit(0)"
  ) -> String {
    python(
      "import signal, sys, http.server as h; signal.signal(signal.SIGTERM, lambda *_: \(term)); \(more)\n"
        + "h.HTTPServer(('\(host)', 8000), h.SimpleHTTPRequestHandler).serve_forever()")
  }

  private static let good = ["WORKDIR /srv", "USER 10001:10001", "EXPOSE 8000", server()]

  private func image(_ lines: [String]) async throws -> (
    tag: String, dockerfile: String, folder: TemporaryFolder
  ) {
    let folder = try TemporaryFolder()
    try folder.write(
      (["FROM python:3.13-slim-trixie"] + lines).joined(separator: "\n") + "\n", to: "Dockerfile")
    let tag = "localhost/forge-test/trial-" + UUID().uuidString.prefix(8).lowercased()
    try await Command.require(
      "buildah",
      [
        "bud", "--isolation", "chroot", "--format", "docker", "--layers", "--pull-never", "--tag",
        tag, folder.path,
      ])
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

  private func test(_ tag: String, _ dockerfile: String, _ options: [String]) async throws -> (
    Int32, [Report.Check]
  ) {
    let result = try await Command.forge(
      ["test", "podman:" + tag, "--dockerfile", dockerfile, "--timeout", "20", "--format", "json"]
        + options)
    let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    return (result.status, try #require(report.images.first).checks)
  }

  @Test func aGoodImagePasses() async throws {
    let (tag, dockerfile, folder) = try await image(Self.good)
    let (status, checks) = try await test(tag, dockerfile, [])
    _ = try await Command.run("podman", ["rmi", tag])
    #expect(status == 0, "\(checks) \(folder.path)")
    #expect(
      Set(checks.filter { $0.outcome == "passed" }.map(\.id)).isSuperset(of: [
        "user", "starts", "port", "stops",
      ]))
    #expect(!checks.contains { $0.outcome == "failed" })
  }

  @Test(arguments: [
    Bad(check: "user", lines: ["EXPOSE 8000", server()], line: 1),
    Bad(check: "user", lines: ["USER nobody", "EXPOSE 8000", server()], line: 2),
    Bad(
      check: "read-only",
      lines: ["WORKDIR /srv", "USER 10001:10001", "EXPOSE 8000"] + [
        server(
          "\ntry: open('/srv/state', 'w')\nexcept OSError as error: print(error, file=sys.stderr, flush=True)"
        )
      ], line: 1),
    Bad(check: "stops", lines: ["USER 10001:10001", "EXPOSE 8000", server(term: "None")], line: 4),
    Bad(
      check: "port", lines: ["USER 10001:10001", "EXPOSE 8000", server(host: "127.0.0.9")], line: 3,
      options: ["--timeout", "3"]),
    Bad(
      check: "health",
      lines: [
        "USER 10001:10001", "EXPOSE 8000",
        "HEALTHCHECK CMD [\"python3\", \"-c\", \"raise SystemExit(1)\"]", server(),
      ], line: 4, options: ["--timeout", "3"]),
    Bad(
      check: "mcp", lines: ["USER 10001:10001", "EXPOSE 8000", server()], line: 4,
      options: ["--mcp", "/mcp"]),
    Bad(
      check: "starts",
      lines: [
        "USER 10001:10001", "EXPOSE 8000", "CMD [\"python3\", \"-c\", \"raise SystemExit(3)\"]",
      ],
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

  /// Two images of the same names, whose one layer is not the same.
  private func twins() throws -> (
    folder: TemporaryFolder, names: [String], old: TestImage, new: TestImage
  ) {
    let folder = try TemporaryFolder()
    let word = UUID().uuidString.prefix(8).lowercased()
    let names = ["localhost/forge-test/twin-\(word):1", "twin-\(word):2"]
    let images = ["old", "new"].map { name in
      TestImage(
        layers: [TarBuilder.make { $0.file("file", name + word) }],
        config: TestConfig(user: "10001", cmd: ["/file"]),
        references: names)
    }
    for (name, image) in zip(["old.tar", "new.tar"], images) {
      try Data(image.dockerArchive()).write(to: URL(fileURLWithPath: folder.file(name)))
    }
    return (folder, names, images[0], images[1])
  }

  private func id(_ name: String) async throws -> String? {
    let result = try await Command.run("podman", ["image", "inspect", "--format", "{{.Id}}", name])
    return result.status == 0 ? result.output.trimmingCharacters(in: .whitespacesAndNewlines) : nil
  }

  /// Names that stood for another image do so again, and the image that had them meanwhile goes; one that was there
  /// stays.
  @Test func anArchiveLeavesTheStoreAsItWas() async throws {
    let (folder, names, old, new) = try twins()
    func test() async throws {
      // It holds no program that could be started.
      let result = try await Command.forge(["test", folder.file("new.tar"), "--engine", "podman"])
      #expect(result.status == 1 && result.output.contains("starts"), "\(result)")
    }
    try await test()
    #expect(try await id(new.configDigest.hex) == nil)
    #expect(try await id(names[0]) == nil)
    try await Command.require("podman", ["load", "--quiet", "--input", folder.file("old.tar")])
    try await test()
    for name in names { #expect(try await id(name) == old.configDigest.hex) }
    #expect(try await id(new.configDigest.hex) == nil)
    try await Command.require("podman", ["load", "--quiet", "--input", folder.file("new.tar")])
    try await Command.require("podman", ["tag", old.configDigest.hex, names[1]])
    try await test()
    #expect(try await id(names[0]) == new.configDigest.hex)
    #expect(try await id(names[1]) == old.configDigest.hex)
    _ = try await Command.run("podman", ["rmi"] + names)
    for image in [old, new] { #expect(try await id(image.configDigest.hex) == nil) }
  }

  /// While the archive is loaded, which is not cut short: what was loaded goes.
  @Test(arguments: ["INT", "TERM"]) func aLoadIsInterrupted(signal: String) async throws {
    let (folder, names, _, new) = try twins()
    try folder.write(
      """
      #!/bin/sh
      PATH=/usr/bin:/bin
      case "$*" in
      *load*) touch \(folder.file("started")); sleep 1; podman "$@" && touch \(folder.file("ended")) ;;
      *) exec podman "$@" ;;
      esac

      """, to: "bin/podman")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.file("bin/podman"))
    let script = """
      PATH=\(folder.file("bin")):$PATH "$0" test "$1" --engine podman &
      child=$!
      for _ in $(seq 400); do [ -e "$2" ] && break; sleep 0.05; done
      kill -\(signal) $child || exit 99
      wait $child
      """
    let result = try await Command.run(
      "bash", ["-m", "-c", script, Command.forge, folder.file("new.tar"), folder.file("started")])
    #expect(result.status == 4 && result.errors.contains("interrupted"), "\(result)")
    #expect(try folder.names().contains("ended"))
    #expect(try await id(new.configDigest.hex) == nil)
    #expect(try await id(names[0]) == nil)
  }

  /// A folder is built for the test alone: neither its image nor a container stays.
  @Test func aFolderIsBuiltStartedAndForgotten() async throws {
    let names = {
      try await Command.require("podman", ["images", "--format", "{{.Repository}}:{{.Tag}}"])
    }
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
