import ForgeBasics
import ForgeOptimizer
import Foundation
import Synchronization

/// One line on a terminal that says how far work on an image is, once it takes more than a second.
final class Progress: Sendable {
  private struct State {
    var step = ""
    var bytes: Int64 = 0
    var start = ContinuousClock.now
    /// When the line is due next.
    var next = ContinuousClock.now + .seconds(1)
    var isShown = false
  }

  private let state = Mutex(State())

  /// Nil where standard error is not a terminal.
  init?() {
    guard isatty(STDERR_FILENO) == 1, ProcessInfo.processInfo.environment["TERM"] != "dumb" else {
      return nil
    }
  }

  /// Counts the bytes that are read of an image, whose size unpacked nobody knows.
  func reading(_ image: String) -> @Sendable (Int) -> Void {
    let step =
      "reading \(image == "-" ? "standard input" : String(DisplayText.escape(image).prefix(60))):"
    return { [self] count in
      update { state, _ in
        state.step = step
        state.bytes += Int64(count)
        return nil
      }
    }
  }

  /// Says how much of a step is done, and when the rest will be.
  func show(_ progress: Optimizer.Progress) {
    update { state, now in
      if state.step != progress.step { (state.step, state.start) = (progress.step, now) }
      state.bytes = progress.done
      return progress.total
    }
  }

  /// Takes the line away.
  func clear() {
    state.withLock { state in
      if state.isShown { Self.show("") }
      state.isShown = false
    }
  }

  /// - Parameter change: returns how many bytes there are to do, where that is known.
  private func update(_ change: (inout State, ContinuousClock.Instant) -> Int64?) {
    state.withLock { state in
      let now = ContinuousClock.now
      let total = change(&state, now)
      guard now >= state.next else { return }
      state.next = now + .milliseconds(200)
      state.isShown = true
      let seconds = max((now - state.start) / .seconds(1), 0.001)
      let speed = Double(state.bytes) / seconds
      var line = "\(state.step) \(ByteCount.text(state.bytes))"
      if let total {
        line += " of \(ByteCount.text(total))"
        if speed > 0 { line += ", \(Int(Double(total - state.bytes) / speed)) s left" }
      } else {
        line += ", \(ByteCount.text(Int64(speed)))/s"
      }
      Self.show(line)
    }
  }

  /// Replaces the line: to its start, and away with what stood there.
  private static func show(_ line: String) {
    // A line that wraps could not be taken away.
    let room = max(Terminal.width(of: STDERR_FILENO) - 1, 0)
    StandardError.write("\r\u{1B}[K\(line.prefix(room))")
  }
}
