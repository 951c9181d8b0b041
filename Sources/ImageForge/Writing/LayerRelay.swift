import ForgeBasics
import Foundation
import Synchronization

/// Keeps two layers under way at a time: while the last bytes of one are compressed and read back, which no longer
/// fills all cores, the next one is fed. Layers are fed one after the other, and written one after the other.
final class LayerRelay: @unchecked Sendable {
  // All but `condition` is used only while it is locked.
  private let condition = NSCondition()
  /// Layers that were fed, and that were written, to their last byte.
  private var fed = 0
  private var written = 0
  private var failure: (any Error)?

  /// Thrown where another layer failed, so that this one is not wanted any more.
  private struct Abandoned: Error {}

  /// One layer's place in the order.
  struct Turn: Sendable {
    fileprivate let relay: LayerRelay
    let index: Int

    /// Until all layers before it are fed.
    func waitToFeed() throws { try relay.wait { relay.fed >= index } }

    func didFeed() { relay.change { relay.fed = index + 1 } }

    /// Until all layers before it are written.
    func waitToWrite() throws { try relay.wait { relay.written >= index } }
  }

  /// Runs `body` for each of `count` layers, on one thread for those of even and one for those of odd number.
  /// - Parameter body: calls `waitToFeed`, `didFeed` and `waitToWrite`, in this order.
  /// - Throws: the first error.
  static func run<Value: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Turn) throws -> Value
  ) throws -> [Value] {
    let relay = LayerRelay()
    let values = Mutex<[Int: Value]>([:])
    @Sendable func lane(_ first: Int, of lanes: Int) {
      for index in stride(from: first, to: count, by: lanes) {
        do {
          let value = try body(Turn(relay: relay, index: index))
          values.withLock { $0[index] = value }
          relay.change { relay.written = index + 1 }
        } catch {
          relay.change { relay.failure = relay.failure ?? error }
          return
        }
      }
    }
    let ended = DispatchSemaphore(value: 0)
    let hasTwo = Workers.canStart(2)
    var started = 0
    for first in 0..<2 where hasTwo {
      let isStarted = Workers.start {
        yieldRarely()
        lane(first, of: 2)
        ended.signal()
      }
      // A thread that was there a moment ago is gone: the other lane would wait for this one.
      if isStarted { started += 1 } else { lane(first, of: 2) }
    }
    if !hasTwo { lane(0, of: 1) }
    for _ in 0..<started { ended.wait() }
    if let failure = relay.failure { throw failure }
    return values.withLock { values in values.sorted { $0.key < $1.key }.map(\.value) }
  }

  /// Lets this thread, and those that it starts, run on when another one becomes ready. More threads than there are
  /// cores hand small pieces to each other; a compressor that gives way to each of them finds its tables gone from the
  /// core's cache.
  private static func yieldRarely() {
    #if os(Linux)
      // SCHED_BATCH, which Swift does not import, is 3. Where it is refused, only time is lost.
      var parameters = sched_param()
      _ = sched_setscheduler(0, 3, &parameters)
    #endif
  }

  private func change(_ body: () -> Void) {
    condition.lock()
    body()
    condition.broadcast()
    condition.unlock()
  }

  private func wait(until isReached: () -> Bool) throws {
    condition.lock()
    defer { condition.unlock() }
    while failure == nil, !isReached() { condition.wait() }
    if failure != nil { throw Abandoned() }
  }
}
