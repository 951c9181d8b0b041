import Foundation
import ImageForge
import Synchronization

/// One line on standard error, only on a terminal, for work over a second: bytes, and the time that is left.
final class ProgressMeter: Sendable {
  private struct State {
    var step = ""
    var start = ContinuousClock.now
    var shown = ContinuousClock.now
    var isVisible = false
  }

  private let state = Mutex(State())
  private let isTerminal = isatty(STDERR_FILENO) == 1

  func show(_ progress: Optimizer.Progress) {
    guard isTerminal else { return }
    state.withLock { state in
      let now = ContinuousClock.now
      if state.step != progress.step { (state.step, state.start) = (progress.step, now) }
      let elapsed = now - state.start
      guard elapsed > .seconds(1), now - state.shown > .milliseconds(200) else { return }
      state.shown = now
      state.isVisible = true
      let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
      let left = progress.done > 0 ? seconds * Double(progress.total - progress.done) / Double(progress.done) : 0
      let line =
        "\(progress.step) \(ByteCount.text(progress.done)) of \(ByteCount.text(progress.total)), \(Int(left)) s left"
      FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8))
    }
  }

  /// Takes the line away.
  func clear() {
    state.withLock { state in
      if state.isVisible { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
      state.isVisible = false
    }
  }
}
