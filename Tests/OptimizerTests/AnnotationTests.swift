import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// What manifests say of bytes that are no longer there goes, with a notice; everything else stays.
@Suite struct AnnotationTests {
  /// An OCI archive of two layers, of which the upper one is waste in part, with these annotations on each layer and
  /// on the manifest, and a second manifest beside it. `above` are annotations of an index that holds the manifest, and
  /// `isTwice` lists it once more without them.
  private func folder(
    layerAnnotations: String, history: [String] = [], hasThird: Bool = false,
    manifestAnnotations: String = "",
    descriptor more: String = "", above: String? = nil,
    isTwice: Bool = false,
    beside: (Digest) -> [(text: String, blob: [UInt8])] = { _ in [] }
  ) throws -> ImageFolder {
    let image = TestImage(
      layers: [
        layer { $0.file("base", "b") },
        layer {
          $0.file("twice", String(repeating: "1", count: 2_000))
          $0.file("twice", "2")
        },
      ] + (hasThird ? [layer { $0.file("third", "3") }] : []), config: TestConfig(history: history))
    let folder = try ImageFolder(image)
    let blobs = try image.layers.map { try Compressor.gzip.compress($0) }
    let descriptors = blobs.map {
      TestImage.descriptor(
        "application/vnd.oci.image.layer.v1.tar+gzip", $0, more: layerAnnotations)
    }
    let manifest = Array(
      """
      {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":\
      \(TestImage.descriptor("application/vnd.oci.image.config.v1+json", image.configBytes)),\
      "layers":[\(descriptors.joined(separator: ","))]\(manifestAnnotations)}
      """.utf8)
    var descriptor = TestImage.descriptor(
      "application/vnd.oci.image.manifest.v1+json", manifest, more: more)
    let index = Array(#"{"schemaVersion":2,"manifests":[\#(descriptor)]}"#.utf8)
    let bare = descriptor
    if let above {
      descriptor = TestImage.descriptor(
        "application/vnd.oci.image.index.v1+json", index,
        more: #","annotations":\#(above)"#)
    }
    let others = beside(Digest.sha256(manifest))
    let files = ArchiveFile.ociLayout(
      blobs: (blobs + [image.configBytes, manifest, index]).map(ArchiveFile.blob)
        + others.map { .blob($0.blob) },
      manifests: [descriptor] + (isTwice ? [bare] : [])
        + others.filter { !$0.text.isEmpty }.map(\.text))
    try Data(files.tar()).write(to: URL(fileURLWithPath: folder.image))
    return folder
  }

  private func index(_ folder: ImageFolder, _ name: String = "out.tar") throws -> [JSON] {
    let bytes = try Shell.run(["tar", "-xOf", folder.folder.file(name), "index.json"])
    return try #require(try JSON.parse(SourceText(name: name, bytes: bytes), .project)["manifests"])
      .elements
  }

  private func manifest(_ folder: ImageFolder) throws -> String {
    String(
      decoding: try #require(try ImageStore.open(folder.folder.file("out.tar")).manifest),
      as: UTF8.self)
  }

  @Test(arguments: [
    "containerd.io/snapshot/stargz/toc.digest", "io.containers.estargz.uncompressed-size",
    "io.github.containers.zstd-chunked.manifest-checksum",
    "io.github.containers.zstd-chunked.manifest-position",
    "io.github.containers.zstd-chunked.tarsplit-position", "containerd.io/uncompressed",
  ])
  func tablesOfContentsGoWithTheirLayer(key: String) throws {
    let folder = try folder(
      layerAnnotations: #","annotations":{"\#(key)":"x","org.example.kept":"y"}"#)
    let report = try folder.optimize(options(), to: "out.tar")
    #expect(report.layers.map(\.unchanged) == [true, false])
    #expect(
      report.notices.contains { $0.contains("annotations that no longer hold") && $0.contains(key) }
    )
    // Once for the layer that stays; what does not speak of the bytes stays on both.
    let text = try manifest(folder)
    #expect(text.components(separatedBy: key).count == 2)
    #expect(text.components(separatedBy: "org.example.kept").count == 3)
  }

  @Test func signaturesOfTheManifestAreNamed() throws {
    let folder = try folder(
      layerAnnotations: #","annotations":{"dev.cosignproject.cosign/signature":"x"}"#,
      manifestAnnotations:
        #","annotations":{"org.opencontainers.image.base.digest":"sha256:x","org.example":"1"}"#)
    let report = try folder.optimize(options(), to: "out.tar")
    #expect(report.notices.contains { $0.contains("dev.cosignproject.cosign/signature") })
    #expect(
      report.notices.contains {
        $0.contains("signatures and attestations of the old one do not hold")
      })
    let text = try manifest(folder)
    // The base is as it was.
    #expect(text.contains("org.opencontainers.image.base.digest") && text.contains("org.example"))
    let squashed = try folder.optimize(options { $0.squash = .all }, to: "out.tar")
    #expect(squashed.notices.contains { $0.contains("org.opencontainers.image.base.digest") })
    #expect(try !manifest(folder).contains("base.digest"))
  }

  /// History tells that the second layer is the base's, too.
  @Test(arguments: [["RUN a", "#CMD a", "RUN b"], ["RUN a", "RUN b", "#CMD a", "RUN c"]])
  func theDigestOfABaseGoesWithItsLayers(history: [String]) throws {
    let key = "org.opencontainers.image.base.digest"
    let annotations = #","annotations":{"\#(key)":"sha256:x","org.example":"1"}"#
    let isOfBase = history.count == 4
    let folder = try folder(
      layerAnnotations: "", history: history, hasThird: isOfBase, manifestAnnotations: annotations,
      descriptor: annotations)
    let report = try folder.optimize(options(), to: "out.tar")
    #expect(report.layers.map(\.unchanged) == [true, false] + (isOfBase ? [true] : []))
    #expect(report.notices.count { $0.contains(key) } == (isOfBase ? 1 : 0))
    #expect(try manifest(folder).contains(key) != isOfBase)
    let keys = try index(folder)[0]["annotations"]?.members.map(\.key)
    #expect(keys == (isOfBase ? [] : [key]) + ["org.example"])
  }

  /// BuildKit keeps attestations as manifests beside the image.
  @Test func attestationsStayBehindWithANotice() throws {
    let statement = Array(
      #"{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"x"}"#.utf8)
    let folder = try folder(layerAnnotations: "") { image in
      let config = Array("{}".utf8)
      let manifest = Array(
        """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":\
        \(TestImage.descriptor("application/vnd.oci.image.config.v1+json", config)),"layers":[\
        \(TestImage.descriptor("application/vnd.in-toto+json", statement))]}
        """.utf8)
      let text = TestImage.descriptor(
        "application/vnd.oci.image.manifest.v1+json", manifest,
        more:
          #","annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"#
          + #""\#(image)"},"platform":{"architecture":"unknown","os":"unknown"}"#)
      return [(text, manifest), ("", config), ("", statement)]
    }
    let report = try folder.optimize(options(), to: "out.tar")
    #expect(
      report.notices.contains {
        $0.contains("left out of the output") && $0.contains("attestation")
      })
    #expect(try Verification.compare(folder.image, folder.folder.file("out.tar")).isSame)
  }

  /// An image in which nothing changes keeps all of it, to the byte.
  @Test func whatDoesNotChangeKeepsItsAnnotations() throws {
    let folder = try folder(
      layerAnnotations: #","annotations":{"containerd.io/snapshot/stargz/toc.digest":"x"}"#)
    let before = try ImageStore.open(folder.image)
    let report = try folder.optimize(options { $0.waste = false }, to: "out.tar")
    #expect(report.notices == [])
    #expect(try ImageStore.open(folder.folder.file("out.tar")).manifest == before.manifest)
  }

  /// containerd names an image by one annotation, the image-spec by another; both stand at one entry of the index.
  @Test func theIndexSaysWhatItSaid() throws {
    let more =
      #","annotations":{"io.containerd.image.name":"docker.io/library/todo:1","#
      + #""org.opencontainers.image.ref.name":"1","containerd.io/distribution.source.docker.io":"library/todo"},"#
      + #""platform":{"architecture":"amd64","os":"linux","os.features":["x"]}"#
    let folder = try folder(layerAnnotations: "", descriptor: more)
    let report = try folder.optimize(options(), to: "out.tar")
    #expect(report.notices.contains { $0.contains("containerd.io/distribution.source.docker.io") })
    let entries = try index(folder)
    #expect(entries.count == 1)
    #expect(
      entries[0]["annotations"]?.members.map(\.key) == [
        "io.containerd.image.name", "org.opencontainers.image.ref.name",
      ])
    #expect(entries[0]["platform"]?["os.features"]?.elements.count == 1)
    #expect(
      try ImageStore.open(folder.folder.file("out.tar")).references == [
        "docker.io/library/todo:1", "1",
      ])
    // In a docker-archive names stand elsewhere, and one that is no tag of an image nowhere.
    try folder.optimize(options { $0.form = .dockerArchive }, to: "docker.tar")
    #expect(
      try ImageStore.open(folder.folder.file("docker.tar")).references == [
        "docker.io/library/todo:1"
      ])
  }

  /// BuildKit writes when it built an image: two builds of the same are to be one.
  @Test func timesInAnnotationsAreClamped() throws {
    func built(at time: String) throws -> [UInt8] {
      let created = #","annotations":{"org.opencontainers.image.created":"\#(time)"}"#
      let folder = try folder(
        layerAnnotations: created, manifestAnnotations: created, descriptor: created)
      try folder.optimize(options { $0.epoch = 1_000_000_000 }, to: "out.tar")
      return try folder.bytes("out.tar")
    }
    #expect(try built(at: "2026-01-01T00:00:00Z") == built(at: "2026-01-02T03:04:05.678Z"))
    #expect(try built(at: "2026-01-01T00:00:00Z") == built(at: "2026-01-02t03:04:05z"))
    #expect(try built(at: "2001-01-01T00:00:00Z") != built(at: "2026-01-01T00:00:00Z"))
  }

  /// buildx names an image at the index that holds it beside its attestations. podman and skopeo refuse a second entry.
  @Test(
    arguments: [
      #","platform":{"architecture":"amd64","os":"linux"}"#,
      #","platform":{"architecture":"amd64","os":"linux"},"annotations":{"org.example":"own"}"#,
      #","platform":{"architecture":"amd64","os":"linux"},"annotations":null"#,
    ], [false, true])
  func whatAnIndexSaysOfItsManifestStays(descriptor: String, isTwice: Bool) throws {
    let folder = try folder(
      layerAnnotations: "", descriptor: descriptor,
      above:
        #"{"io.containerd.image.name":"docker.io/library/todo:1","org.opencontainers.image.ref.name":"1","#
        + #""org.example":"outer","containerd.io/distribution.source.docker.io":"library/todo"}"#,
      isTwice: isTwice)
    #expect(try ImageStore.open(folder.image).references == ["docker.io/library/todo:1", "1"])
    try folder.optimize(options(), to: "out.tar")
    let entries = try index(folder)
    #expect(entries.count == 1)
    let members = entries[0]["annotations"]?.members ?? []
    #expect(
      Dictionary(members.map { ($0.key, $0.value.string) }, uniquingKeysWith: { $1 }) == [
        "io.containerd.image.name": "docker.io/library/todo:1",
        "org.opencontainers.image.ref.name": "1",
        "org.example": descriptor.contains("own") ? "own" : "outer",
      ])
    #expect(entries[0]["platform"]?["architecture"]?.string == "amd64")
    #expect(
      try ImageStore.open(folder.folder.file("out.tar")).references == [
        "docker.io/library/todo:1", "1",
      ])
  }

  /// Go's readers take `null` for absent.
  @Test func nullHidesNoName() throws {
    let folder = try folder(
      layerAnnotations: "", descriptor: #","platform":null,"annotations":null,"artifactType":null"#,
      above: #"{"org.opencontainers.image.ref.name":"todo:1"}"#)
    try folder.optimize(options(), to: "out.tar")
    #expect(try ImageStore.open(folder.folder.file("out.tar")).references == ["todo:1"])
    #expect(
      try index(folder).map { $0.members.map(\.key) } == [
        ["mediaType", "digest", "size", "annotations"]
      ])
  }

  /// Docker's own names stand in manifest.json alone.
  @Test func namesOfDockerBecomeEntries() throws {
    let image = TestImage(layers: [layer { $0.file("a", "1") }], references: ["todo:1", "todo:2"])
    let folder = try ImageFolder(image)
    try Data(image.dockerArchive(.docker25)).write(to: URL(fileURLWithPath: folder.image))
    try folder.optimize(options { $0.form = .ociArchive }, to: "out.tar")
    #expect(try index(folder).count == 2)
    #expect(
      try Set(ImageStore.open(folder.folder.file("out.tar")).references) == ["todo:1", "todo:2"])
  }

  /// A manifest may be as large as the user lets it be.
  @Test func aLargeManifestKeepsItsAnnotations() throws {
    let large = String(repeating: "x", count: 5 << 20)
    let folder = try folder(
      layerAnnotations: "", manifestAnnotations: #","annotations":{"org.example":"\#(large)"}"#)
    var limits = LayerLimits()
    limits.document = 16 << 20
    let choice = InspectionChoice(limits: limits)
    _ = try Optimizer.optimize(
      folder.image, to: folder.folder.file("out.tar"), options(), choice: choice)
    let manifest = try ImageStore.open(folder.folder.file("out.tar"), limits: limits).manifest
    #expect(try #require(manifest).count > large.utf8.count)
  }
}
