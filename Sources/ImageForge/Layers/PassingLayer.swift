import ForgeBasics
import Foundation
import Synchronization

/// A layer that is read while it is written: its bytes go in piece by piece, and are unpacked, hashed and taken apart
/// on other threads. Used by one thread; `finish` or `cancel` must be the last call.
package final class PassingLayer: ByteSource, @unchecked Sendable {
  // Buffers and counts are handed over by the semaphores; `result` is written before `ended`.
  private static let bufferSize = 256 << 10
  private static let bufferCount = 16

  private let buffers: [UnsafeMutableRawBufferPointer]
  /// Bytes in each buffer; 0 hits the end.
  private let counts = UnsafeMutableBufferPointer<Int>.allocate(capacity: bufferCount)
  private let free = DispatchSemaphore(value: 0)
  private let filled = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)
  /// Whether nobody reads any more.
  private let isDeaf = Atomic(false)
  private var result: Result<LayerScan, LayerError>?

  // Of the thread that writes.
  private var filling = 0
  private var held = 0
  private var isClosed = false
  private var length: Int64 = 0
  // Of the thread that reads.
  private var reading = 0
  private var taken = 0
  private var isAtEnd = false

  /// - Parameter known: the scan of a layer that should have the same uncompressed tar. The bytes are then unpacked, but
  ///   not taken apart again; whether it is the same tar, its fingerprint tells.
  /// - Note: the digests that the options expect count for nothing.
  package init(_ options: LayerScanOptions, known: LayerScan?) {
    buffers = (0..<Self.bufferCount).map { _ in .allocate(byteCount: Self.bufferSize, alignment: 64)
    }
    counts.initialize(repeating: 0)
    // A semaphore must not end below the value that it began with.
    for _ in buffers { free.signal() }
    let isStarted = Workers.start { [self] in
      result = Result { () throws(LayerError) in try scan(options, known) }
      isDeaf.store(true, ordering: .releasing)
      free.signal()
      ended.signal()
    }
    guard !isStarted else { return }
    result = .failure(
      .unreadable(
        layer: options.name ?? "the layer",
        reason: "there is no thread to be had; raise the limit of processes (ulimit -u, pids.max)"))
    isDeaf.store(true, ordering: .releasing)
    ended.signal()
  }

  deinit {
    for buffer in buffers { buffer.deallocate() }
    counts.deallocate()
  }

  /// Takes the next bytes of the blob; waits while the reader is behind.
  package func write(_ bytes: UnsafeRawBufferPointer) {
    length += Int64(bytes.count)
    var rest = bytes
    while !rest.isEmpty {
      guard held > 0 || startBuffer() else { return }
      let slot = filling % buffers.count
      let count = min(rest.count, Self.bufferSize - held)
      UnsafeMutableRawBufferPointer(rebasing: buffers[slot][held...]).copyBytes(
        from: rest.prefix(count))
      held += count
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      if held == Self.bufferSize { handOver() }
    }
  }

  /// Waits for the reader.
  /// - Returns: the scan of all that was written.
  package func finish() throws(LayerError) -> LayerScan {
    close()
    guard let result else { throw .unreadable(layer: "the layer", reason: "it was not read") }
    let scan = try result.get()
    return scan.restated(
      compression: scan.compression, digest: scan.digest, compressed: length,
      fingerprints: scan.fingerprints)
  }

  /// Ends the reader, when nobody wants the scan any more. Does nothing after `finish`.
  package func cancel() { close() }

  private func close() {
    guard !isClosed else { return }
    isClosed = true
    if held > 0 { handOver() }
    if startBuffer() { handOver() }
    ended.wait()
  }

  /// False where nobody reads any more.
  private func startBuffer() -> Bool {
    free.wait()
    guard isDeaf.load(ordering: .acquiring) else { return true }
    free.signal()
    return false
  }

  private func handOver() {
    counts[filling % buffers.count] = held
    filling += 1
    held = 0
    filled.signal()
  }

  // MARK: The thread that reads

  func read(into target: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    if isAtEnd { return 0 }
    let slot = reading % buffers.count
    if taken == 0 {
      filled.wait()
      if counts[slot] == 0 {
        isAtEnd = true
        return 0
      }
    }
    let count = min(target.count, counts[slot] - taken)
    target.copyBytes(from: buffers[slot][taken..<taken + count])
    taken += count
    if taken == counts[slot] {
      taken = 0
      reading += 1
      free.signal()
    }
    return count
  }

  private func scan(_ options: LayerScanOptions, _ known: LayerScan?) throws(LayerError)
    -> LayerScan
  {
    guard let known else { return try LayerReader.scan(self, length: .max, options) }
    return try LayerReader.recognize(
      known, self, name: options.name ?? "a layer", limits: options.limits)
  }
}
