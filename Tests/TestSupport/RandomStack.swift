/// Stacks of layers over a few names, so that they meet in every way: files, folders, links of both kinds, whiteouts,
/// opaque folders, duplicates. Not every stack can be unpacked.
public struct RandomStack {
  private var random: SeededBytes

  public init(seed: UInt64) { random = SeededBytes(seed: seed) }

  private mutating func pick<Value>(_ values: [Value]) -> Value {
    values[Int(random.next() % UInt64(values.count))]
  }

  private mutating func path() -> String {
    (0..<pick([1, 1, 2, 2, 3])).map { _ in pick(["a", "b", "c", "-d"]) }.joined(separator: "/")
  }

  /// The tars of the next stack, from the base upwards.
  public mutating func next(layers counts: [Int] = [1, 2, 2, 3, 4]) -> [[UInt8]] {
    (0..<pick(counts)).map { _ in
      var tar = TarBuilder()
      for _ in 0..<pick([1, 2, 3, 4, 6, 9]) { entry(&tar) }
      tar.end()
      return tar.bytes
    }
  }

  private mutating func entry(_ tar: inout TarBuilder) {
    let path = path()
    let folder = path.split(separator: "/").dropLast().map { $0 + "/" }.joined()
    let modified = pick([0, 5, 1_000_000])
    switch random.next() % 22 {
    case 0..<7:
      if random.next() % 6 == 0 {
        tar.pax([("SCHILY.xattr.user.note", pick(["x", "y"])), ("mtime", "7.25")])
      }
      let text = pick(["", "one", "two", "three", "a long text that takes some room"])
      tar.file(
        path, text, mode: pick([0o644, 0o755, 0o4755]), uid: pick([0, 7]), modified: modified)
    case 7..<12: tar.add(path, type: "5", mode: pick([0o755, 0o700]), modified: modified)
    case 12..<14: tar.symlink(path, to: pick(["a", "b", "/a", "../b", "/b/c", "c/..", "../../.."]))
    case 14, 15:
      tar.add(path, type: "1", link: pick(["a", "b", "a/b", "c"]), mode: pick([0o644, 0o600]))
    case 16..<19: tar.add(folder + ".wh." + pick(["a", "b", "c", "-d"]))
    case 19: tar.add(path, type: "6", mode: 0o600)
    default: tar.add(folder + ".wh..wh..opq")
    }
  }
}
