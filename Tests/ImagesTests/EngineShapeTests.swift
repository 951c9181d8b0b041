import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

/// What real tools write, and read.
@Suite struct EngineShapeTests {
  /// Without what only Docker's config has, so that no conversion loses anything.
  private static let image = TestImage(
    layers: [layer("base"), layer("app/main.py", "print(1)")],
    config: TestConfig(
      user: "1000", entrypoint: ["python3"], cmd: ["app"], environment: ["A=b"],
      exposedPorts: ["80/tcp"],
      workingDirectory: "/app", labels: ["a": "b"], history: ["FROM", "#ENV", "COPY"]))

  private func expectSame(
    _ image: Image, _ comment: Comment, reference: String?,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let (config, expected) = (image.config, try open(Self.image.ociArchive()).config)
    #expect(config.diffIDs == expected.diffIDs, comment, sourceLocation: sourceLocation)
    #expect(try image.layerContents() == Self.image.layers, comment, sourceLocation: sourceLocation)
    #expect(config.user == expected.user, comment, sourceLocation: sourceLocation)
    #expect(config.entrypoint == expected.entrypoint, comment, sourceLocation: sourceLocation)
    #expect(config.cmd == expected.cmd, comment, sourceLocation: sourceLocation)
    #expect(config.environment == expected.environment, comment, sourceLocation: sourceLocation)
    #expect(config.exposedPorts == expected.exposedPorts, comment, sourceLocation: sourceLocation)
    #expect(
      config.workingDirectory == expected.workingDirectory, comment, sourceLocation: sourceLocation)
    #expect(config.labels == expected.labels, comment, sourceLocation: sourceLocation)
    #expect(config.history == expected.history, comment, sourceLocation: sourceLocation)
    #expect(image.reference == reference, comment, sourceLocation: sourceLocation)
    #expect(image.notes.isEmpty, comment, sourceLocation: sourceLocation)
  }

  /// skopeo reads every shape that the tests make, and forge reads every shape that skopeo makes of it.
  @Test func skopeo() throws {
    try Shell.withTemporaryFolder { folder in
      var sources: [String] = []
      for shape in TestImage.DockerShape.allCases {
        try Data(Self.image.dockerArchive(shape)).write(
          to: URL(fileURLWithPath: "\(folder)/\(shape).tar"))
        sources.append("docker-archive:\(folder)/\(shape).tar")
      }
      try Data(Self.image.ociArchive()).write(to: URL(fileURLWithPath: "\(folder)/oci.tar"))
      sources.append("oci-archive:\(folder)/oci.tar")
      try Self.image.writeOCILayout(to: "\(folder)/layout", compression: .none)
      sources.append("oci:\(folder)/layout")

      for (index, source) in sources.enumerated() {
        let made = "\(folder)/made\(index)"
        func copy(_ destination: String, _ options: [String] = []) throws {
          try Shell.run(
            ["skopeo", "--insecure-policy", "copy", "-q"] + options + [source, destination])
        }
        try copy("docker-archive:\(made).docker:todo:2")
        try expectSame(
          ImageStore.open("\(made).docker"), "\(source)", reference: "docker.io/library/todo:2")
        try copy("oci-archive:\(made).oci:todo:2")
        try expectSame(ImageStore.open("\(made).oci"), "\(source)", reference: "todo:2")
        try copy("oci:\(made)", ["--dest-compress-format", "zstd"])
        try expectSame(ImageStore.open(made), "\(source)", reference: nil)
      }
    }
  }

  @Test func buildah() throws {
    try Shell.withTemporaryFolder { folder in
      func buildah(_ arguments: String...) throws -> String {
        let store = [
          "--root", "\(folder)/store", "--runroot", "\(folder)/run", "--storage-driver", "vfs",
        ]
        let output = try Shell.run(["buildah"] + store + arguments)
        return String(decoding: output, as: UTF8.self).trimmingCharacters(
          in: .whitespacesAndNewlines)
      }
      try "hello".write(toFile: "\(folder)/hello", atomically: false, encoding: .utf8)
      let container = try buildah("from", "scratch")
      _ = try buildah("copy", container, "\(folder)/hello", "/hello")
      _ = try buildah("config", "--user", "1000", "--healthcheck", "CMD /hello", container)
      _ = try buildah("commit", "-q", "--format", "docker", container, "todo:1")
      for target in [
        "docker-archive:\(folder)/docker.tar:todo:1", "oci-archive:\(folder)/oci.tar:todo:1",
      ] {
        _ = try buildah("push", "-q", "todo:1", target)
      }
      _ = try buildah(
        "push", "-q", "--compression-format", "zstd", "todo:1", "oci:\(folder)/layout:todo:1")

      let images = try ["docker.tar", "oci.tar", "layout"].map {
        try ImageStore.open("\(folder)/\($0)")
      }
      for image in images {
        #expect(image.config.user == "1000")
        #expect(image.config.diffIDs == images[0].config.diffIDs)
        #expect(try image.layerContents() == images[0].layerContents())
        #expect(try image.layerContents().map { Digest.sha256($0) } == image.config.diffIDs)
        #expect(image.reference?.hasSuffix("todo:1") == true)
        #expect(image.notes.isEmpty)
      }
      // The OCI format cannot carry it, and buildah drops it without a word.
      #expect(images.map { $0.config.healthcheck?.isActive ?? false } == [true, false, false])
      #expect(images.map(\.isDockerFormat) == [true, false, false])
    }
  }
}
