import Dispatch
import Foundation
import Synchronization

/// Ctrl-C for a command line: SIGINT and SIGTERM become cancellation of a task.
public enum Interruption {
  /// Runs `body`. The first SIGINT or SIGTERM cancels it, so that it can undo what it did; the second kills the
  /// engines that still run, removes half archives, and ends the process as the signal would have. What the engines
  /// themselves hold, such as working containers, then stays.
  ///
  /// Takes over the two signals of the process while it runs; to be used by one command at a time.
  public static func run<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let signals = Signals()
    let sources = [SIGINT, SIGTERM].map { number in
      let source = DispatchSource.makeSignalSource(
        signal: number, queue: .global(qos: .userInitiated))
      source.setEventHandler { signals.arrived(number) }
      source.activate()
      return source
    }
    defer { for source in sources { source.cancel() } }
    let task = Task { try await body() }
    signals.onFirst { task.cancel() }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}

private final class Signals: Sendable {
  private struct State {
    var hasArrived = false
    var action: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  func onFirst(_ action: @escaping @Sendable () -> Void) {
    let isLate = state.withLock {
      $0.action = action
      return $0.hasArrived
    }
    if isLate { action() }
  }

  func arrived(_ number: Int32) {
    let (isFirst, action) = state.withLock { state in
      defer { state.hasArrived = true }
      return (!state.hasArrived, state.action)
    }
    if isFirst {
      action?()
    } else {
      RunningChild.killAll()
      PendingArchive.discardAll()
      signal(number, SIG_DFL)
      kill(getpid(), number)
    }
  }
}
