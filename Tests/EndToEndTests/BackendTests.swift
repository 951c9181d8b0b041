import Foundation
import TestSupport
import Testing

/// The main job on the Todo backend: from source to an image that is small, clean, and serves.
@Suite(.serialized) struct BackendTests {
  @Test func buildsAndPasses() async throws {
    let image = try await BuiltImage.backend.image
    #expect(image.result.status == 0, "\(image.result)")
    let report = try image.report()
    #expect(report.verdict?.passed == true)
    #expect(report.sizes.stored < 200_000_000)
    #expect(report.sizes.stored == report.sizes.rootfs + report.sizes.wasted)
    // The project is as it was: nothing was generated into it.
    let before = try FileManager.default.subpathsOfDirectory(
      atPath: Repository.fixture("todo-backend"))
    let after = try FileManager.default.subpathsOfDirectory(
      atPath: image.project.file("todo-backend"))
    #expect(after.sorted() == before.sorted())
    try #expect(image.project.names() == ["image.tar", "todo-backend"])
  }

  @Test func servesAsANonRootUser() async throws {
    let image = try await BuiltImage.backend.image
    let container = try await Container.start(
      image.tag,
      environment: [
        "DATABASE_URL": "postgresql://todo@127.0.0.1:1/todo", "ALLOWED_HOSTS": "todo.example.com",
      ])
    do {
      let base = "http://127.0.0.1:8000"
      try await container.waitUntilReady(base + "/health")
      let status = try await container.exec(["cat", "/proc/1/status"])
      #expect(status.output.contains("Uid:\t10001\t10001\t10001\t10001"), "\(status)")

      let call = #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#
      func mcp(host: String) async throws -> CommandResult {
        try await Command.run(
          "curl",
          [
            "-sS", "--max-time", "10", "-w", "\n%{http_code}", "-H", "Host: \(host)", "-H",
            "Content-Type: application/json", "-H", "Accept: application/json, text/event-stream",
            "-d", call,
            base + "/mcp",
          ])
      }
      let tools = try await mcp(host: "todo.example.com")
      #expect(tools.output.hasSuffix("200"), "\(tools)")
      #expect(tools.output.contains("add_todo"), "\(tools)")
      let stranger = try await mcp(host: "evil.example.net")
      #expect(stranger.output.hasSuffix("421"), "\(stranger)")

      let (code, duration) = try await container.stop(grace: 10)
      #expect(code == 0, "SIGTERM must end it, not SIGKILL")
      #expect(duration < .seconds(10))
    } catch {
      await container.remove()
      throw error
    }
    await container.remove()
  }

  /// The image's own health check, as docker would run it.
  @Test func theHealthCheckWorks() async throws {
    let image = try await BuiltImage.backend.image
    let container = try await Container.start(
      image.tag, environment: ["DATABASE_URL": "postgresql://todo@127.0.0.1:1/todo"])
    do {
      try await container.waitUntilReady("http://127.0.0.1:8000/health")
      let check = try await Command.run(
        "podman", ["--runtime", "runc", "healthcheck", "run", container.name])
      #expect(check.status == 0, "\(check)")
    } catch {
      await container.remove()
      throw error
    }
    await container.remove()
  }

