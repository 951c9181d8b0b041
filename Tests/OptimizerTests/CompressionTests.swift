import CZstd
import ForgeBasics
import ForgeImages
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

@Suite struct CompressionTests {
  static let all =
    [Compression.keep, .none] + (1...12).map { .gzip(level: $0) }
    + (1...19).map { .zstd(level: $0) }
    + (1...19).map { .zstdFrames(level: $0) }

  @Test(arguments: all, [1, 2, 16, 256])
  func threadsAreAsManyAsTheMemoryIsFor(_ compression: Compression, _ cores: Int) {
    let workers = compression.workers(cores: cores)
    #expect((1...cores).contains(workers))
    #expect(workers >= min(2, cores), "both cores of a small machine are used at every level")
    #expect(compression.memory(workers: workers) <= Compression.budget)
  }

  @Test func twoCompressorsLiveOnlyWhereTheMemoryIsForBoth() {
    #expect(!Compression.zstd(level: 3).isAlone(cores: 2))
    #expect(!Compression.gzip(level: 9).isAlone(cores: 2))
    #expect(Compression.zstd(level: 19).isAlone(cores: 2))
    #expect(Compression.zstd(level: 3).isAlone(cores: 16))
  }

  /// 9 MB of words: three pieces, three jobs.
  static let text: [UInt8] = {
    var state: UInt64 = 42
    func next() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 40)
    }
    let words = (0..<4000).map { _ in (0...next() % 9).map { _ in UInt8(97 + next() % 26) } + [32] }
    var text: [UInt8] = []
    while text.count < 9_000_000 { text += words[next() % words.count] }
    return text
  }()

  @Test(arguments: ["gzip:1", "gzip:10", "zstd:1", "zstd:10", "zstd-frames:3"])
  func bytesDoNotDependOnTheNumberOfThreads(_ name: String) throws {
    let compression = try #require(Compression(name))
    let results = try [1, 2, 3, 7].map { cores in
      let compressor = try ParallelCompressor(compression, cores: cores)
      #expect(compressor.workers == compression.workers(cores: cores))
      return try (0..<2).map { _ in
        var result: [UInt8] = []
        try Self.text.withUnsafeBytes { try compressor.write($0) { result += $0 } }
        try compressor.finish { result += $0 }
        return result
      }
    }
    #expect(results.allSatisfy { $0 == results[0] && $0[0] == $0[1] })
    #expect(results[0][0].count < Self.text.count / 2)
  }

  @Test(arguments: [3, 9, 12, 15, 17, 19])
  func threadsTakeNoMoreThanIsReckonedWith(_ level: Int) throws {
    let tables = ZstdTables(level: level)
    let context = try #require(ZSTD_createCCtx())
    defer { ZSTD_freeCCtx(context) }
    tables.apply(to: context, level: level)
    let input = Self.text
    var output = [UInt8](repeating: 0, count: ZSTD_compressBound(input.count))
    let size = input.count / (level > 9 ? 4 : 1)
    #expect(ZSTD_isError(ZSTD_compress2(context, &output, output.count, input, size)) == 0)
    #expect(ZSTD_sizeof_CCtx(context) <= tables.memory + 1_000_000)
  }

  /// A docker-archive may have its layers in anything; OCI has no media type for these.
  @Test(arguments: [Compressor.xz, .bzip2], [false, true])
  func whatOCIHasNoTypeForIsGzipped(_ compressor: Compressor, isReproducible: Bool) throws {
    let image = TestImage(layers: [layer { $0.file("a", "1", modified: 1) }])
    let folder = try ImageFolder(image)
    let name = "\(Digest.sha256(image.layers[0]).hex).tar"
    let files: [ArchiveFile] = [
      .bytes(name, try compressor.compress(image.layers[0])),
      .bytes("config.json", image.configBytes),
      .file("manifest.json", TestImage.dockerManifest([("config.json", [], [name])])),
    ]
    try Data(files.tar()).write(to: URL(fileURLWithPath: folder.image))
    let change: (inout OptimizationOptions) -> Void = { $0.epoch = isReproducible ? 6 : nil }
    let report = try folder.optimize(
      options {
        change(&$0)
        $0.form = .ociArchive
      }, to: "out.tar")
    #expect(
      report.notices.contains { $0.contains("OCI has no media type") && $0.hasSuffix(": layers 0") }
    )
    let layer = try #require(try ImageStore.open(folder.folder.file("out.tar")).layers.first)
    #expect(layer.mediaType.hasSuffix("tar+gzip"))
    #expect(try folder.optimize(options(), to: "same.tar").layers.map(\.unchanged) == [true])
  }

  /// A member of an archive has a name of 100 bytes, which a SHA-512 is longer than.
  @Test(arguments: [ImageForm.ociArchive, .ociLayout, .dockerArchive], [Compressor.none, .gzip])
  func layersNamedBySHA512AreNamedBySHA256(form: ImageForm, compressor: Compressor) throws {
    let image = TestImage(layers: [layer { $0.file("a", "1") }])
    let folder = try ImageFolder(image)
    let blob = try compressor.compress(image.layers[0])
    func digest(_ bytes: [UInt8]) -> Digest { Digest.of(bytes, algorithm: .sha512) }
    let type = "application/vnd.oci.image.layer.v1.tar" + (compressor == .gzip ? "+gzip" : "")
    let config = Array(
      #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["\#(digest(image.layers[0]))"]}}"#
        .utf8)
    let manifest = Array(
      """
      {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":\
      \(TestImage.descriptor("application/vnd.oci.image.config.v1+json", config)),\
      "layers":[{"mediaType":"\(type)","digest":"\(digest(blob))","size":\(blob.count)}]}
      """.utf8)
    let files = ArchiveFile.ociLayout(
      blobs: [.bytes("blobs/sha512/\(digest(blob).hex)", blob), .blob(config), .blob(manifest)],
      manifests: [TestImage.descriptor("application/vnd.oci.image.manifest.v1+json", manifest)])
    try Data(files.tar()).write(to: URL(fileURLWithPath: folder.image))
    let report = try folder.optimize(options { $0.form = form }, to: "out")
    #expect(
      report.notices.contains { $0.contains("SHA-512: layers 0") } == (form != .dockerArchive))
    #expect(try Verification.compare(folder.image, folder.folder.file("out")).isSame)
  }

  /// A layer that stands in forge's form already is told from others by nothing, not even by who compressed it.
  @Test func whoCompressedALayerIsGone() throws {
    let input = TestImage(layers: [
      layer { $0.file("a", String(repeating: "text ", count: 5_000), modified: 1) }
    ])
    let own = try ImageFolder(input)
    try own.optimize(options { $0.epoch = 6 }, to: "own.tar")
    let tar = try ReadImage(ImageStore.open(own.folder.file("own.tar")))
    let bytes = try tar.image.layers[0].blob.bytes(count: Int(tar.image.layers[0].size))
    let results = try [["-1"], ["-9"]].map { level in
      let folder = try ImageFolder(TestImage(layers: [bytes]))
      let blob = try Shell.run(["gzip", "-n", "-c"] + level, input: bytes)
      let image = TestImage(layers: [bytes])
      let manifest = TestImage.dockerManifest([("config.json", [], ["layer.tar"])])
      let files: [ArchiveFile] = [
        .bytes("layer.tar", blob), .bytes("config.json", image.configBytes),
        .file("manifest.json", manifest),
      ]
      try Data(files.tar()).write(to: URL(fileURLWithPath: folder.image))
      try folder.optimize(options { $0.epoch = 6 }, to: "out.tar")
      return try folder.bytes("out.tar")
    }
    #expect(results[0] == results[1])
  }
}
