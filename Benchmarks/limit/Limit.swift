import CIsal
import CZstd
import Crypto
import ForgeImages
import ForgeLayers
import Foundation
import Synchronization

/// What an inspection cannot go below: every layer decompressed by the fastest decoder here, and the SHA-256 of the
/// same bytes, on all cores; nothing is parsed, kept or compared.
///
///     forge-limit IMAGE
@main
enum Limit {
  static let chunk = 256 << 10

  static func main() throws {
    guard CommandLine.arguments.count == 2 else { throw Problem("usage: forge-limit IMAGE") }
    let image = try ImageStore.open(CommandLine.arguments[1])
    // The largest first, so that no core waits long for the last one.
    let layers = image.layers.sorted { $0.size > $1.size }
    let total = Atomic<Int>(0)
    let problems = Mutex<[Problem]>([])
    DispatchQueue.concurrentPerform(iterations: layers.count) { index in
      do {
        total.add(try hash(layers[index].blob), ordering: .relaxed)
      } catch {
        problems.withLock { $0.append(error as? Problem ?? Problem("\(error)")) }
      }
    }
    if let problem = problems.withLock({ $0.first }) { throw problem }
    print("\(layers.count) layers, \(total.load(ordering: .relaxed)) bytes")
  }

  /// Bytes of the uncompressed layer.
  private static func hash(_ blob: Blob) throws -> Int {
    let magic = try blob.bytes(count: 4)
    let source = Source(blob)
    var hash = SHA256()
    var count = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 64)
    defer { buffer.deallocate() }
    func take(_ bytes: UnsafeRawBufferPointer) {
      hash.update(bufferPointer: bytes)
      count += bytes.count
    }
    if magic.starts(with: [0x1F, 0x8B]) {
      try inflate(source, buffer, take)
    } else if magic.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
      try unzstd(source, buffer, take)
    } else {
      while case let bytes = try source.next(), !bytes.isEmpty { take(UnsafeRawBufferPointer(bytes)) }
    }
    _ = hash.finalize()
    return count
  }

  private static func inflate(
    _ source: Source, _ buffer: UnsafeMutableRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Void
  ) throws {
    let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
    defer { state.deallocate() }
    isal_inflate_init(state)
    state.pointee.crc_flag = UInt32(ISAL_GZIP)
    while true {
      if state.pointee.avail_in == 0 {
        let bytes = try source.next()
        if bytes.isEmpty { return }
        state.pointee.next_in = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        state.pointee.avail_in = UInt32(bytes.count)
      }
      state.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
      state.pointee.avail_out = UInt32(buffer.count)
      guard isal_inflate(state) >= 0 else { throw Problem("a layer is damaged") }
      take(UnsafeRawBufferPointer(rebasing: buffer[..<(buffer.count - Int(state.pointee.avail_out))]))
      if state.pointee.block_state == ISAL_BLOCK_FINISH {
        // The next member.
        isal_inflate_reset(state)
        state.pointee.crc_flag = UInt32(ISAL_GZIP)
      }
    }
  }

  private static func unzstd(
    _ source: Source, _ buffer: UnsafeMutableRawBufferPointer, _ take: (UnsafeRawBufferPointer) -> Void
  ) throws {
    guard let context = ZSTD_createDCtx() else { throw Problem("out of memory") }
    defer { ZSTD_freeDCtx(context) }
    while case let bytes = try source.next(), !bytes.isEmpty {
      var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
      var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
      repeat {
        output.pos = 0
        guard ZSTD_isError(ZSTD_decompressStream(context, &output, &input)) == 0 else {
          throw Problem("a layer is damaged")
        }
        take(UnsafeRawBufferPointer(rebasing: buffer[..<output.pos]))
      } while input.pos < input.size || output.pos == output.size
    }
  }
}

/// The bytes of a blob, piece by piece.
private final class Source {
  private let blob: Blob
  private var position: Int64 = 0
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Limit.chunk, alignment: 64)

  init(_ blob: Blob) { self.blob = blob }

  deinit { buffer.deallocate() }

  func next() throws -> UnsafeMutableRawBufferPointer {
    let count = try blob.read(at: position, into: buffer)
    position += Int64(count)
    return UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
  }
}

private struct Problem: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
