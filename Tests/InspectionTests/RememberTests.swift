import ForgeBasics
import ForgeLayers
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ForgeInspection

/// A second inspection of an image that is as it was reads none of it; of one that is not, all.
@Suite struct RememberTests {
  /// An archive or layout in a folder with a cache, and how much was read of it.
  private struct Bench {
    /// Bytes.
    final class Counter: Sendable {
      let count = Mutex(0)
    }

    let folder: TemporaryFolder
    let read = Counter()
    var options = InspectionOptions()
    var path: String { folder.file("image") }

    init() throws {
      folder = try TemporaryFolder()
      options.cache = LayerCache(path: folder.file("cache"), trustsStamps: true)
      options.progress = { [read] count in read.count.withLock { $0 += count } }
    }

    func write(_ archive: [UInt8]) throws {
      try Data(archive).write(to: URL(filePath: path))
      settle()
    }

    /// Files that were written to a moment ago are not trusted.
    func settle() { Thread.sleep(forTimeInterval: 0.15) }

    /// The report, and the bytes of layers that were read for it.
    func report() throws -> (report: String, bytes: Int) {
      read.count.withLock { $0 = 0 }
      let report = try StableJSON.encode(Inspector.report(path, options: options))
      return (report, read.count.withLock { $0 })
    }

    /// Inspects twice: the second time gives the same and reads nothing.
    func expectRemembered(_ what: Comment) throws {
      let (first, second) = (try report(), try report())
      #expect(first.bytes > 0 && second.bytes == 0, what)
      #expect(first.report == second.report, what)
    }
  }

  /// The first layer is too large to be kept while an archive passes.
  private static func image(_ text: String = "1") -> TestImage {
    TestImage(layers: [
      layer { $0.file("a", String(repeating: text, count: 100_000)) },
      layer { $0.file("a", "2") },
    ])
  }

  @Test func everyForm() throws {
    for (what, archive) in [
      ("docker-archive", try Self.image().dockerArchive()),
      ("OCI archive", try Self.image().ociArchive()),
      ("gzip", try Compressor.gzip.compress(Self.image().dockerArchive())),
      ("zstd", try Compressor.zstd.compress(Self.image().ociArchive(compression: .none))),
    ] {
      let bench = try Bench()
      try bench.write(archive)
      try bench.expectRemembered("\(what)")
    }
    let bench = try Bench()
    try Self.image().writeOCILayout(to: bench.path)
    bench.settle()
    try bench.expectRemembered("layout")
  }

  @Test func aWriteIsNoticed() throws {
    let bench = try Bench()
    try bench.write(Compressor.gzip.compress(Self.image().dockerArchive()))
    let old = try bench.report()
    try bench.write(Compressor.gzip.compress(Self.image("3").dockerArchive()))
    let new = try bench.report()
    #expect(new.bytes > 0 && new.report != old.report)
    // Damage to what was seen before.
    var damaged = try Compressor.gzip.compress(Self.image().dockerArchive())
    damaged[damaged.count / 2] ^= 1
    try bench.write(damaged)
    #expect(throws: (any Error).self) { try bench.report() }
    #expect(throws: (any Error).self) { try bench.report() }
  }

  @Test func onlyTheSameQuestionIsAnswered() throws {
    var bench = try Bench()
    try bench.write(Compressor.gzip.compress(Self.image().dockerArchive()))
    _ = try bench.report()
    bench.options.selection.image = "todo:latest"
    #expect(try bench.report().bytes > 0)
    bench.options.selection.limits.entries = 1
    #expect(throws: LayerError.self) { try bench.report() }
    bench.options.selection.limits = LayerLimits()
    bench.options.selection.image = "other:latest"
    #expect(throws: (any Error).self) { try bench.report() }
    bench.options.selection.image = nil
    #expect(try bench.report().bytes == 0)
    bench.options.findsSecrets = true
    #expect(try bench.report().bytes > 0)
  }

  @Test func aJudgeReadsAnew() throws {
    var bench = try Bench()
    bench.options.cache?.trustsStamps = false
    try bench.write(Compressor.gzip.compress(Self.image().dockerArchive()))
    #expect(try bench.report().bytes > 0)
    #expect(try bench.report().bytes > 0)
  }

  @Test func damagedReportsReadAsAbsent() throws {
    let bench = try Bench()
    try bench.write(Compressor.gzip.compress(Self.image().dockerArchive()))
    let sound = try bench.report()
    let reports = try FileManager.default.contentsOfDirectory(atPath: bench.folder.file("cache"))
      .filter { $0.hasPrefix("report-") }
    #expect(!reports.isEmpty)
    for report in reports {
      let url = URL(filePath: bench.folder.file("cache/\(report)"))
      var bytes = try Data(contentsOf: url)
      bytes[bytes.count - 2] ^= 1
      try bytes.write(to: url)
    }
    let again = try bench.report()
    #expect(again.bytes > 0 && again.report == sound.report)
  }

  /// The name that the user gave, not the one of the first time.
  @Test func aHardlinkKeepsItsOwnName() throws {
    let bench = try Bench()
    try bench.write(Compressor.gzip.compress(Self.image().dockerArchive()))
    let link = bench.folder.file("link")
    try FileManager.default.linkItem(atPath: bench.path, toPath: link)
    bench.settle()
    _ = try bench.report()
    #expect(try Inspector.report(link, options: bench.options).image.source == link)
  }

  /// What an engine keeps is told by its ID.
  @Test func places() throws {
    let bench = try Bench()
    try bench.write(Self.image().dockerArchive())
    let report = try Inspector.inspect(bench.path)
    #expect(Inspector.cached(key: "podman 1", source: "podman:a", bench.options) == nil)
    Inspector.cache(report, key: "podman 1", bench.options)
    let known = try #require(
      Inspector.cached(key: "podman 1", source: "podman:a", bench.options))
    #expect(known.sizes == report.sizes && known.image.source == "podman:a")
    #expect(Inspector.cached(key: "podman 2", source: "podman:a", bench.options) == nil)
    var narrow = bench.options
    narrow.selection.limits.total = 1000
    #expect(Inspector.cached(key: "podman 1", source: "podman:a", narrow) == nil)
  }
}
