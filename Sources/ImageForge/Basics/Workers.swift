import Foundation
import Synchronization

/// Threads that may be refused. Dispatch and Foundation wait for ever for a thread that the system does not give
/// (RLIMIT_NPROC, pids.max of a container, address space): these say so, and the caller does the work itself.
package enum Workers {
  private final class Job {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }

  /// Runs `work` on a thread of its own.
  /// - Returns: false where there is no thread to be had; `work` is then not run.
  package static func start(_ work: @escaping @Sendable () -> Void) -> Bool {
    guard let thread = thread(work) else { return false }
    pthread_detach(thread)
    return true
  }

  /// A thread that runs `work`, to be joined or detached; nil where there is none to be had.
  private static func thread(_ work: @escaping @Sendable () -> Void) -> pthread_t? {
    let job = Unmanaged.passRetained(Job(work))
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    guard pthread_create(&thread, nil, run, job.toOpaque()) == 0 else {
      job.release()
      return nil
    }
    return thread
  }

  #if canImport(Darwin)
    private static let run: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = {
      Unmanaged<Job>.fromOpaque($0).takeRetainedValue().work()
      return nil
    }
  #else
    private static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
      {
        if let job = $0 { Unmanaged<Job>.fromOpaque(job).takeRetainedValue().work() }
        return nil
      }
  #endif

  /// Runs `work` for each number below `count`, on this thread and as many others as there are processors for, as far
  /// as there are threads to be had.
  package static func perform(_ count: Int, _ work: @Sendable (Int) -> Void) {
    let next = Atomic(0)
    @Sendable func serve() {
      while true {
        let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard turn < count else { return }
        work(turn)
      }
    }
    let helpers = min(count, ProcessInfo.processInfo.activeProcessorCount) - 1
    withoutActuallyEscaping(serve) { serve in
      var threads: [pthread_t] = []
      while threads.count < helpers, let thread = thread(serve) { threads.append(thread) }
      serve()
      // Joined, for until its thread has ended, the closure is in use.
      for thread in threads { pthread_join(thread, nil) }
    }
  }

  /// Whether this many threads can be had at the same time.
  package static func canStart(_ count: Int) -> Bool {
    let go = DispatchSemaphore(value: 0)
    let ended = DispatchSemaphore(value: 0)
    var started = 0
    while started < count,
      start({
        go.wait()
        ended.signal()
      })
    {
      started += 1
    }
    for _ in 0..<started { go.signal() }
    for _ in 0..<started { ended.wait() }
    return started == count
  }
}
