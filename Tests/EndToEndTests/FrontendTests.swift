import Foundation
import TestSupport
import Testing

/// The main job on a frontend whose packages are all local.
@Suite(.serialized) struct FrontendTests {
  @Test func buildsAndPasses() async throws {
    let image = try await BuiltImage.frontend.image
    #expect(image.result.status == 0, "\(image.result)")
    let report = try image.report()
    #expect(report.verdict?.passed == true)
    #expect(report.sizes.stored < 200_000_000)
  }

  @Test func servesItsPage() async throws {
    let image = try await BuiltImage.frontend.image
    let port = try freePort()
    // HOSTNAME is what Kubernetes sets it to: the pod's name, which nothing may listen on.
    let container = try await Container.start(
      image.tag,
      environment: [
        "PORT": String(port), "HOSTNAME": "todo-frontend-5d4f8", "API_URL": "http://backend",
      ])
    do {
      let base = "http://127.0.0.1:\(port)"
      try await container.waitUntilReady(base + "/api/health")
      let page = try await Command.require("curl", ["-fsS", base + "/"])
      #expect(page.contains("<html"))
      let asset = try await Command.require("curl", ["-fsS", base + "/todo.svg"])
      #expect(asset.contains("<svg"))
      let status = try await container.exec(["cat", "/proc/1/status"])
      #expect(
        status.output.contains("Uid:\t1000\t") || status.output.contains("Uid:\t10001\t"),
        "\(status)")
      let (code, duration) = try await container.stop(grace: 10)
      #expect(code == 0 || code == 143, "SIGTERM must end it, not SIGKILL: \(code)")
      #expect(duration < .seconds(10))
    } catch {
      await container.remove()
      throw error
    }
    await container.remove()
  }

  /// Next.js copies `.env` into its standalone output; the ignore file and the recipe must keep it out.
  @Test func secretsOfTheFolderStayOut() async throws {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Repository.fixture("offline-frontend"), toPath: folder.file("offline-frontend"))
    for name in [".env", ".env.production", ".env.local"] {
      try folder.write("API_KEY=do-not-ship\n", to: "offline-frontend/" + name)
    }
    let result = try await Command.forge([
      "build", folder.file("offline-frontend"), "--check-size", "--engine", "buildah", "--tag",
      "localhost/forge-test/secretive:1", "--output", folder.file("image.tar"),
    ])
    #expect(result.status == 0, "\(result)")
    let found = try await Command.run("grep", ["-c", "do-not-ship", folder.file("image.tar")])
    #expect(found.status == 1, "\(found)")
  }

  @Test func buildArgumentsReachTheBundle() async throws {
    let folder = try TemporaryFolder()
    let result = try await Command.forge([
      "build", Repository.fixture("offline-frontend"), "--engine", "buildah", "--tag",
      "localhost/forge-test/arguments:1",
      "--output", folder.file("image.tar"), "--build-arg",
      "NEXT_PUBLIC_API_URL=https://todo.example.org/v7",
    ])
    #expect(result.status == 0, "\(result)")
    let found = try await Command.run(
      "grep", ["-c", "todo.example.org/v7", folder.file("image.tar")])
    #expect(found.status == 0, "\(found)")
  }
}

/// A folder that holds both.
@Suite(.serialized) struct ProjectTests {
  private func project() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for (fixture, name) in [("todo-backend", "backend"), ("offline-frontend", "frontend")] {
      try FileManager.default.createDirectory(
        atPath: folder.file("app"), withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: Repository.fixture(fixture), toPath: folder.file("app/" + name))
    }
    return folder
  }

  @Test func analyzesGeneratesAndBuildsBoth() async throws {
    let folder = try project()
    let root = folder.file("app")
    let analysis = try await Command.forge(["analyze", root])
    #expect(analysis.status == 0, "\(analysis)")
    #expect(analysis.output.contains("FastAPI") && analysis.output.contains("Next.js"))
    let generated = try await Command.forge(["generate", root])
    #expect(generated.status == 0, "\(generated)")
    for service in ["backend", "frontend"] {
      for file in ["Dockerfile", ".dockerignore", "ENVIRONMENT.md"] {
        #expect(FileManager.default.fileExists(atPath: "\(root)/\(service)/\(file)"))
      }
    }
    let archives = folder.file("images")
    try FileManager.default.createDirectory(atPath: archives, withIntermediateDirectories: true)
    let built = try await Command.forge([
      "build", root, "--check-size", "--engine", "buildah", "--tag", "localhost/forge-test/both:2",
      "--output",
      archives,
      "--format", "json",
    ])
    #expect(built.status == 0, "\(built)")
    let report = try JSONDecoder().decode(BuildJSON.self, from: Data(built.output.utf8))
    #expect(report.services.count == 2)
    for service in report.services {
      #expect(service.tag == "localhost/forge-test/both-\(service.name):2")
      #expect(FileManager.default.fileExists(atPath: try #require(service.archive)))
    }
  }

  @Test func severalArchivesNeedAFolder() async throws {
    let folder = try project()
    let result = try await Command.forge([
      "build", folder.file("app"), "--output", folder.file("image.tar"),
    ])
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("2 services"), "\(result)")
    try #expect(folder.names() == ["app"])
  }
}
