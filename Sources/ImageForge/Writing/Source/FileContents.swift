import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import Foundation
import Synchronization

/// The bytes of the files of an image, at random: from the layers as they stand, or from unpacked copies without a name.
package final class FileContents {
  private let image: ReadImage
  /// By layer: its uncompressed tar.
  private var tars: [Int: Blob] = [:]
  private var scratch: [ScratchFile] = []

  package init(_ image: ReadImage) {
    self.image = image
    tars = image.tars
  }

  /// What files are known by.
  package var notes: ContentNotes { image.notes }

  /// Makes the files of these layers readable, side by side.
  package func prepare(_ layers: Set<Int>) throws {
    let image = image
    let missing = layers.subtracting(tars.keys).sorted()
    let results = Mutex<[Int: Result<ScratchBox?, any Error>]>([:])
    Workers.perform(missing.count) { turn in
      let layer = missing[turn]
      let result = Result { () throws in
        image.scans[layer].compression == .none
          ? nil : ScratchBox(file: try Self.unpack(layer, of: image))
      }
      results.withLock { $0[layer] = result }
    }
    for (layer, result) in results.withLock({ $0 }) {
      if let box = try result.get() {
        scratch.append(box.file)
        tars[layer] = try box.file.finished()
      } else {
        tars[layer] = try image.image.layers[layer].blob
      }
    }
  }

  /// Handed from one thread to the next.
  private struct ScratchBox: @unchecked Sendable {
    let file: ScratchFile
  }

  private static func unpack(_ layer: Int, of image: ReadImage) throws -> ScratchFile {
    let file = try ScratchFile(in: AtomicFile.scratchFolder)
    let stream = try DecompressedStream(image.image.layers[layer].blob, name: "layer \(layer)")
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = try stream.read(into: buffer)
      if count == 0 { break }
      guard file.position + Int64(count) <= image.scans[layer].unpacked else {
        throw WritingError.changed("layer \(layer)")
      }
      try file.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    try file.flush()
    return file
  }

  /// The content of a regular entry; its layer must be prepared.
  package func blob(_ origin: FileTree.Origin) throws -> Blob {
    let (layer, index) = (Int(origin.layer), Int(origin.index))
    guard let tar = tars[layer] else { throw WritingError.changed("layer \(layer)") }
    let scan = image.scans[layer]
    return tar.part(at: scan.contents[index].offset, count: scan.entries[index].size)
  }

  /// All bytes of a file of moderate size.
  package func bytes(_ origin: FileTree.Origin, limit: Int = 64 << 20) throws -> [UInt8] {
    try prepare([Int(origin.layer)])
    let blob = try blob(origin)
    return try blob.bytes(count: min(limit, Int(blob.length)))
  }
}
