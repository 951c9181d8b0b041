/// Finds keywords in bytes, letters of either case alike, several gigabytes a second.
///
/// Three bytes at every second position are looked up in a table: whatever its alignment, a keyword of four bytes or
/// more has such a window. Only where the table says so, whole keywords are compared. An Aho-Corasick automaton finds
/// the same, but waits for memory at every byte.
struct KeywordFilter: Sendable {
  /// A window of a keyword.
  private struct Window {
    let keyword: Int32
    let offset: Int32
    /// The next window of the same hash; negative: none.
    let next: Int32
  }

  static let shortest = 4
  private static let bits: UInt32 = 15
  /// Its low byte is 0, so that the fourth byte of a word does not count.
  private static let factor: UInt32 = 0x9E37_7900

  /// Folded to lower case, as far as one bit does it.
  private let keywords: [[UInt8]]
  private let table: [UInt8]
  private let heads: [Int32]
  private let windows: [Window]
  let longest: Int

  /// - Parameter keywords: of at least four bytes each.
  init(_ keywords: [[UInt8]]) {
    self.keywords = keywords.map { $0.map(Self.fold) }
    longest = keywords.map(\.count).max() ?? 0
    var table = [UInt8](repeating: 0, count: 1 << Self.bits)
    var heads = [Int32](repeating: -1, count: 1 << Self.bits)
    var windows: [Window] = []
    for (index, keyword) in self.keywords.enumerated() where keyword.count >= Self.shortest {
      for parity in 0...1 {
        let offsets = stride(from: parity, through: keyword.count - 3, by: 2)
        guard let offset = offsets.min(by: { Self.commonness(keyword, $0) < Self.commonness(keyword, $1) }) else {
          continue
        }
        let hash = Self.hash(
          UInt32(keyword[offset]) | UInt32(keyword[offset + 1]) << 8 | UInt32(keyword[offset + 2]) << 16)
        windows.append(Window(keyword: Int32(index), offset: Int32(offset), next: heads[hash]))
        heads[hash] = Int32(windows.count - 1)
        table[hash] = 1
      }
    }
    self.table = table
    self.heads = heads
    self.windows = windows
  }

  @inline(__always) private static func fold(_ byte: UInt8) -> UInt8 { byte | 0x20 }

  @inline(__always)
  private static func hash(_ folded: UInt32) -> Int { Int(truncatingIfNeeded: (folded &* factor) >> (32 - bits)) }

  /// How usual three bytes are in text, roughly.
  private static func commonness(_ keyword: [UInt8], _ offset: Int) -> Int {
    keyword[offset..<offset + 3].reduce(0) { sum, byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"):
        sum + ("etaoinsrlcdupmh".utf8.firstIndex(of: byte) == nil ? 2 : 6)
      case UInt8(ascii: "0")...UInt8(ascii: "9"): sum + 2
      default: sum + 3
      }
    }
  }

  /// Calls `found` with every keyword that starts in `range` and where, in no certain order.
  @inline(__always)
  func scan(
    _ bytes: UnsafeRawBufferPointer, starts range: Range<Int>, _ found: (_ keyword: Int, _ position: Int) -> Void
  ) {
    let end = min(bytes.count, range.upperBound + longest)
    guard range.lowerBound < end, let base = bytes.baseAddress else { return }
    table.withUnsafeBufferPointer { table in
      guard let table = table.baseAddress else { return }
      var at = range.lowerBound
      let fold: UInt64 = 0x2020_2020_2020_2020
      // Twelve bytes at a time: six windows in two words.
      while at + 14 <= end {
        let first = base.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian | fold
        let second = base.loadUnaligned(fromByteOffset: at + 6, as: UInt64.self).littleEndian | fold
        let a = table[Self.hash(UInt32(truncatingIfNeeded: first))]
        let b = table[Self.hash(UInt32(truncatingIfNeeded: first >> 16))]
        let c = table[Self.hash(UInt32(truncatingIfNeeded: first >> 32))]
        let d = table[Self.hash(UInt32(truncatingIfNeeded: second))]
        let e = table[Self.hash(UInt32(truncatingIfNeeded: second >> 16))]
        let f = table[Self.hash(UInt32(truncatingIfNeeded: second >> 32))]
        if a | b | c | d | e | f != 0 {
          if a != 0 { compare(bytes, at, range, found) }
          if b != 0 { compare(bytes, at + 2, range, found) }
          if c != 0 { compare(bytes, at + 4, range, found) }
          if d != 0 { compare(bytes, at + 6, range, found) }
          if e != 0 { compare(bytes, at + 8, range, found) }
          if f != 0 { compare(bytes, at + 10, range, found) }
        }
        at += 12
      }
      while at + 3 <= end {
        compare(bytes, at, range, found)
        at += 2
      }
    }
  }

  /// Compares the keywords that have the window at `at`.
  @inline(never)
  private func compare(
    _ bytes: UnsafeRawBufferPointer, _ at: Int, _ range: Range<Int>, _ found: (Int, Int) -> Void
  ) {
    let word =
      UInt32(Self.fold(bytes[at])) | UInt32(Self.fold(bytes[at + 1])) << 8 | UInt32(Self.fold(bytes[at + 2])) << 16
    var index = heads[Self.hash(word)]
    while index >= 0 {
      let window = windows[Int(index)]
      index = window.next
      let start = at - Int(window.offset)
      let keyword = keywords[Int(window.keyword)]
      guard range.contains(start), start + keyword.count <= bytes.count else { continue }
      var isEqual = true
      for offset in keyword.indices where Self.fold(bytes[start + offset]) != keyword[offset] {
        isEqual = false
        break
      }
      if isEqual { found(Int(window.keyword), start) }
    }
  }
}
