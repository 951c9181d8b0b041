import ForgeBasics
import ForgeLayers

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

  func isRemoved(_ path: [UInt8]) -> Bool {
    guard !removed.isEmpty else { return false }
    if removed.contains(path) { return true }
    for index in path.indices where path[index] == UInt8(ascii: "/") && removed.contains(Array(path[..<index])) {
      return true
    }
    return false
  }
}

/// Compares two root filesystems, name by name and field by field.
enum Comparison {
  /// A sentence for each difference that is not allowed; the first hundred.
  static func differences(_ old: RootListing, _ new: RootListing, allowing allowance: Allowance) -> [String] {
    var found: [String] = []
    func note(_ path: [UInt8], _ what: String) {
      if found.count < 100 { found.append("\(DisplayText.escape(path.isEmpty ? Array("/".utf8) : path)): \(what)") }
    }
    let (before, after) = (old.records, new.records)
    var pairs: [(Int, Int)] = []
    var (i, j) = (0, 0)
    while i < before.count || j < after.count {
      if i < before.count, allowance.isRemoved(before[i].path) {
        // What was to go is nowhere.
        if j < after.count, after[j].path == before[i].path {
          note(before[i].path, "should have been removed")
          j += 1
        }
        i += 1
      } else if j >= after.count || i < before.count && before[i].path.lexicographicallyPrecedes(after[j].path) {
        note(before[i].path, "is missing")
        i += 1
      } else if i >= before.count || after[j].path.lexicographicallyPrecedes(before[i].path) {
        note(after[j].path, "is new")
        j += 1
      } else {
        for what in fields(before[i], after[j], allowance) { note(before[i].path, what) }
        pairs.append((i, j))
        i += 1
        j += 1
      }
    }
    compareGroups(before, after, pairs, allowance, note)
    return found
  }

  private static func fields(_ a: RootRecord, _ b: RootRecord, _ allowance: Allowance) -> [String] {
    guard a.kind == b.kind else { return ["is of another type"] }
    var found: [String] = []
    if a.mode != b.mode { found.append("mode \(String(a.mode, radix: 8)) became \(String(b.mode, radix: 8))") }
    if (a.uid, a.gid) != (b.uid, b.gid) { found.append("owner \(a.uid):\(a.gid) became \(b.uid):\(b.gid)") }
    if a.link != b.link { found.append("links elsewhere") }
    if a.attributes != b.attributes { found.append("extended attributes differ") }
    if let change = allowance.rewritten[a.path], a.kind == .regular {
      if (a.hash, b.hash) != (change.old, change.new) { found.append("content is not what it was to become") }
    } else if a.size != b.size || a.hash != b.hash {
      found.append("content differs")
    }
    if a.device != b.device { found.append("is another device") }
    // A folder that no entry named has no time of its own.
    if !a.isImplicit, !b.isImplicit {
      let isSame = (a.modified, a.nanoseconds) == (b.modified, b.nanoseconds)
      let isClamped = allowance.epoch.map { isLater(a, than: $0) && b.modified == $0 && b.nanoseconds == 0 } ?? false
      if !isSame, !isClamped { found.append("time \(a.modified) became \(b.modified)") }
    } else if b.isImplicit, !a.isImplicit {
      found.append("its own entry is gone")
    }
    return found
  }

  private static func isLater(_ record: RootRecord, than epoch: Int64) -> Bool {
    record.modified > epoch || record.modified == epoch && record.nanoseconds > 0
  }

  /// Names must share a file where they did before, or were told to, and nowhere else.
  private static func compareGroups(
    _ before: [RootRecord], _ after: [RootRecord], _ pairs: [(Int, Int)], _ allowance: Allowance,
    _ note: ([UInt8], String) -> Void
  ) {
    // Groups as before, with those joined that were linked: union by the smallest index of `before`.
    var parent: [Int: Int] = [:]
    func find(_ index: Int) -> Int {
      var index = index
      while let next = parent[index], next != index { index = next }
      return index
    }
    func join(_ a: Int, _ b: Int) {
      let (x, y) = (find(a), find(b))
      if x != y { parent[max(x, y)] = min(x, y) }
    }
    for (index, record) in before.enumerated() { if let group = record.group { join(group, index) } }
    if !allowance.linked.isEmpty {
      let positions = Dictionary(before.enumerated().map { ($1.path, $0) }, uniquingKeysWith: { first, _ in first })
      for (name, other) in allowance.linked {
        if let a = positions[name], let b = positions[other] { join(a, b) }
      }
    }
    var expected: [Int: Int] = [:]
    for (i, j) in pairs where before[i].kind == .regular {
      let group = find(i)
      // The first surviving name of a group stands for it.
      let first = expected[group] ?? j
      expected[group] = first
      if after[j].group != first { note(before[i].path, "its hard links differ") }
    }
  }
}