  /// The same image with one fault each: exit 1, the rule, the place, the remedy.
  @Test(arguments: [
    Fault(line: "USER root", rule: "FORGE-I001", place: "config.User", remedy: "USER 10001:10001"),
    Fault(
      line:
        "RUN [\"dd\", \"if=/dev/urandom\", \"of=/srv/model.bin\", \"bs=1000000\", \"count=210\"]",
      rule: "FORGE-S001",
      place: nil, remedy: "the largest layer is"),
    Fault(
      line: "RUN [\"cp\", \"/etc/hostname\", \"/srv/.env\"]", rule: "FORGE-I009", place: "srv/.env",
      remedy: ".dockerignore"),
  ])
  func faultsFail(fault: Fault) async throws {
    let image = try await BuiltImage.backend.image
    let folder = try TemporaryFolder()
    // As root, so that the step may write; the gate's word on the user is then expected too.
    try folder.write(
      "FROM \(image.tag)\nUSER 0\n\(fault.line)\n\(fault.lastUser)\n", to: "Dockerfile")
    let archive = folder.file("image.tar")
    try await Command.require(
      "buildah",
      [
        "bud", "--isolation", "chroot", "--format", "docker", "--pull-never", "--tag",
        "localhost/forge-test/fault",
        folder.path,
      ])
    try await Command.require(
      "buildah", ["push", "localhost/forge-test/fault", "docker-archive:\(archive)"])
    let result = try await Command.forge(["check", archive, "--format", "json"])
    #expect(result.status == 1, "\(result)")
    let verdict = try JSONDecoder().decode(VerdictJSON.self, from: Data(result.output.utf8))
    let errors = verdict.findings.filter { $0.severity == "error" }
    #expect(errors.map(\.id) == [fault.rule])
    let finding = try #require(errors.first)
    if let place = fault.place { #expect(finding.location?.contains(place) == true, "\(finding)") }
    #expect(finding.fix?.contains(fault.remedy) == true, "\(finding)")

    let text = try await Command.forge(["check", archive])
    #expect(text.status == 1)
    #expect(text.output.contains("error    \(fault.rule)"), "\(text)")
    #expect(text.output.contains("failed: "))
  }

  struct Fault: Sendable, CustomStringConvertible {
    let line: String
    let rule: String
    let place: String?
    let remedy: String
    var lastUser: String { line.hasPrefix("USER") ? line : "USER 10001:10001" }
    var description: String { rule }
  }

  /// The four ways to hand the image over say the same.
  @Test func everyShapeOfTheImageGetsTheSameVerdict() async throws {
    let image = try await BuiltImage.backend.image
    let folder = try TemporaryFolder()
    let zipped = folder.file("zstd.tar")
    try await Command.require(
      "buildah", ["push", "-f", "oci", image.tag, "oci-archive:\(folder.file("oci.tar"))"])
    try await Command.require(
      "skopeo",
      [
        "copy", "--dest-compress-format", "zstd", "oci-archive:\(folder.file("oci.tar"))",
        "oci-archive:\(zipped)",
      ])
    try await Command.require(
      "skopeo", ["copy", "oci-archive:\(folder.file("oci.tar"))", "oci:\(folder.file("layout"))"])
    func sizes(_ source: String, input: [UInt8] = []) async throws -> InspectionJSON.Sizes {
      let result = try await Command.forge(["inspect", source, "--format", "json"], input: input)
      #expect(result.status == 0, "\(source): \(result)")
      return try JSONDecoder().decode(InspectionJSON.self, from: Data(result.output.utf8)).sizes
    }
    let expected = try await sizes(image.archive)
    for source in [folder.file("oci.tar"), zipped, folder.file("layout"), "buildah:" + image.tag] {
      try #expect(await sizes(source) == expected, "\(source)")
    }
    try #expect(
      await sizes("-", input: Array(Data(contentsOf: URL(filePath: image.archive)))) == expected)
  }

  @Test func podmanBuildsItUnchanged() async throws {
    let folder = try TemporaryFolder()
    let tag = "localhost/forge-test/podman-backend:1"
    let result = try await Command.forge([
      "build", Repository.fixture("todo-backend"), "--check-size", "--engine", "podman", "--tag",
      tag, "--format",
      "json",
    ])
    #expect(result.status == 0, "\(result)")
    let report = try JSONDecoder().decode(BuildJSON.self, from: Data(result.output.utf8))
    #expect(report.engine == "podman")
    #expect(report.services.map(\.tag) == [tag])
    try #expect(folder.names() == [])
  }
}
