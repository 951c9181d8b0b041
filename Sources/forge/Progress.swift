import Foundation
import ImageForge
import Synchronization

/// One line on a terminal that says how far the reading of an image is, once it takes more than a second.
final class Progress: Sendable {
  private struct State {
    var bytes: Int64 = 0
    var isShown = false
    /// When the line is due next.
    var next: ContinuousClock.Instant
  }

  private let name: String
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  /// Nil where standard error is not a terminal.
  init?(of image: String) {
    guard isatty(STDERR_FILENO) == 1, ProcessInfo.processInfo.environment["TERM"] != "dumb" else { return nil }
    name = image == "-" ? "standard input" : DisplayText.escape(image)
    state = Mutex(State(next: start + .seconds(1)))
  }

  /// Counts bytes that were read.
  var add: @Sendable (Int) -> Void {
    { [self] count in
      let line = state.withLock { state -> String? in
        state.bytes += Int64(count)
        let now = ContinuousClock.now
        guard now >= state.next else { return nil }
        state.next = now + .milliseconds(200)
        state.isShown = true
        let seconds = Double((now - start) / .milliseconds(1)) / 1000
        let speed = ByteCount.text(Int64(Double(state.bytes) / max(seconds, 0.001)))
        return "reading \(name.prefix(60)): \(ByteCount.text(state.bytes)), \(speed)/s"
      }
      if let line { Self.show(line) }
    }
  }

  /// Takes the line away.
  func clear() {
    if state.withLock({ $0.isShown }) { Self.show("") }
  }

  /// Replaces the line: to its start, and away with what stood there.
  private static func show(_ line: String) { FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8)) }
}
