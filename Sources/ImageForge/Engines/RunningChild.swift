import Foundation
import Synchronization

/// A started program and how it is stopped.
///
/// The child leads a session of its own, so that a terminal's Ctrl-C reaches forge alone and forge decides the order:
/// a build whose step dies undoes itself, a build that is itself killed cannot.
final class RunningChild: Sendable {
  enum StopPlan: Sendable {
    /// First end the build step and let the engine remove its working containers by itself: podman dies of a signal
    /// without doing so, and buildah does between two steps.
    case stepsFirst
    /// Interrupt the program; docker passes it on to its daemon, which owns the build.
    case interrupt
    /// Let it end: what it writes into a store must not be left half.
    case finish

    /// What the program is told first.
    fileprivate var signal: Int32 {
      switch self {
      case .interrupt: SIGINT
      case .stepsFirst, .finish: SIGTERM
      }
    }
  }

  enum StopReason: Sendable { case cancelled, timedOut }

  private struct State {
    var pid: pid_t?
    var hasEnded = false
    var reason: StopReason?
    var stopping: Task<Void, Never>?
  }

  private let state = Mutex(State())
  private let plan: StopPlan

  init(plan: StopPlan) { self.plan = plan }

  /// To be called as soon as the program runs.
  func started(_ pid: pid_t) {
    if plan != .finish { Self.running.withLock { _ = $0.insert(pid) } }
    state.withLock {
      $0.pid = pid
      // Cancelled while it was being started.
      if $0.reason != nil { $0.stopping = Task { await self.end(pid) } }
    }
  }

  /// Stops the program; returns at once. The first reason counts.
  func stop(_ reason: StopReason) {
    if plan == .finish, reason == .cancelled { return }
    state.withLock {
      guard $0.reason == nil, !$0.hasEnded else { return }
      $0.reason = reason
      if let pid = $0.pid { $0.stopping = Task { await self.end(pid) } }
    }
  }

  /// To be called when the program has ended and is reaped. Waits until whatever it left running is gone too.
  func ended() async -> StopReason? {
    let (reason, stopping) = state.withLock {
      $0.hasEnded = true
      if let pid = $0.pid { Self.running.withLock { _ = $0.remove(pid) } }
      return ($0.reason, $0.stopping)
    }
    await stopping?.value
    return reason
  }

  private var hasEnded: Bool { state.withLock { $0.hasEnded } }

  // MARK: Stopping

  private func end(_ leader: pid_t) async {
    var seen: Set<ProcessIdentity> = []
    if plan == .stepsFirst {
      let start = ContinuousClock.now
      // Without any step to end for so long, it pulls or commits: that is not waited for.
      await wait(.seconds(4)) {
        let isLate = ContinuousClock.now - start > .milliseconds(1500)
        seen.formUnion(endSteps(of: leader, isLate: isLate))
        return isLate && seen.isEmpty
      }
    }
    if !hasEnded {
      seen.formUnion(ProcessTable.descendants(of: leader))
      kill(-leader, plan.signal)
      await wait(.seconds(3)) { false }
    }
    if !hasEnded {
      seen.formUnion(ProcessTable.descendants(of: leader))
      kill(-leader, SIGKILL)
    }
    for process in seen where ProcessTable.isAlive(process) { kill(process.pid, SIGKILL) }
  }

  /// Ends what an engine started for a build step, and returns it.
  ///
  /// From the top down: a shell whose command dies first may go on and end well, and the engine would keep the half
  /// step as a good layer. A runtime of containers is asked to end, and given time, since it has to remove them.
  private func endSteps(of leader: pid_t, isLate: Bool) -> Set<ProcessIdentity> {
    var ended: Set<ProcessIdentity> = []
    for step in ProcessTable.children(of: engine(leader)) {
      ended.insert(step)
      if !isLate,
        ProcessTable.read("cmdline", of: step.pid)?.starts(
          with: Array("buildah-oci-runtime\0".utf8)) == true
      {
        kill(step.pid, SIGTERM)
        continue
      }
      let below = ProcessTable.descendants(of: step.pid)
      kill(step.pid, SIGKILL)
      for process in below { kill(process.pid, SIGKILL) }
      ended.formUnion(below)
    }
    return ended
  }

  /// The process that does the work of `leader`: without root, podman and buildah run themselves again in a user
  /// namespace, with the same arguments.
  private func engine(_ leader: pid_t) -> pid_t {
    func arguments(_ pid: pid_t) -> ArraySlice<UInt8>? {
      guard let line = ProcessTable.read("cmdline", of: pid), let end = line.firstIndex(of: 0)
      else { return nil }
      return line[(end + 1)...]
    }
    guard let own = arguments(leader), !own.isEmpty else { return leader }
    let again = ProcessTable.children(of: leader).first { arguments($0.pid) == own }
    return again.map { engine($0.pid) } ?? leader
  }

  /// Waits for the end, at most for `limit` or until `action`, done every 50 ms, returns true.
  private func wait(_ limit: Duration, _ action: () -> Bool) async {
    let deadline = ContinuousClock.now + limit
    while !hasEnded, ContinuousClock.now < deadline, !action() {
      try? await Task.sleep(for: .milliseconds(50))
    }
  }

  // MARK: All children

  private static let running = Mutex<Set<pid_t>>([])

  /// Kills every child and what is below it at once, for when forge itself is about to die.
  static func killAll() {
    for leader in running.withLock({ $0 }) { killTree(leader) }
  }

  static func killTree(_ leader: pid_t) {
    let below = ProcessTable.descendants(of: leader)
    kill(-leader, SIGKILL)
    for process in below { kill(process.pid, SIGKILL) }
  }
}
