import CDeflate
import CZstd
import ForgeBasics
import Foundation
import Synchronization

/// Compresses a stream on all cores that its memory allows: the same bytes for the same input, however many these are.
///
/// Pieces of 4 MiB are compressed side by side, each to a gzip member or a zstd frame of its own, and written in
/// order; a single zstd frame is made by libzstd's own threads. After `finish` it is ready for the next stream.
final class ParallelCompressor {
  /// Takes compressed bytes, in order, on the thread that calls `write` and `finish`.
  typealias Output = (UnsafeRawBufferPointer) throws -> Void

  let compression: Compression
  let workers: Int
  private let ring: PieceRing
  private var slots: [PieceSlot] { ring.slots }
  /// Pieces since the first stream: the one that is being filled, the oldest that is not yet written, and the first of
  /// this stream.
  private var filling = 0
  private var written = 0
  private var first = 0
  private var stream: ZstdFrame?

  init(_ compression: Compression, cores: Int = ProcessInfo.processInfo.activeProcessorCount) throws
  {
    self.compression = compression
    workers = compression.workers(cores: cores)
    switch compression {
    case .keep, .none: ring = PieceRing([])
    case .zstd(let level):
      stream = try ZstdFrame(level: level, workers: workers)
      ring = PieceRing([])
    case .gzip, .zstdFrames:
      let compressors = try (0..<workers).map { _ in try PieceCompressor(compression) }
      let capacity = compressors.map(\.bound).max() ?? 0
      ring = PieceRing((0..<workers + 2).map { _ in PieceSlot(capacity) })
      let started = compressors.count { compressor in
        Workers.start { [ring] in ring.serve(compressor) }
      }
      guard started > 0 else {
        throw WritingError.resources(
          "there is no thread to be had for the compressor; raise the limit of processes")
      }
    }
  }

  deinit {
    // No worker may be left behind with a slot's memory.
    while written < filling {
      slots[written % slots.count].done.wait()
      written += 1
    }
    ring.close(threads: workers)
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
    guard let bytes = slot.result else { throw WritingError.resources("the compressor failed") }
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
  func serve(_ compressor: PieceCompressor) {
    while true {
      filled.wait()
      if isClosed.load(ordering: .acquiring) { return }
      slots[next.wrappingAdd(1, ordering: .relaxed).oldValue % slots.count].compress(compressor)
    }
  }

  /// Ends the threads; no slot may be filled.
  func close(threads: Int) {
    isClosed.store(true, ordering: .releasing)
    for _ in 0..<threads { filled.signal() }
  }
}

/// What compresses one piece at a time. Owns the C state.
private final class PieceCompressor: @unchecked Sendable {
  // Only ever used by one thread.
  private let deflate: OpaquePointer?
  private let zstd: OpaquePointer?
  /// The most bytes that a piece can become.
  let bound: Int

  init(_ compression: Compression) throws {
    let size = Compression.pieceSize
    switch compression {
    case .gzip(let level):
      (deflate, zstd) = (libdeflate_alloc_compressor(Int32(level)), nil)
      bound = libdeflate_gzip_compress_bound(deflate, size)
    case .zstdFrames(let level):
      (deflate, zstd) = (nil, ZSTD_createCCtx())
      bound = ZSTD_compressBound(size)
      if let zstd { ZstdTables(level: level, size: size).apply(to: zstd, level: level) }
    default:
      (deflate, zstd, bound) = (nil, nil, 0)
    }
    guard deflate != nil || zstd != nil else {
      throw WritingError.resources("no memory for the compressor")
    }
  }

  deinit {
    if let deflate { libdeflate_free_compressor(deflate) }
    if let zstd { ZSTD_freeCCtx(zstd) }
  }

  /// - Returns: how many bytes it became; 0 when that failed.
  func compress(_ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer) -> Int {
    if let deflate {
      return libdeflate_gzip_compress(
        deflate, input.baseAddress, input.count, output.baseAddress, output.count)
    }
    let size = ZSTD_compress2(
      zstd, output.baseAddress, output.count, input.baseAddress, input.count)
    return ZSTD_isError(size) == 0 ? size : 0
  }
}

/// One piece on its way through a compressor. Owns its buffers.
private final class PieceSlot: @unchecked Sendable {
  // Handed over by the ring on the way in, and by `done` on the way out.
  let done = DispatchSemaphore(value: 0)
  var count = 0
  private let input = UnsafeMutableRawBufferPointer.allocate(
    byteCount: Compression.pieceSize, alignment: 64)
  private let output: UnsafeMutableRawBufferPointer
  private var produced = 0

  init(_ capacity: Int) { output = .allocate(byteCount: capacity, alignment: 64) }

  deinit {
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

  func compress(_ compressor: PieceCompressor) {
    produced = compressor.compress(UnsafeRawBufferPointer(rebasing: input[..<count]), to: output)
    done.signal()
  }

  /// Nil when compressing failed.
  var result: UnsafeRawBufferPointer? {
    produced > 0 ? UnsafeRawBufferPointer(rebasing: output[..<produced]) : nil
  }
}

/// One zstd frame, made by several threads. Owns the C state.
private final class ZstdFrame {
  private let context: OpaquePointer
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)

  init(level: Int, workers: Int) throws {
    guard let context = ZSTD_createCCtx() else {
      throw WritingError.resources("no memory for the compressor")
    }
    self.context = context
    ZstdTables(level: level).apply(to: context, level: level)
    // From one thread up the bytes do not depend on their number; without any they do.
    ZSTD_CCtx_setParameter(context, ZSTD_c_nbWorkers, Int32(workers))
    ZSTD_CCtx_setParameter(context, ZSTD_c_jobSize, Int32(ZstdTables.jobSize(level)))
  }

  deinit {
    ZSTD_freeCCtx(context)
    buffer.deallocate()
  }

  func write(_ bytes: UnsafeRawBufferPointer, to output: (UnsafeRawBufferPointer) throws -> Void)
    throws
  {
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
      throw WritingError.resources("zstd failed: \(String(cString: ZSTD_getErrorName(rest)))")
    }
    if target.pos > 0 { try output(UnsafeRawBufferPointer(rebasing: buffer[..<target.pos])) }
    return rest
  }
}
