import CDeflate
import CZstd
import ForgeBasics
import ForgeLayers
import Foundation
import Synchronization

/// How layers are compressed in the output.
public enum Compression: Sendable, Equatable, CustomStringConvertible {
  /// Layers that stay keep their bytes; those that are written again are compressed as before.
  case keep
  case none
  /// Level 1 to 12, of libdeflate.
  case gzip(level: Int)
  /// Level 1 to 19: one frame.
  case zstd(level: Int)
  /// The same in frames of 4 MiB, which can be unpacked side by side.
  case zstdFrames(level: Int)

  public static let defaultGzipLevel = 9
  public static let defaultZstdLevel = 9

  /// Reads `keep`, `none`, `gzip`, `gzip:12`, `zstd:19`, `zstd-frames:9`. Nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let level = parts.count == 2 ? Int(parts[1]) : nil
    guard parts.count == 1 || level != nil else { return nil }
    switch parts[0] {
    case "keep" where level == nil: self = .keep
    case "none" where level == nil: self = .none
    case "gzip" where (1...12).contains(level ?? 1): self = .gzip(level: level ?? Self.defaultGzipLevel)
    case "zstd" where (1...19).contains(level ?? 1): self = .zstd(level: level ?? Self.defaultZstdLevel)
    case "zstd-frames" where (1...19).contains(level ?? 1): self = .zstdFrames(level: level ?? Self.defaultZstdLevel)
    default: return nil
    }
  }

  public var description: String {
    switch self {
    case .keep: "keep"
    case .none: "none"
    case .gzip(let level): "gzip:\(level)"
    case .zstd(let level): "zstd:\(level)"
    case .zstdFrames(let level): "zstd-frames:\(level)"
    }
  }

  /// What a layer that was compressed so is compressed with when it has to be written again.
  func resolved(for layer: LayerCompression) -> Compression {
    guard self == .keep else { return self }
    switch layer {
    case .none: return .none
    case .zstd: return .zstd(level: Self.defaultZstdLevel)
    case .gzip, .xz, .bzip2: return .gzip(level: Self.defaultGzipLevel)
    }
  }

  var algorithm: LayerCompression {
    switch self {
    case .keep, .none: .none
    case .gzip: .gzip
    case .zstd, .zstdFrames: .zstd
    }
  }
}

/// Compresses a stream on all cores: the same bytes for the same input, however many cores there are.
///
/// Pieces of 4 MiB are compressed side by side, each to a gzip member or a zstd frame of its own, and written in
/// order; a single zstd frame is made by libzstd's own threads. After `finish` it is ready for the next stream.
final class ParallelCompressor {
  static let pieceSize = 4 << 20
  /// Takes compressed bytes, in order, on the thread that calls `write` and `finish`.
  typealias Output = (UnsafeRawBufferPointer) throws -> Void

  let compression: Compression
  private let cores = max(1, ProcessInfo.processInfo.activeProcessorCount)
  private let ring: PieceRing
  private var slots: [PieceSlot] { ring.slots }
  /// Pieces since the first stream: the one that is being filled, the oldest that is not yet written, and the first of
  /// this stream.
  private var filling = 0
  private var written = 0
  private var first = 0
  private var stream: ZstdFrame?

  init(_ compression: Compression) throws {
    self.compression = compression
    var slots: [PieceSlot] = []
    switch compression {
    case .keep, .none: break
    case .zstd(let level): stream = try ZstdFrame(level: level, workers: cores)
    case .gzip, .zstdFrames: for _ in 0..<min(cores + 2, 10) { slots.append(try PieceSlot(compression)) }
    }
    ring = PieceRing(slots)
    if !slots.isEmpty { for _ in 0..<cores { Thread { [ring] in ring.serve() }.start() } }
  }

  deinit {
    // No worker may be left behind with a slot's memory.
    while written < filling {
      slots[written % slots.count].done.wait()
      written += 1
    }
    ring.close(threads: cores)
  }

  func write(_ bytes: UnsafeRawBufferPointer, to output: Output) throws {
    if let stream { return try stream.write(bytes, to: output) }
    guard !slots.isEmpty else { return try output(bytes) }
    var rest = bytes
    while !rest.isEmpty {
      let slot = slots[filling % slots.count]
      let taken = slot.fill(rest)
      rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
      if slot.isFull { try dispatch(output) }
    }
  }

  func finish(to output: Output) throws {
    if let stream { return try stream.finish(to: output) }
    guard !slots.isEmpty else { return }
    if slots[filling % slots.count].count > 0 || filling == first { try dispatch(output) }
    while written < filling { try take(output) }
    first = filling
  }

  private func dispatch(_ output: Output) throws {
    ring.filled.signal()
    filling += 1
    // The next slot to fill must be free.
    if filling - written == slots.count { try take(output) }
  }

  private func take(_ output: Output) throws {
    let slot = slots[written % slots.count]
    slot.done.wait()
    written += 1
    defer { slot.count = 0 }
    guard let bytes = slot.result else { throw OptimizerError.resources("the compressor failed") }
    try output(bytes)
  }
}

