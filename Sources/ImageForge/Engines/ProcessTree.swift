import Foundation
import Synchronization
import SystemPackage

/// A process, told apart from a later one with the same number by its start time.
struct ProcessIdentity: Sendable, Hashable {
  let pid: pid_t
  /// Clock ticks since boot; field 22 of `/proc/PID/stat` (proc(5)).
  let start: UInt64
}

/// Reads the kernel's process table. Empty where there is no `/proc`: there the engines are clients of a virtual
/// machine, and have no build steps below them.
enum ProcessTable {
  struct Row: Sendable {
    let identity: ProcessIdentity
    let parent: pid_t
    let session: pid_t
  }

  /// Everything below `leader`: by parenthood and, if it leads a session, by session for what lost its parent.
  static func descendants(of leader: pid_t) -> Set<ProcessIdentity> {
    let table = rows()
    let children = Dictionary(grouping: table, by: \.parent)
    var found = Set(
      table.filter { $0.session == leader && $0.identity.pid != leader }.map(\.identity))
    var pending = [leader] + found.map(\.pid)
    while let parent = pending.popLast() {
      for child in children[parent] ?? [] where found.insert(child.identity).inserted {
        pending.append(child.identity.pid)
      }
    }
    return found
  }

  static func children(of parent: pid_t) -> [ProcessIdentity] {
    rows().filter { $0.parent == parent }.map(\.identity)
  }

  static func isAlive(_ process: ProcessIdentity) -> Bool { row(process.pid)?.identity == process }

  static func processIDs() -> [pid_t] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { pid_t($0) }
  }

  /// The bytes of `/proc/PID/<name>`, at most 64 KiB. Nil when the process is gone or not ours to see.
  static func read(_ name: String, of pid: pid_t) -> [UInt8]? {
    guard let file = try? FileDescriptor.open(FilePath("/proc/\(pid)/\(name)"), .readOnly) else {
      return nil
    }
    defer { try? file.close() }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 65536 {
      guard let count = try? buffer.withUnsafeMutableBytes({ try file.read(into: $0) }) else {
        return nil
      }
      if count == 0 { break }
      bytes.append(contentsOf: buffer.prefix(count))
    }
    return bytes
  }

  private static func rows() -> [Row] { processIDs().compactMap(row) }

  private static func row(_ pid: pid_t) -> Row? {
    guard let bytes = read("stat", of: pid),
      // The command's name stands in parentheses and may hold any byte, so the fields are counted from the last one.
      let end = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " ")).map {
      String(decoding: $0, as: UTF8.self)
    }
    guard fields.count > 19, fields[0] != "Z", let parent = pid_t(fields[1]),
      let session = pid_t(fields[3]),
      let start = UInt64(fields[19])
    else { return nil }
    return Row(identity: ProcessIdentity(pid: pid, start: start), parent: parent, session: session)
  }
}

/// Remembers what a program has running below it: once it is dead, nothing tells any more whose they were.
final class ProcessWatch: Sendable {
  private let seen: Seen
  private let task: Task<Void, Never>

  /// What was there when it was looked last.
  private final class Seen: Sendable {
    let processes = Mutex<Set<ProcessIdentity>>([])
  }

  /// Looks every second while the watch is kept.
  init(_ leader: pid_t) {
    let seen = Seen()
    self.seen = seen
    task = Task {
      while !Task.isCancelled {
        let below = ProcessTable.descendants(of: leader)
        // Nothing any more: the leader is gone, and what was seen last counts.
        if !below.isEmpty { seen.processes.withLock { $0 = below } }
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  deinit { task.cancel() }

  func killAll() {
    for process in seen.processes.withLock({ $0 }) where ProcessTable.isAlive(process) {
      let below = ProcessTable.descendants(of: process.pid)
      kill(process.pid, SIGKILL)
      for process in below { kill(process.pid, SIGKILL) }
    }
  }
}
