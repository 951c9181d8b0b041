import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// What an image is called decides what engines take, and what they read of its config.
@Suite struct MediaTypeTests {
  private static let docker = "application/vnd.docker.distribution.manifest.v2+json"
  private static let image = TestImage(
    layers: [layer { $0.file("a", "1") }, layer { $0.file("b", "2") }],
    config: TestConfig(
      healthcheck: ["CMD", "x"], more: #""Shell":["/bin/bash","-c"],"OnBuild":["RUN x"]"#))

  /// An OCI archive of an image of Docker's media types.
  private func dockerFolder(_ image: TestImage) throws -> ImageFolder {
    let folder = try ImageFolder(image)
    let blobs = try image.layers.map { try Compressor.gzip.compress($0) }
    let layers = blobs.map {
      TestImage.descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", $0)
    }
    let config = TestImage.descriptor(
      "application/vnd.docker.container.image.v1+json", image.configBytes)
    let manifest = Array(
      """
      {"schemaVersion":2,"mediaType":"\(Self.docker)","config":\(config),"layers":[\(layers.joined(separator: ","))]}
      """.utf8)
    let files = ArchiveFile.ociLayout(
      blobs: (blobs + [image.configBytes, manifest]).map(ArchiveFile.blob),
      manifests: [TestImage.descriptor(Self.docker, manifest)])
    try Data(files.tar()).write(to: URL(fileURLWithPath: folder.image))
    return folder
  }

  private func manifest(_ folder: ImageFolder) throws -> String {
    String(
      decoding: try #require(try ImageStore.open(folder.folder.file("out.tar")).manifest),
      as: UTF8.self)
  }

  /// A docker-archive names no media types, and its config may hold what OCI's does not.
  @Test func whatOCIDoesNotKnowIsTold() throws {
    let folder = try ImageFolder(Self.image)
    let report = try folder.optimize(options { $0.form = .ociArchive }, to: "out.tar")
    #expect(
      report.notices.contains {
        $0.contains("HEALTHCHECK, SHELL, ONBUILD") && $0.contains("--to docker-archive")
      })
    let plain = try ImageFolder([layer { $0.file("a", "1") }])
    #expect(try plain.optimize(options { $0.form = .ociArchive }, to: "out.tar").notices == [])
    // Nothing is lost that was not there.
    let again = try ImageFolder(Self.image, oci: .gzip)
    #expect(try again.optimize(options(), to: "out.tar").notices == [])
  }

  /// podman and buildah refuse `…rootfs.diff.tar.zstd`.
  @Test(arguments: [0, 1]) func zstdTakesAnImageOutOfDockersFamily(kept: Int) throws {
    let folder = try dockerFolder(Self.image)
    #expect(try folder.optimize(options(), to: "out.tar").notices == [])
    #expect(try ImageStore.open(folder.folder.file("out.tar")).isDockerFormat)
    let report = try folder.optimize(
      options { ($0.keptLayers, $0.compression) = (kept, .zstd(level: 3)) }, to: "out.tar")
    #expect(report.notices.contains { $0.contains("Docker's have none for zstd") })
    #expect(report.notices.contains { $0.contains("HEALTHCHECK") })
    let text = try manifest(folder)
    #expect(!text.contains("vnd.docker") && text.contains("vnd.oci.image.config.v1+json"))
    #expect(try !ImageStore.open(folder.folder.file("out.tar")).isDockerFormat)
    #expect(try Verification.compare(folder.image, folder.folder.file("out.tar")).isSame)
  }

  @Test func plainLayersStayInDockersFamily() throws {
    let folder = try dockerFolder(Self.image)
    try folder.optimize(options { $0.compression = .none }, to: "out.tar")
    #expect(try !manifest(folder).contains("vnd.oci"))
  }
}
