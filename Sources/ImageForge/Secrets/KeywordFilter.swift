/// Finds keywords in bytes, letters of either case alike, several gigabytes a second.
///
/// Three bytes at every second position are looked up in a table: whatever its alignment, a keyword of four bytes or
/// more has such a window. Only where the table says so, whole keywords are compared. An Aho-Corasick automaton finds
/// the same, but waits for memory at every byte.
final class KeywordFilter: @unchecked Sendable {
  // Memory of its own, which nobody writes to after `init`: counting references would cost more than the search.

  /// A window of a keyword.
  private struct Window {
    let keyword: Int32
    let offset: Int32
    /// Where the folded keyword stands in `bytes`, and how long it is.
    let start: Int32
    let count: Int32
    /// The next window of the same hash; negative: none.
    let next: Int32
  }

  static let shortest = 4
  private static let bits: UInt32 = 15
  /// Its low byte is 0, so that the fourth byte of a word does not count. Measured: with some factors the zeros that
  /// binaries are full of share their hash with a keyword.
  private static let factor: UInt32 = 0xC2B2_AE00

  /// By hash, a bit for each value that the low bits of the byte behind a window may have.
  private let table = UnsafeMutablePointer<UInt8>.allocate(capacity: 1 << bits)
  private let heads = UnsafeMutablePointer<Int32>.allocate(capacity: 1 << bits)
  private let windows: UnsafeMutablePointer<Window>
  /// All keywords, folded to lower case, as far as one bit does it.
  private let bytes: UnsafeMutablePointer<UInt8>
  let longest: Int

  /// - Parameter keywords: of at least four bytes each.
  init(_ keywords: [[UInt8]]) {
    let folded = keywords.map { $0.map(Self.fold) }
    longest = keywords.map(\.count).max() ?? 0
    table.initialize(repeating: 0, count: 1 << Self.bits)
    heads.initialize(repeating: -1, count: 1 << Self.bits)
    windows = .allocate(capacity: max(1, keywords.count * 2))
    bytes = .allocate(capacity: max(1, folded.reduce(0) { $0 + $1.count }))
    var (windowCount, byteCount) = (0, 0)
    for (index, keyword) in folded.enumerated() where keyword.count >= Self.shortest {
      let start = byteCount
      for byte in keyword {
        bytes[byteCount] = byte
        byteCount += 1
      }
      for parity in 0...1 {
        let offsets = stride(from: parity, through: keyword.count - 3, by: 2)
        guard let offset = offsets.min(by: { Self.commonness(keyword, $0) < Self.commonness(keyword, $1) }) else {
          continue
        }
        let hash = Self.hash(
          UInt32(keyword[offset]) | UInt32(keyword[offset + 1]) << 8 | UInt32(keyword[offset + 2]) << 16)
        windows[windowCount] = Window(
          keyword: Int32(index), offset: Int32(offset), start: Int32(start), count: Int32(keyword.count),
          next: heads[hash])
        heads[hash] = Int32(windowCount)
        // The byte after the window narrows it down: three of its bits.
        table[hash] |= offset + 3 < keyword.count ? 1 << (keyword[offset + 3] & 7) : 0xFF
        windowCount += 1
      }
    }
  }