/// The slots, and what the threads that serve them share.
private final class PieceRing: Sendable {
  let slots: [PieceSlot]
  let filled = DispatchSemaphore(value: 0)
  private let next = Atomic(0)
  private let isClosed = Atomic(false)

  init(_ slots: [PieceSlot]) { self.slots = slots }

  /// Compresses one slot after the other, as they are filled.
  func serve() {
    while true {
      filled.wait()
      if isClosed.load(ordering: .acquiring) { return }
      slots[next.wrappingAdd(1, ordering: .relaxed).oldValue % slots.count].compress()
    }
  }

  /// Ends the threads; no slot may be filled.
  func close(threads: Int) {
    isClosed.store(true, ordering: .releasing)
    for _ in 0..<threads { filled.signal() }
  }
}

/// One piece on its way through a compressor. Owns its buffers and the C state.
private final class PieceSlot: @unchecked Sendable {
  // Handed over by the ring on the way in, and by `done` on the way out.
  let done = DispatchSemaphore(value: 0)
  var count = 0
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: ParallelCompressor.pieceSize, alignment: 64)
  private let output: UnsafeMutableRawBufferPointer
  private var produced = 0
  private let deflate: OpaquePointer?
  private let zstd: OpaquePointer?

  init(_ compression: Compression) throws {
    let size = ParallelCompressor.pieceSize
    switch compression {
    case .gzip(let level):
      deflate = libdeflate_alloc_compressor(Int32(level))
      zstd = nil
      output = .allocate(byteCount: libdeflate_gzip_compress_bound(deflate, size), alignment: 64)
    case .zstdFrames(let level):
      deflate = nil
      zstd = ZSTD_createCCtx()
      if let zstd {
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, Int32(level))
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1)
      }
      output = .allocate(byteCount: ZSTD_compressBound(size), alignment: 64)
    default:
      (deflate, zstd) = (nil, nil)
      output = .allocate(byteCount: 1, alignment: 1)
    }
    guard deflate != nil || zstd != nil else { throw OptimizerError.resources("no memory for the compressor") }
  }

  deinit {
    if let deflate { libdeflate_free_compressor(deflate) }
    if let zstd { ZSTD_freeCCtx(zstd) }
    input.deallocate()
    output.deallocate()
  }

  var isFull: Bool { count == input.count }

  /// Takes as many bytes as fit; returns how many.
  func fill(_ bytes: UnsafeRawBufferPointer) -> Int {
    let taken = min(bytes.count, input.count - count)
    if taken > 0, let target = input.baseAddress, let source = bytes.baseAddress {
      (target + count).copyMemory(from: source, byteCount: taken)
    }
    count += taken
    return taken
  }

  func compress() {
    if let deflate {
      produced = libdeflate_gzip_compress(deflate, input.baseAddress, count, output.baseAddress, output.count)
    } else if let zstd {
      let size = ZSTD_compress2(zstd, output.baseAddress, output.count, input.baseAddress, count)
      produced = ZSTD_isError(size) == 0 ? size : 0
    }
    done.signal()
  }

  /// Nil when compressing failed.
  var result: UnsafeRawBufferPointer? {
    produced > 0 ? UnsafeRawBufferPointer(rebasing: output[..<produced]) : nil
  }
}

/// One zstd frame, made by several threads. Owns the C state.
private final class ZstdFrame {
  /// Bytes that a thread compresses at a time. High levels would take up to 32 MiB, and memory in proportion, to save
  /// some 0.3 %.
  private static let jobSize: Int32 = 8 << 20

  private let context: OpaquePointer
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)

  init(level: Int, workers: Int) throws {
    guard let context = ZSTD_createCCtx() else { throw OptimizerError.resources("no memory for the compressor") }
    self.context = context
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    // From one thread up the bytes do not depend on their number; without any they do.
    ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, Int32(max(1, workers)))
    ZSTD_CCtx_setParameter(context, ZSTD_c_jobSize, Self.jobSize)
  }

  deinit {
    ZSTD_freeCCtx(context)
    buffer.deallocate()
  }

  func write(_ bytes: UnsafeRawBufferPointer, to output: (UnsafeRawBufferPointer) throws -> Void) throws {
    var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
    while source.pos < source.size { _ = try step(&source, ZSTD_e_continue, output) }
  }

  func finish(to output: (UnsafeRawBufferPointer) throws -> Void) throws {
    var source = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
    while try step(&source, ZSTD_e_end, output) != 0 {}
  }

  private func step(
    _ source: inout ZSTD_inBuffer, _ directive: ZSTD_EndDirective,
    _ output: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> Int {
    var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    let rest = ZSTD_compressStream2(context, &target, &source, directive)
    guard ZSTD_isError(rest) == 0 else {
      throw OptimizerError.resources("zstd failed: \(String(cString: ZSTD_getErrorName(rest)))")
    }
    if target.pos > 0 { try output(UnsafeRawBufferPointer(rebasing: buffer[..<target.pos])) }
    return rest
  }
}
