import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeInspection

/// Every budget is a limit of its own, from a file and through a pipe.
@Suite struct BudgetTests {
  private static let image = TestImage(layers: [
    layer { $0.file("a/long/path/to/a/file", String(repeating: "x", count: 100_000)) },
    layer { tar in
      tar.pax([("path", "b"), ("SCHILY.xattr.user.a", String(repeating: "v", count: 3000))])
      tar.file("cut", String(repeating: "y", count: 100_000))
    },
  ])

  private func failure(_ change: (inout LayerLimits) -> Void) throws -> [any ForgeError] {
    var options = InspectionOptions()
    change(&options.selection.limits)
    let archive = try Self.image.ociArchive(compression: .none)
    let file = try #require(throws: (any Error).self) {
      try withArchive(archive) { try Inspector.inspect($0, options: options) }
    }
    let piped = try #require(throws: (any Error).self) {
      try inspectPiped(archive, options: options)
    }
    return try [file, piped].map { try #require($0 as? any ForgeError) }
  }

  @Test func each() throws {
    let budgets: [(flag: String, change: (inout LayerLimits) -> Void)] = [
      ("--max-unpacked", { $0.total = 200_000 }),
      ("--max-layer", { $0.unpacked = 90_000 }),
      ("--max-entries", { $0.entries = 1 }),
      ("--max-path", { $0.path = 20 }),
      ("--max-header", { $0.header = 2000 }),
      ("--max-layers", { $0.layers = 1 }),
      ("--max-json", { $0.document = 100 }),
    ]
    for (flag, change) in budgets {
      for error in try failure(change) {
        // The archive's own names are longer.
        if flag == "--max-path", error is ImageError { continue }
        #expect("\(error)".hasSuffix("raise \(flag)"), "\(error)")
        #expect(error.exitCode == .unreadableInput)
      }
    }
  }

  /// Bombs that no header declares: zeros behind the end of a layer, or of the archive, and a member that is no layer.
  @Test(.timeLimit(.minutes(5))) func undeclaredBombs() throws {
    let image = TestImage(layers: [layer { $0.file("a", "1") }])
    let zeros = [UInt8](repeating: 0, count: 16 << 20)
    var options = InspectionOptions()
    options.selection.limits.total = 10 << 20
    for compressor in [Compressor.gzip, .zstd] {
      // Members and frames may follow one another: 12 GB in a few MB.
      let piece = try compressor.compress(zeros)
      let bomb = [[UInt8]](repeating: piece, count: 800).flatMap { $0 }
      #expect(bomb.count < 16 << 20)
      let behindLayer = try manifest(
        of: image, layer: compressor.compress(image.layers[0]) + bomb, compressor)
      let behindArchive = try compressor.compress(image.dockerArchive()) + bomb
      var junk = TarBuilder()
      junk.add("junk", size: 12 << 30) { block in
        block.replaceSubrange(124..<136, with: [0x80, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0])
      }
      let member = try compressor.compress(junk.bytes) + bomb
      for (what, archive) in [
        ("layer", behindLayer), ("archive", behindArchive), ("member", member),
      ] {
        for read in [
          { try withArchive(archive) { try Inspector.inspect($0, options: options) } },
          { try inspectPiped(archive, options: options) },
        ] {
          let start = ContinuousClock.now
          let error = try #require(throws: (any Error).self) { try read() } as? any ForgeError
          #expect(error?.exitCode == .unreadableInput)
          #expect(
            error?.remedy?.hasSuffix("raise --max-unpacked") == true,
            "\(what): \(String(describing: error))")
          // To unpack it all takes a minute in a debug build.
          #expect(ContinuousClock.now - start < .seconds(20), "\(what)")
        }
      }
    }
  }

  /// To the byte: what the layers unpack to, and what an archive has that must be read to find them.
  @Test func toTheByte() throws {
    let archive = try Self.image.ociArchive(compression: .gzip)
    let unpacked = try withArchive(archive) { try Inspector.inspect($0) }.sizes.unpacked
    func reads(_ total: Int64, _ read: (InspectionOptions) throws -> Inspection) -> Bool {
      var options = InspectionOptions()
      options.selection.limits.total = total
      return (try? read(options)) != nil
    }
    // The blobs are far smaller than what they hold, so the archive around them is below the budget.
    #expect(archive.count < unpacked)
    for (budget, fits) in [(unpacked, true), (unpacked - 1, false)] {
      #expect(
        reads(budget) { options in
          try withArchive(archive) { try Inspector.inspect($0, options: options) }
        } == fits)
      #expect(reads(budget) { try inspectPiped(archive, options: $0) } == fits)
    }
    let plain = try Self.image.dockerArchive()
    #expect(reads(Int64(plain.count)) { try inspectPiped(plain, options: $0) })
    #expect(!reads(Int64(plain.count) - 1) { try inspectPiped(plain, options: $0) })
  }

  /// What passes and turns out to be broken has cost as much as any other layer.
  @Test func brokenLayersCount() throws {
    var random = SeededBytes(seed: 6)
    // Beyond what is kept in memory, so that each is read while it passes.
    let noise = random.bytes(100_000)
    var broken = try Compressor.gzip.compress(
      layer { tar in
        tar.add("noise", data: noise)
        tar.add("zeros", data: [UInt8](repeating: 0, count: 4 << 20))
      })
    broken[broken.count - 5] ^= 0xFF
    let archive = try
      ((0..<3).map { ArchiveFile.file("junk\($0)", broken) } + Self.image.dockerFiles()).tar()
    var options = InspectionOptions()
    options.selection.limits.total = 13 << 20
    _ = try inspectPiped(archive, options: options)
    options.selection.limits.total = 12 << 20
    let error = try #require(throws: (any Error).self) {
      try inspectPiped(archive, options: options)
    }
    #expect(
      (error as? any ForgeError)?.remedy?.hasSuffix("raise --max-unpacked") == true, "\(error)")
  }

  /// An OCI archive whose only layer is this blob.
  private func manifest(of image: TestImage, layer: [UInt8], _ compressor: Compressor) throws
    -> [UInt8]
  {
    let type = "application/vnd.oci.image.manifest.v1+json"
    let layerText = TestImage.descriptor(
      "application/vnd.oci.image.layer.v1.tar+\(compressor.rawValue)", layer)
    let config = TestImage.descriptor("application/vnd.oci.image.config.v1+json", image.configBytes)
    let manifest = Array(#"{"schemaVersion":2,"config":\#(config),"layers":[\#(layerText)]}"#.utf8)
    return ArchiveFile.ociLayout(
      blobs: [layer, image.configBytes, manifest].map(ArchiveFile.blob),
      manifests: [TestImage.descriptor(type, manifest)]
    ).tar()
  }

  /// A gzip bomb: a thousand times its size, in a layer and around the archive.
  @Test(.timeLimit(.minutes(5))) func bombs() throws {
    let zeros = [UInt8](repeating: 0, count: 64 << 20)
    let bomb = layer { $0.add("zeros", data: zeros) }
    var options = InspectionOptions()
    options.selection.limits.total = 20 << 20
    options.selection.limits.unpacked = 10 << 20
    for archive in [
      try TestImage(layers: [bomb]).ociArchive(),
      try TestImage(layers: [bomb]).ociArchive(compression: .zstd),
      try Compressor.gzip.compress(TestImage(layers: [bomb]).dockerArchive()),
    ] {
      #expect(archive.count < 2 << 20)
      for error in [
        try #require(throws: (any Error).self) {
          try withArchive(archive) { try Inspector.inspect($0, options: options) }
        }, try #require(throws: (any Error).self) { try inspectPiped(archive, options: options) },
      ] {
        #expect("\(error)".hasSuffix("raise --max-layer"), "\(error)")
      }
    }
  }
}
