import ForgeBasics
import ForgeBuilds
import Foundation
import Synchronization

/// A line an image on a terminal: its name, what is done, and for how long. Rewritten in place while the build runs;
/// the last state stays.
final class BuildDisplay: Sendable {
  private struct Row {
    let name: String
    var stage: BuildProgress.Stage
    var start: ContinuousClock.Instant?
    var end: ContinuousClock.Instant?
  }

  private struct State {
    var rows: [Row] = []
    /// How many lines stand on the terminal.
    var shown = 0
    var isOver = false
  }

  private let state = Mutex(State())

  /// Nil where standard error is not a terminal, or one that cannot move its cursor.
  init?() {
    let environment = ProcessInfo.processInfo.environment
    guard isatty(STDERR_FILENO) == 1, environment["TERM"] != "dumb", environment["CI"] == nil else {
      return nil
    }
    Task.detached { [weak self] in
      while let display = self, display.redraw() {
        try? await Task.sleep(for: .milliseconds(300))
      }
    }
  }

  var update: @Sendable (BuildProgress) -> Void {
    { [self] progress in
      state.withLock { state in
        let index =
          state.rows.firstIndex { $0.name == progress.name }
          ?? {
            state.rows.append(Row(name: progress.name, stage: .waiting))
            return state.rows.count - 1
          }()
        state.rows[index].stage = progress.stage
        let now = ContinuousClock.now
        if case .waiting = progress.stage { return }
        if state.rows[index].start == nil { state.rows[index].start = now }
        if progress.stage == .done || progress.stage == .failed { state.rows[index].end = now }
      }
    }
  }

  /// Prints a line above those of the images.
  func print(_ line: String) {
    state.withLock { state in
      Self.write(Self.erase(state.shown))
      state.shown = 0
      StandardError.print(line)
      Self.draw(&state)
    }
  }

  /// Leaves the lines as they are now.
  func end() {
    state.withLock { state in
      guard !state.isOver else { return }
      Self.draw(&state)
      state.isOver = true
    }
  }

  /// False when there is nothing to draw any more.
  private func redraw() -> Bool {
    state.withLock {
      if !$0.isOver { Self.draw(&$0) }
      return !$0.isOver
    }
  }

  private static func draw(_ state: inout State) {
    let width = max(Terminal.width(of: STDERR_FILENO), 20)
    let names = state.rows.map { DisplayText.escape($0.name) }
    let longest = min(names.map(\.count).max() ?? 0, 30)
    var text = erase(state.shown)
    for (row, name) in zip(state.rows, names) {
      let time = row.start.map { start in
        let seconds = ((row.end ?? .now) - start).components.seconds
        return seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
      }
      let left =
        name.prefix(longest).padding(toLength: longest, withPad: " ", startingAt: 0) + "  "
        + what(row.stage)
      let right = time ?? ""
      let room = max(width - right.count - 2, 10)
      let cut = left.count > room ? left.prefix(room - 1) + "…" : left[...]
      text +=
        cut + String(repeating: " ", count: max(width - 1 - cut.count - right.count, 1)) + right
        + "\n"
    }
    state.shown = state.rows.count
    write(text)
  }

  private static func what(_ stage: BuildProgress.Stage) -> String {
    switch stage {
    case .waiting: "waiting"
    case .building(let step):
      step.map { "step \($0.split { $0.isWhitespace }.joined(separator: " "))" } ?? "starting"
    case .inspecting: "opening the image"
    case .done: "built"
    case .failed: "FAILED"
    }
  }

  /// To the first of the lines that stand there, and away with them.
  private static func erase(_ lines: Int) -> String {
    lines > 0 ? "\u{1B}[\(lines)A\r\u{1B}[J" : ""
  }

  private static func write(_ text: String) {
    if !text.isEmpty { StandardError.write(text) }
  }
}
