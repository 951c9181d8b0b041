import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

/// Archives with several images or platforms.
@Suite struct SelectionTests {
  private let first = TestImage(
    layers: [layer("a")], config: TestConfig(user: "1"), references: ["todo-api:1.0"])
  private let second = TestImage(
    layers: [layer("a"), layer("b")], config: TestConfig(user: "2"), references: ["web:1.0"])
  private let arm = TestImage(
    layers: [layer("arm")], config: TestConfig(platform: "linux/arm64/v8", user: "3"),
    references: ["todo-api:1.0"])

  private var dockerPair: [UInt8] {
    get throws {
      var names: Set<String> = []
      let files = try (first.dockerFiles() + second.dockerFiles())
        .filter { $0.name != "manifest.json" && names.insert($0.name).inserted }
      let items = [first, second].map { image in
        (
          "\(image.configDigest.hex).json", image.references,
          image.layers.map { Digest.sha256($0).hex + ".tar" }
        )
      }
      return (files + [.file("manifest.json", TestImage.dockerManifest(items))]).tar()
    }
  }

  @Test func withoutChoice() throws {
    let error = try failure(dockerPair)
    #expect(error.kind == .choice)
    #expect(error.exitCode == .usage)
    #expect(error.description.contains("todo-api:1.0 (linux/amd64), web:1.0 (linux/amd64)"))
    #expect(error.description.contains("--image"))
  }

  @Test(arguments: ["web:1.0", "docker.io/library/web:1.0"])
  func byReference(name: String) throws {
    let image = try open(dockerPair, .init(image: name))
    #expect(image.config.user == "2")
    #expect(image.reference == "web:1.0")
  }

  @Test func byDigest() throws {
    let digest = second.configDigest
    for name in [
      digest.description, digest.hex, String(digest.hex.prefix(12)),
      "sha256:" + digest.hex.prefix(12),
    ] {
      #expect(try open(dockerPair, .init(image: name)).config.user == "2")
    }
    #expect(try failure(dockerPair, .init(image: String(digest.hex.prefix(5)))).kind == .choice)
  }

  /// podman and buildah put what they build under `localhost`, and users leave that out.
  @Test func localName() throws {
    var pair = [first, second]
    pair[0].references = ["localhost/web:1.0"]
    let layouts = try pair.map { try $0.ociBlobs() }
    func archive() -> [UInt8] {
      ArchiveFile.ociLayout(blobs: layouts.flatMap(\.blobs), manifests: layouts.map(\.descriptor))
        .tar()
    }
    #expect(try open(archive(), .init(image: "localhost/web:1.0")).config.user == "1")
    // Both are `web:1.0` to somebody.
    #expect(try failure(archive(), .init(image: "web:1.0")).kind == .choice)
    #expect(try open(archive(), .init(image: "docker.io/library/web:1.0")).config.user == "2")
    pair[1].references = ["other"]
    let lone = try pair.map { try $0.ociBlobs() }
    let other = ArchiveFile.ociLayout(
      blobs: lone.flatMap(\.blobs), manifests: lone.map(\.descriptor)
    ).tar()
    #expect(try open(other, .init(image: "web:1.0")).config.user == "1")
    #expect(try open(other, .init(image: "other:latest")).config.user == "2")
  }

  @Test func unknownChoices() throws {
    let name = try failure(dockerPair, .init(image: "redis"))
    #expect(name.exitCode == .usage)
    #expect(name.description.contains("no image \"redis\", but todo-api:1.0"))
    let platform = try failure(dockerPair, .init(image: "web:1.0", platform: "linux/s390x"))
    #expect(platform.exitCode == .usage)
    #expect(platform.description.contains("linux/s390x, but web:1.0 (linux/amd64)"))
    #expect(try failure(dockerPair, .init(image: "web:1.0", platform: "linux")).exitCode == .usage)
  }

