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
    change(&options.limits)
    let archive = try Self.image.ociArchive(compression: .none)
    let file = try #require(throws: (any Error).self) {
      try withArchive(archive) { try Inspector.inspect($0, options: options) }
    }
    let piped = try #require(throws: (any Error).self) { try inspectPiped(archive, options: options) }
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
        if flag == "--max-path", error is ImageError { continue }  // The archive's own names are longer.
        #expect("\(error)".hasSuffix("raise \(flag)"), "\(error)")
        #expect(error.exitCode == .unreadableInput)
      }
    }
  }

  /// A gzip bomb: a thousand times its size, in a layer and around the archive.
  @Test(.timeLimit(.minutes(5))) func bombs() throws {
    let zeros = [UInt8](repeating: 0, count: 64 << 20)
    let bomb = layer { $0.add("zeros", data: zeros) }
    var options = InspectionOptions()
    options.limits.total = 10 << 20
    options.limits.unpacked = 10 << 20
    for archive in [
      try TestImage(layers: [bomb]).ociArchive(), try TestImage(layers: [bomb]).ociArchive(compression: .zstd),
      try Compressor.gzip.compress(TestImage(layers: [bomb]).dockerArchive()),
    ] {
      #expect(archive.count < 2 << 20)
      for error in [
        try #require(throws: LayerError.self) {
          try withArchive(archive) { try Inspector.inspect($0, options: options) }
        }, try #require(throws: LayerError.self) { try inspectPiped(archive, options: options) },
      ] {
        #expect("\(error)".hasSuffix("raise --max-layer"), "\(error)")
      }
    }
  }
}
