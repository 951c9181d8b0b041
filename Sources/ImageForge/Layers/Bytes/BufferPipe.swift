import ForgeBasics
import Foundation
import Synchronization

/// A few buffers between the thread that decompresses a layer and the one that hashes and reads it, so that both
/// cores work on one layer.
final class BufferPipe: @unchecked Sendable {
  // What a buffer holds is handed over by the semaphores; `failure` is written before the last `filled`.
  static let bufferSize = 256 << 10
  private static let bufferCount = 6

  private let stream: any LayerStream
  private let buffers: [UnsafeMutableRawBufferPointer]
  /// Bytes in each buffer. Memory of its own, as an array must not be read while another thread writes to it.
  private let counts = UnsafeMutableBufferPointer<Int>.allocate(capacity: bufferCount)
  private var failure: LayerError?
  private let free = DispatchSemaphore(value: 0)
  private let filled = DispatchSemaphore(value: 0)
  private let finished = DispatchSemaphore(value: 0)
  private let isCancelled = Atomic(false)

  /// Takes over `stream`: nobody else may read from it.
  init(_ stream: any LayerStream) {
    self.stream = stream
    buffers = (0..<Self.bufferCount).map { _ in .allocate(byteCount: Self.bufferSize, alignment: 64)
    }
    counts.initialize(repeating: 0)
    for _ in buffers { free.signal() }
  }

  deinit {
    for buffer in buffers { buffer.deallocate() }
    counts.deallocate()
  }

  /// Hands the whole stream, piece by piece, to `consume`. Every piece but the last fills its buffer.
  func drain(_ consume: (UnsafeRawBufferPointer) throws(LayerError) -> Void) throws(LayerError) {
    let isStarted = Workers.start { [self] in
      produce()
      finished.signal()
    }
    // Without a second thread, this one does both, one after the other.
    guard isStarted else { return try drainAlone(consume) }
    defer { finished.wait() }
    for index in 0... {
      filled.wait()
      let slot = index % buffers.count
      let count = counts[slot]
      do throws(LayerError) {
        if count == 0 {
          if let failure { throw failure }
          return
        }
        try consume(UnsafeRawBufferPointer(rebasing: buffers[slot][..<count]))
      } catch {
        isCancelled.store(true, ordering: .releasing)
        free.signal()
        throw error
      }
      free.signal()
    }
  }

  private func drainAlone(
    _ consume: (UnsafeRawBufferPointer) throws(LayerError) -> Void
  ) throws(LayerError) {
    while true {
      let count = try stream.read(into: buffers[0])
      if count == 0 { return }
      try consume(UnsafeRawBufferPointer(rebasing: buffers[0][..<count]))
    }
  }

  private func produce() {
    for index in 0... {
      free.wait()
      if isCancelled.load(ordering: .acquiring) { return }
      let slot = index % buffers.count
      do throws(LayerError) {
        counts[slot] = try stream.read(into: buffers[slot])
      } catch {
        counts[slot] = 0
        failure = error
      }
      let isLast = counts[slot] == 0
      filled.signal()
      if isLast { return }
    }
  }
}