  /// An index in the index, with attestations, as BuildKit writes.
  private func nested(_ images: [(TestImage, platform: String)], dropping dropped: [String] = [])
    throws
    -> [ArchiveFile]
  {
    var blobs: [ArchiveFile] = []
    var descriptors: [String] = []
    for (image, platform) in images {
      var image = image
      image.references = []
      let (more, descriptor) = try image.ociBlobs(platform: platform)
      blobs += more
      descriptors.append(descriptor)
      let statement = Array(
        #"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.empty.v1+json"},"of":"\#(descriptors.count)"}"#
          .utf8)
      blobs.append(.blob(statement))
      descriptors.append(
        TestImage.descriptor(
          "application/vnd.oci.image.manifest.v1+json", statement,
          more:
            #","annotations":{"vnd.docker.reference.type":"attestation-manifest"},"platform":{"os":"unknown","architecture":"unknown"}"#
        ))
    }
    let type = "application/vnd.oci.image.index.v1+json"
    let index = Array(
      #"{"schemaVersion":2,"mediaType":"\#(type)","manifests":[\#(descriptors.joined(separator: ","))]}"#
        .utf8)
    let top = TestImage.descriptor(
      type, index,
      more:
        #","annotations":{"io.containerd.image.name":"docker.io/library/todo-api:1.0","org.opencontainers.image.ref.name":"1.0"}"#
    )
    return ArchiveFile.ociLayout(blobs: blobs + [.blob(index)], manifests: [top])
      .filter { file in !dropped.contains { file.name.hasSuffix($0) } }
  }

  @Test func attestationsAreNoImages() throws {
    let image = try open(nested([(first, "linux/amd64")]).tar())
    #expect(image.config.user == "1")
    #expect(image.reference == "docker.io/library/todo-api:1.0")
  }

