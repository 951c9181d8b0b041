import Dispatch
import Foundation
import Synchronization

/// Ctrl-C for a command line: SIGINT and SIGTERM become cancellation of a task.
public enum Interruption {
  /// Runs `body`. The first SIGINT or SIGTERM cancels it, so that it can undo what it did; the second kills the
  /// engines that still run and ends the process as the signal would have.
  ///
  /// Takes over the two signals of the process while it runs; to be used by one command at a time.
  public static func run<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let task = Task { try await body() }
    let signals = Signals()
    let sources = [SIGINT, SIGTERM].map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global(qos: .userInitiated))
      source.setEventHandler {
        if signals.isFirst() {
          task.cancel()
        } else {
          RunningChild.killAll()
          signal(number, SIG_DFL)
          kill(getpid(), number)
        }
      }
      source.activate()
      return source
    }
    defer { sources.forEach { $0.cancel() } }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}

private final class Signals: Sendable {
  private let haveCome = Mutex(false)

  /// True once.
  func isFirst() -> Bool {
    haveCome.withLock { come in
      defer { come = true }
      return !come
    }
  }
}
