import ForgeBasics
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import ForgeLayers

/// A blob of bytes in memory, in a file that has no name any more.
func blob(_ bytes: [UInt8], before: Int = 0, after: Int = 0) throws -> Blob {
  try Shell.withTemporaryFolder { folder in
    let file = try FileDescriptor.open(
      FilePath(folder + "/layer"), .readWrite, options: [.create], permissions: [.ownerReadWrite])
    _ = try file.writeAll(
      [UInt8](repeating: 0xAA, count: before) + bytes + [UInt8](repeating: 0xAA, count: after))
    return Blob(
      reader: try FileReader(taking: file, name: "layer"), offset: Int64(before),
      length: Int64(bytes.count))
  }
}

func scan(_ bytes: [UInt8], _ options: LayerScanOptions = .init()) throws -> LayerScan {
  try LayerReader.scan(blob(bytes, before: 3, after: 5), options: options)
}

extension LayerScan {
  /// The paths, in order.
  var paths: [String] { entries.indices.map { String(decoding: entries.path($0), as: UTF8.self) } }
  func link(_ index: Int) -> String { String(decoding: entries.link(index), as: UTF8.self) }
  var kinds: [LayerEntry.Kind] { entries.map(\.kind) }
  func anomaly(_ kind: LayerAnomaly.Kind) -> LayerAnomaly? { anomalies.first { $0.kind == kind } }
}

/// The error of a scan that must fail.
func failure(_ bytes: [UInt8], _ options: LayerScanOptions = .init()) throws -> LayerError {
  try #require(throws: LayerError.self) { try scan(bytes, options) }
}
