import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import Foundation
import TestSupport
import Testing

@testable import ForgeMinimizer
@testable import ForgeOptimizer
@testable import ForgeWriting

/// One layer's tar.
func layer(_ body: (inout TarBuilder) -> Void) -> [UInt8] { TarBuilder.make(body) }

/// A folder with an image in it, `image.tar`.
struct ImageFolder {
  let folder: TemporaryFolder
  var image: String { folder.file("image.tar") }

  init(_ image: TestImage, oci: Compressor? = nil) throws {
    folder = try TemporaryFolder()
    let bytes = try oci.map { try image.ociArchive(compression: $0) } ?? image.dockerArchive()
    try Data(bytes).write(to: URL(fileURLWithPath: self.image))
  }

  init(_ layers: [[UInt8]], oci: Compressor? = nil) throws {
    try self.init(TestImage(layers: layers), oci: oci)
  }

  func read() throws -> ReadImage { try ReadImage(ImageStore.open(image)) }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
  }

  /// Optimizes to `name`, and checks that the input is as it was.
  @discardableResult
  func optimize(_ options: OptimizationOptions, from source: String = "image.tar", to name: String)
    throws
    -> OptimizationReport
  {
    let before = try bytes(source)
    let (report, _) = try Optimizer.optimize(folder.file(source), to: folder.file(name), options)
    #expect(try bytes(source) == before)
    return report
  }
}

func options(_ change: (inout OptimizationOptions) -> Void = { _ in }) -> OptimizationOptions {
  var options = OptimizationOptions()
  change(&options)
  return options
}

/// Every pass alone, and passes together.
let allOptions: [(name: String, options: OptimizationOptions)] = [
  ("waste", options()),
  ("squash", options { ($0.waste, $0.squash) = (false, .all) }),
  ("squash and waste", options { $0.squash = .all }),
  ("dedupe", options { ($0.waste, $0.dedupe) = (false, true) }),
  ("reproducible", options { ($0.waste, $0.epoch) = (false, 6) }),
  ("all", options { ($0.dedupe, $0.epoch, $0.squash) = (true, 6, .all) }),
  ("layers kept apart", options { ($0.dedupe, $0.epoch) = (true, 6) }),
]
