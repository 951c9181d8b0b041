import ForgeBasics
import ForgeLayers
import ForgeWriting

/// Differences between two root filesystems that were asked for.
struct Allowance: Sendable, Equatable {
  /// Names that went, with all below them.
  var removed: Set<[UInt8]> = []
  /// Latest time of any file, seconds since 1970; nil: times stay.
  var epoch: Int64?
  /// Names that became hard links: name and the name whose file they share now.
  var linked: [[UInt8]: [UInt8]] = [:]
  /// Files whose content was to become another: just this one.
  var rewritten: [[UInt8]: Change] = [:]

  struct Change: Sendable, Equatable {
    var old: FileContent.Hash
    var new: FileContent.Hash
  }

  /// All that it names, each once.
  var paths: Set<[UInt8]> { removed.union(linked.keys).union(linked.values).union(rewritten.keys) }

  func isRemoved(_ path: [UInt8]) -> Bool {
    guard !removed.isEmpty else { return false }
    if removed.contains(path) { return true }
    for index in path.indices
    where path[index] == UInt8(ascii: "/") && removed.contains(Array(path[..<index])) {
      return true
    }
    return false
  }
}

/// What differs: all of it is counted, the first hundred are told.
struct Differences {
  private(set) var count = 0
  /// A sentence each.
  private(set) var sentences: [String] = []

  var isEmpty: Bool { count == 0 }

  mutating func note(_ sentence: @autoclosure () -> String) {
    count += 1
    if sentences.count < 100 { sentences.append(sentence()) }
  }
}

/// Compares two root filesystems, name by name and field by field.
enum Comparison {
  /// Adds each difference that is not allowed.
  static func compare(
    _ old: RootListing, _ new: RootListing, allowing allowance: Allowance,
    _ differences: inout Differences
  ) {
    var found = differences
    defer { differences = found }
    func note(_ path: [UInt8], _ what: String) {
      found.note("\(DisplayText.escape(path.isEmpty ? Array("/".utf8) : path)): \(what)")
    }
    var pairs: [(Int, Int)] = []
    var (i, j) = (0, 0)
    var (before, after) = (old.first, new.first)
    func nextBefore() {
      i += 1
      before = i < old.count ? old[i] : nil
    }
    func nextAfter() {
      j += 1
      after = j < new.count ? new[j] : nil
    }
    while true {
      switch (before, after) {
      case (nil, nil):
        return compareGroups(old, new, pairs, allowance, note)
      case (let a?, let b) where allowance.isRemoved(a.path):
        // What was to go is nowhere.
        if a.path == b?.path {
          note(a.path, "should have been removed")
          nextAfter()
        }
        nextBefore()
      case (let a?, let b?) where a.path == b.path:
        for what in fields(a, b, allowance) { note(a.path, what) }
        pairs.append((i, j))
        nextBefore()
        nextAfter()
      case (let a?, let b) where b.map { a.path.lexicographicallyPrecedes($0.path) } ?? true:
        note(a.path, "is missing")
        nextBefore()
      case (_, let b):
        note(b?.path ?? [], "is new")
        nextAfter()
      }
    }
  }

  private static func fields(_ a: RootRecord, _ b: RootRecord, _ allowance: Allowance) -> [String] {
    guard a.kind == b.kind else { return ["is of another type"] }
    var found: [String] = []
    if a.mode != b.mode {
      found.append("mode \(String(a.mode, radix: 8)) became \(String(b.mode, radix: 8))")
    }
    if (a.uid, a.gid) != (b.uid, b.gid) {
      found.append("owner \(a.uid):\(a.gid) became \(b.uid):\(b.gid)")
    }
    if a.link != b.link { found.append("links elsewhere") }
    if a.attributes != b.attributes { found.append("extended attributes differ") }
    if let change = allowance.rewritten[a.path], a.kind == .regular {
      if (a.hash, b.hash) != (change.old, change.new) {
        found.append("content is not what it was to become")
      }
    } else if a.size != b.size || a.hash != b.hash {
      found.append("content differs")
    }
    if a.device != b.device { found.append("is another device") }
    // A folder that no entry named has no time of its own.
    if !a.isImplicit, !b.isImplicit {
      let isSame = (a.modified, a.nanoseconds) == (b.modified, b.nanoseconds)
      let isClamped =
        allowance.epoch.map { isLater(a, than: $0) && b.modified == $0 && b.nanoseconds == 0 }
        ?? false
      if !isSame, !isClamped { found.append("time \(time(a)) became \(time(b))") }
    } else if b.isImplicit, !a.isImplicit {
      found.append("its own entry is gone")
    }
    return found
  }

  /// Seconds since 1970.
  private static func time(_ record: RootRecord) -> String {
    guard record.nanoseconds > 0 else { return String(record.modified) }
    let digits = String(record.nanoseconds)
    return "\(record.modified).\(String(repeating: "0", count: max(0, 9 - digits.count)))\(digits)"
  }

  private static func isLater(_ record: RootRecord, than epoch: Int64) -> Bool {
    record.modified > epoch || record.modified == epoch && record.nanoseconds > 0
  }

  /// Names must share a file where they did before, or were told to, and nowhere else.
  private static func compareGroups(
    _ old: RootListing, _ new: RootListing, _ pairs: [(Int, Int)], _ allowance: Allowance,
    _ note: ([UInt8], String) -> Void
  ) {
    // Groups as before, with those joined that were linked: union by the smallest index of `old`.
    var parents = old.indices.map { old.group($0) ?? $0 }
    func find(_ index: Int) -> Int {
      var index = index
      while parents[index] != index {
        parents[index] = parents[parents[index]]
        index = parents[index]
      }
      return index
    }
    for (name, other) in allowance.linked {
      if let a = old.position(of: name), let b = old.position(of: other) {
        let (x, y) = (find(a), find(b))
        parents[max(x, y)] = min(x, y)
      }
    }
    var expected: [Int: Int] = [:]
    for (i, j) in pairs where old.group(i) != nil {
      let group = find(i)
      // The first surviving name of a group stands for it.
      let first = expected[group] ?? j
      expected[group] = first
      if new.group(j) != first { note(old.path(i), "its hard links differ") }
    }
  }
}
