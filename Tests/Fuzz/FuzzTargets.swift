import ForgeBasics
import ForgeLayers
import Foundation

@testable import ForgeImages
@testable import ForgeInspection

/// libFuzzer's driver (compiler-rt, FuzzerDriver.cpp): never returns before its time is over.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ takeInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Gives one reader one input after the other: whatever the bytes, it gives a value or one of its own errors. The
/// environment's FORGE_FUZZ_TARGET picks the reader; the arguments are libFuzzer's.
@main
enum Fuzz {
  static func main() {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    _ = FuzzTarget.chosen
    exit(runDriver(&count, &arguments, takeInput))
  }
}

/// Under the name by which libFuzzer's own entry, which is linked too, would look for it.
@_cdecl("LLVMFuzzerTestOneInput")
public func takeInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}

enum FuzzTarget: String {
  case tar, gzip, zstd, json, manifest, archive

  static let chosen: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["FORGE_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
      print("FORGE_FUZZ_TARGET must be tar, gzip, zstd, json, manifest or archive")
      exit(2)
    }
    return target
  }()

  func run(_ bytes: [UInt8]) {
    switch self {
    case .tar: layer(bytes)
    case .gzip: drain([0x1F, 0x8B] + bytes)
    case .zstd: drain([0x28, 0xB5, 0x2F, 0xFD] + bytes)
    case .json:
      for options in [JSON.Options.image, .project] {
        _ = try? JSON.parse(SourceText(name: "a.json", bytes: bytes), options)
      }
    case .manifest: manifest(bytes)
    case .archive: archive(bytes)
    }
  }

  private func blob(_ bytes: [UInt8]) -> Blob { Blob(whole: BlobFile(bytes, name: "fuzz")) }

  private var options: LayerScanOptions {
    var limits = LayerLimits()
    limits.total = 64 << 20
    limits.unpacked = 64 << 20
    return LayerScanOptions(name: "fuzz", limits: limits) { _ in 100 }
  }

  /// A layer, stacked upon itself.
  private func layer(_ bytes: [UInt8]) {
    guard let scan = try? LayerReader.scan(blob(bytes), options: options) else { return }
    guard scan.unpacked >= 512, let root = try? RootFilesystem([scan, scan]) else { return }
    let summary = Summary(root) { _ in 0 }
    precondition(summary.sizes.stored == summary.sizes.rootfs + summary.sizes.wasted)
  }

  private func drain(_ bytes: [UInt8]) {
    guard let stream = try? BlobStream(blob(bytes), name: "fuzz") else { return }
    var total = 0
    while total < 16 << 20, let piece = try? stream.bytes(count: 1 << 16), !piece.isEmpty { total += piece.count }
  }

  private func manifest(_ bytes: [UInt8]) {
    guard let document = try? Document(source: "fuzz", name: "fuzz", bytes: bytes) else { return }
    _ = try? Manifest(document, mediaType: MediaType.ociManifest)
    _ = try? ImageIndex(document, mediaType: nil)
    _ = try? ImageConfig(document)
  }

  /// The members of an archive, at offsets and as a stream: both must be the same.
  private func archive(_ bytes: [UInt8]) {
    let directory = try? TarDirectory(blob(bytes), name: "fuzz")
    guard let stream = try? StreamedArchive(blob(bytes), name: "fuzz", options: options), stream.compression == .none
    else { return }
    let streamed = try? TarDirectory(stream, name: "fuzz")
    precondition(directory?.members.map(\.path) == streamed?.members.map(\.path))
    precondition(directory?.hasDataAfterEnd == streamed?.hasDataAfterEnd)
  }
}