  /// The annotation alone hides nothing: an engine that goes by the platform would run this.
  @Test func attestationWithRealPlatform() throws {
    var files = try nested([(first, "linux/amd64")])
    let index = try #require(
      files.firstIndex {
        if case .bytes(_, let bytes) = $0 {
          String(decoding: bytes, as: UTF8.self).contains("unknown")
        } else {
          false
        }
      })
    guard case .bytes(_, let bytes) = files[index] else { return }
    let changed = Array(
      String(decoding: bytes, as: UTF8.self).replacingOccurrences(
        of: #"{"os":"unknown","architecture":"unknown"}"#,
        with: #"{"os":"linux","architecture":"arm64"}"#
      ).utf8)
    files[index] = .blob(changed)
    files = ArchiveFile.ociLayout(
      blobs: files.filter { $0.name.hasPrefix("blobs/") },
      manifests: [TestImage.descriptor("application/vnd.oci.image.index.v1+json", changed)])
    #expect(try failure(files.tar()).exitCode == .unreadableInput)
  }

  @Test func platforms() throws {
    let archive = try nested([(first, "linux/amd64"), (arm, "linux/arm64")]).tar()
    let error = try failure(archive)
    #expect(error.exitCode == .usage)
    #expect(
      error.description.contains("linux/amd64") && error.description.contains("linux/arm64/v8"))
    #expect(try open(archive, .init(platform: "linux/amd64")).config.user == "1")
    #expect(try open(archive, .init(platform: "linux/arm64")).config.user == "3")
    #expect(try open(archive, .init(platform: "linux/arm64/v8")).config.user == "3")
    #expect(
      try open(archive, .init(image: "todo-api:1.0", platform: "linux/arm64")).config.user == "3")
    #expect(try failure(archive, .init(platform: "linux/arm64/v7")).exitCode == .usage)
  }

  /// Docker 29 saves the whole index with the blobs of one platform.
  @Test func sparseIndex() throws {
    let (blobs, _) = try arm.ociBlobs()
    for absent in blobs.map(\.name) where !absent.isEmpty {
      // The references of `arm` go into its manifest's descriptor only, so that the names are the same here.
      let archive = try nested(
        [(first, "linux/amd64"), (arm, "linux/arm64/v8")], dropping: [absent]
      ).tar()
      let image = try open(archive)
      #expect(image.config.user == "1")
      #expect(image.notes.map(\.id) == ["FORGE-A101"])
      let error = try failure(archive, .init(platform: "linux/arm64"))
      #expect(error.kind == .missing)
      #expect(error.exitCode == .unreadableInput)
      #expect(error.description.contains(absent.suffix(64)))
    }
  }

  /// The same with a manifest.json beside it, as Docker 29 really writes.
  @Test func sparseIndexBesideManifest() throws {
    let absent = try arm.ociBlobs().blobs.map(\.name)
    let layers = try first.layers.map { try Compressor.gzip.compress($0) }
    let item = (
      "blobs/sha256/\(first.configDigest.hex)", ["todo-api:1.0"],
      layers.map { "blobs/sha256/\(Digest.sha256($0).hex)" }
    )
    let manifest = ArchiveFile.file("manifest.json", TestImage.dockerManifest([item]))
    let platforms = [(first, platform: "linux/amd64"), (arm, platform: "linux/arm64")]
    let sparse = try (nested(platforms, dropping: absent) + [manifest]).tar()
    let image = try open(sparse)
    #expect(image.config.user == "1")
    #expect(image.reference == "todo-api:1.0")
    #expect(image.notes.map(\.id) == ["FORGE-A101"])
    // With all blobs there, both platforms can be had.
    let whole = try (nested(platforms) + [manifest]).tar()
    #expect(try failure(whole).exitCode == .usage)
    #expect(try open(whole, .init(platform: "linux/arm64")).config.user == "3")
  }

  /// An absent image does not make another one the choice.
  @Test func absentImageOfAnotherName() throws {
    var other = arm
    other.references = ["other:1.0"]
    let (blobs, one) = try first.ociBlobs(platform: "linux/amd64")
    let (_, two) = try other.ociBlobs(platform: "linux/arm64")
    let archive = ArchiveFile.ociLayout(blobs: blobs, manifests: [one, two]).tar()
    #expect(try failure(archive).kind == .choice)
    #expect(try open(archive, .init(image: "todo-api:1.0")).config.user == "1")
    #expect(try failure(archive, .init(image: "other:1.0")).kind == .missing)
  }

  /// Engines choose by the index and run what the config says.
  @Test func indexAgainstConfig() throws {
    let (blobs, descriptor) = try first.ociBlobs(platform: "linux/arm64")
    let lone = ArchiveFile.ociLayout(blobs: blobs, manifests: [descriptor]).tar()
    #expect(try open(lone).platform.description == "linux/amd64")
    #expect(try open(lone, .init(platform: "linux/arm64")).notes.map(\.id) == ["FORGE-A104"])
    // Labels exchanged: forge must not judge the one where an engine runs the other.
    let (more, other) = try arm.ociBlobs(platform: "linux/amd64")
    let exchanged = ArchiveFile.ociLayout(blobs: blobs + more, manifests: [descriptor, other]).tar()
    for platform in ["linux/amd64", "linux/arm64"] {
      #expect(try failure(exchanged, .init(platform: platform)).kind == .choice)
    }
  }

  @Test func oneImageUnderTwoNames() throws {
    var again = first
    again.references = ["todo-api:latest"]
    let (blobs, one) = try first.ociBlobs()
    let (_, two) = try again.ociBlobs()
    let archive = ArchiveFile.ociLayout(blobs: blobs, manifests: [one, two]).tar()
    #expect(try open(archive).reference == "todo-api:1.0")
    #expect(try open(archive, .init(image: "todo-api")).reference == "todo-api:latest")
  }

  @Test func artifactBesideTheImage() throws {
    let (blobs, descriptor) = try first.ociBlobs()
    let empty = Array("{}".utf8)
    let artifact = Array(
      #"{"schemaVersion":2,"artifactType":"application/spdx+json","config":\#(TestImage.descriptor("application/vnd.oci.empty.v1+json", empty)),"layers":[]}"#
        .utf8)
    func archive(_ manifests: [String]) -> [UInt8] {
      ArchiveFile.ociLayout(blobs: blobs + [.blob(empty), .blob(artifact)], manifests: manifests)
        .tar()
    }
    let type = "application/vnd.oci.image.manifest.v1+json"
    let image = try open(archive([descriptor, TestImage.descriptor(type, artifact)]))
    #expect(image.config.user == "1")
    #expect(image.notes.map(\.id) == ["FORGE-A105"])
    #expect(try failure(archive([TestImage.descriptor(type, artifact)])).kind == .notAnImage)
    let posing = TestImage.descriptor(
      type, artifact, more: #","platform":{"os":"linux","architecture":"amd64"}"#)
    #expect(try failure(archive([descriptor, posing])).kind == .unsupported)
  }
}
