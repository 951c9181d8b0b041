import ForgeBasics
import ForgeLayers

@testable import ForgeImages
@testable import ForgeInspection

/// A reader that takes whatever bytes it is given.
enum FuzzTarget: String, CaseIterable, Sendable {
  case tar, gzip, zstd, json, manifest, archive
  case toml, yaml, json5, javascript, python, dockerfile, ignore, lockfile, policy

  /// Gives the reader these bytes; whether it could read them.
  @discardableResult func run(_ bytes: [UInt8]) -> Bool {
    switch self {
    case .tar: layer(bytes)
    case .gzip: drain([0x1F, 0x8B] + bytes)
    case .zstd: drain([0x28, 0xB5, 0x2F, 0xFD] + bytes)
    case .json: json(bytes)
    case .manifest: manifest(bytes)
    case .archive: archive(bytes)
    default: read(bytes)
    }
  }

  private func json(_ bytes: [UInt8]) -> Bool {
    let text = SourceText(name: "a.json", bytes: bytes)
    let (image, project) = (try? JSON.parse(text, .image), try? JSON.parse(text, .project))
    precondition(image == nil || project != nil)
    return project != nil
  }

  private func blob(_ bytes: [UInt8]) -> Blob { Blob(whole: MemoryReader(bytes, name: "fuzz")) }

  private var options: LayerScanOptions {
    var limits = LayerLimits()
    limits.total = 64 << 20
    limits.unpacked = 64 << 20
    return LayerScanOptions(name: "fuzz", limits: limits) { _ in 100 }
  }

  /// A layer, stacked upon itself.
  private func layer(_ bytes: [UInt8]) -> Bool {
    guard let scan = try? LayerReader.scan(blob(bytes), options: options) else { return false }
    guard scan.unpacked >= 512, let root = try? RootFilesystem([scan, scan]) else { return true }
    let summary = Summary(root) { _ in 0 }
    precondition(summary.sizes.stored == summary.sizes.rootfs + summary.sizes.wasted)
    precondition(summary.waste.reduce(0) { $0 + $1.bytes } == summary.sizes.wasted)
    return true
  }

  private func drain(_ bytes: [UInt8]) -> Bool {
    do {
      let stream = try DecompressedStream(blob(bytes), name: "fuzz")
      var total = 0
      while total < 16 << 20 {
        let count = try stream.bytes(count: 1 << 16).count
        if count == 0 { break }
        total += count
      }
      return true
    } catch { return false }
  }

  private func manifest(_ bytes: [UInt8]) -> Bool {
    guard let document = try? Document(source: "fuzz", name: "fuzz", bytes: bytes) else {
      return false
    }
    let manifest = try? Manifest(document, mediaType: MediaType.ociManifest)
    let index = try? ImageIndex(document, mediaType: nil)
    let config = try? ImageConfig(document)
    return manifest != nil || index != nil || config != nil
  }

  /// The members of an archive, at offsets and as a stream: both must be the same.
  private func archive(_ bytes: [UInt8]) -> Bool {
    let directory = try? TarDirectory(blob(bytes), name: "fuzz")
    guard let stream = try? StreamedArchive(blob(bytes), name: "fuzz", options: options),
      stream.compression == .none
    else { return false }
    let streamed = try? TarDirectory(stream, name: "fuzz")
    precondition(directory?.members.map(\.path) == streamed?.members.map(\.path))
    precondition(directory?.hasDataAfterEnd == streamed?.hasDataAfterEnd)
    return directory != nil
  }
}