  deinit {
    table.deallocate()
    heads.deallocate()
    windows.deallocate()
    bytes.deallocate()
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

  /// A keyword, and where it starts.
  struct Found {
    let keyword: Int
    let position: Int
  }

  /// Appends to `found` every keyword that starts in `range`, in no certain order.
  func scan(_ bytes: UnsafeRawBufferPointer, starts range: Range<Int>, into found: inout [Found]) {
    let end = min(bytes.count, range.upperBound + longest)
    guard range.lowerBound < end, let base = bytes.baseAddress else { return }
    Self.scan(
      Tables(table: table, heads: heads, windows: windows, bytes: self.bytes), base, range, end: end, bytes.count,
      into: &found)
  }

  // MARK: Binaries

  /// Bytes that a keyword stands at most before, or behind, the eight bytes that betray it.
  private static let before = 256
  private static let behind = 16

  /// The same, but only around words of eight bytes, at every eighth position, that hold nothing but `+` to DEL: no
  /// zero, space or quote, and nothing beyond ASCII. A run of 15 such bytes has such a word, every token is one or has
  /// one behind its keyword, and code has few.
  func scanRuns(_ bytes: UnsafeRawBufferPointer, starts range: Range<Int>, into found: inout [Found]) {
    guard let base = bytes.baseAddress else { return }
    var open = range.lowerBound..<range.lowerBound
    let end = min(bytes.count, range.upperBound + Self.before)
    var at = max(0, range.lowerBound - Self.behind)
    while at < end {
      // Four words at a time.
      if at + 32 <= end, !Self.isRun(base, at), !Self.isRun(base, at + 8), !Self.isRun(base, at + 16),
        !Self.isRun(base, at + 24)
      {
        at += 32
        continue
      }
      // What is too short for a word is searched.
      if at + 8 > end || Self.isRun(base, at) {
        let start = max(open.lowerBound, at - Self.before)
        if start > open.upperBound {
          scan(bytes, starts: open, into: &found)
          open = start..<start
        }
        open = open.lowerBound..<min(range.upperBound, max(open.upperBound, at + Self.behind))
        if open.upperBound == range.upperBound { break }
      }
      at += 8
    }
    scan(bytes, starts: open, into: &found)
  }

  @inline(__always)
  private static func isRun(_ base: UnsafeRawPointer, _ at: Int) -> Bool {
    let word = base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    // In each byte the highest bit: set by the sum from 0x2B on, and taken away beyond ASCII.
    let high: UInt64 = 0x8080_8080_8080_8080
    return ((word & ~high) &+ 0x5555_5555_5555_5555) & ~word & high == high
  }

  // MARK: Everywhere

  /// Plain pointers: counting references to their owner for each candidate would cost more than the search.
  private struct Tables {
    let table: UnsafeMutablePointer<UInt8>
    let heads: UnsafeMutablePointer<Int32>
    let windows: UnsafeMutablePointer<Window>
    let bytes: UnsafeMutablePointer<UInt8>
  }

  private static func scan(
    _ tables: Tables, _ base: UnsafeRawPointer, _ range: Range<Int>, end: Int, _ count: Int,
    into found: inout [Found]
  ) {
    let table = tables.table
    var at = range.lowerBound
    let fold: UInt64 = 0x2020_2020_2020_2020
    // Twelve bytes at a time: six windows in two words.
    while at + 14 <= end {
      let first = base.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian | fold
      let second = base.loadUnaligned(fromByteOffset: at + 6, as: UInt64.self).littleEndian | fold
      let a = look(table, first)
      let b = look(table, first >> 16)
      let c = look(table, first >> 32)
      let d = look(table, second)
      let e = look(table, second >> 16)
      let f = look(table, second >> 32)
      if (a | b | c | d | e | f) & 1 != 0 {
        if a & 1 != 0 { compare(tables, base, at, range, count, into: &found) }
        if b & 1 != 0 { compare(tables, base, at + 2, range, count, into: &found) }
        if c & 1 != 0 { compare(tables, base, at + 4, range, count, into: &found) }
        if d & 1 != 0 { compare(tables, base, at + 6, range, count, into: &found) }
        if e & 1 != 0 { compare(tables, base, at + 8, range, count, into: &found) }
        if f & 1 != 0 { compare(tables, base, at + 10, range, count, into: &found) }
      }
      at += 12
    }
    while at + 3 <= end {
      compare(tables, base, at, range, count, into: &found)
      at += 2
    }
  }

  /// Whether a keyword may have the first four bytes of `word`: in the lowest bit.
  @inline(__always)
  private static func look(_ table: UnsafeMutablePointer<UInt8>, _ word: UInt64) -> UInt32 {
    UInt32(table[hash(UInt32(truncatingIfNeeded: word))]) &>> UInt32(truncatingIfNeeded: (word >> 24) & 7)
  }

  /// Compares the keywords that have the window at `at`.
  @inline(__always)
  private static func compare(
    _ tables: Tables, _ base: UnsafeRawPointer, _ at: Int, _ range: Range<Int>, _ count: Int,
    into found: inout [Found]
  ) {
    @inline(__always) func byte(_ at: Int) -> UInt8 { fold(base.load(fromByteOffset: at, as: UInt8.self)) }
    let word = UInt32(byte(at)) | UInt32(byte(at + 1)) << 8 | UInt32(byte(at + 2)) << 16
    var index = tables.heads[hash(word)]
    while index >= 0 {
      let window = tables.windows[Int(index)]
      index = window.next
      let start = at - Int(window.offset)
      let length = Int(window.count)
      guard start >= range.lowerBound, start < range.upperBound, start + length <= count else { continue }
      let keyword = tables.bytes + Int(window.start)
      var offset = 0
      while offset < length, byte(start + offset) == keyword[offset] { offset += 1 }
      if offset == length { found.append(Found(keyword: Int(window.keyword), position: start)) }
    }
  }
}
