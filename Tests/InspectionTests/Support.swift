import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeInspection

/// One layer's tar.
func layer(_ body: (inout TarBuilder) -> Void) -> [UInt8] { TarBuilder.make(body) }

func withArchive<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
  try Shell.withTemporaryFolder { folder in
    let path = folder + "/image.tar"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return try body(path)
  }
}

/// The same as `inspect`, with every file at hand.
func open(_ layers: [[UInt8]], config: TestConfig = TestConfig()) throws -> InspectedImage {
  let opened = try withArchive(TestImage(layers: layers, config: config).dockerArchive()) {
    try Inspector.open($0)
  }
  checkAccounts(opened.inspection)
  return opened
}

/// Inspects an image of these layers, and checks what holds for every image.
func inspect(_ layers: [[UInt8]], config: TestConfig = TestConfig()) throws -> Inspection {
  let inspection = try withArchive(TestImage(layers: layers, config: config).dockerArchive()) {
    try Inspector.inspect($0)
  }
  checkAccounts(inspection)
  return inspection
}

/// Every stored byte is visible or has its row.
func checkAccounts(_ inspection: Inspection, _ what: Comment? = nil) {
  let sizes = inspection.sizes
  #expect(sizes.stored == sizes.rootfs + sizes.wasted, what)
  #expect(inspection.waste.reduce(0) { $0 + $1.bytes } == sizes.wasted, what)
  #expect(inspection.layers.reduce(0) { $0 + $1.stored } == sizes.stored, what)
  #expect(inspection.layers.reduce(0) { $0 + $1.wasted } == sizes.wasted, what)
  // Every visible byte has one owner, and every wasted one one cause.
  #expect(inspection.owners.reduce(0) { $0 + $1.bytes } == sizes.rootfs, what)
  #expect(inspection.owners.allSatisfy { 0 <= $0.base && $0.base <= $0.bytes }, what)
  #expect(inspection.wasteByCause.reduce(0) { $0 + $1.bytes } == sizes.wasted, what)
  for cause in inspection.wasteByCause {
    #expect(cause.steps.reduce(0) { $0 + $1.bytes } == cause.bytes, what)
    #expect(cause.steps.reduce(0) { $0 + $1.files } == cause.files, what)
  }
  for layer in inspection.layers {
    let rows = inspection.waste.filter { $0.layer == layer.index }
    #expect(rows.reduce(0) { $0 + $1.bytes } == layer.wasted, what)
  }
  #expect(inspection.waste.allSatisfy { $0.bytes > 0 && $0.hiddenBy >= $0.layer }, what)
}

/// `cause path bytes layer>hiddenBy`, as in the report.
func rows(_ inspection: Inspection) -> [String] {
  inspection.waste.map { "\($0.cause.rawValue) \($0.path) \($0.bytes) \($0.layer)>\($0.hiddenBy)" }
}

/// The paths of visible instances, sorted.
func visiblePaths(_ inspection: Inspection) -> [String] {
  inspection.details.files.filter(\.visible).map { String(decoding: $0.path, as: UTF8.self) }
    .sorted()
}

/// The layers' contents, with the bytes of every file.
func scans(_ layers: [[UInt8]]) throws -> [LayerScan] {
  try withArchive(TestImage(layers: layers).dockerArchive()) { path in
    try ImageStore.open(path).layers.map {
      try LayerReader.scan($0.content, options: LayerScanOptions(capture: { _ in 1 << 20 }))
    }
  }
}
