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
    /// The folded bytes from the window's on, four where the keyword has as many, and which of them count.
    let word: UInt32
    let mask: UInt32
  }

  static let shortest = 4
  private static let bits: UInt32 = 15
  /// Its low byte is 0, so that the fourth byte of a word does not count. Chosen by measuring, of some hundreds the one
  /// under which real images share the fewest hashes with a keyword.
  private static let factor: UInt32 = 0xAF8C_3100

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
        let offsets = stride(from: parity, through: keyword.count - 3, by: 2).map { ($0, Self.commonness(keyword, $0)) }
        guard let (offset, _) = offsets.min(by: { $0.1 < $1.1 }) else { continue }
        let fourth = offset + 3 < keyword.count ? keyword[offset + 3] : nil
        let word = Self.word(keyword, offset) | UInt32(fourth ?? 0) << 24
        let hash = Self.hash(word)
        windows[windowCount] = Window(
          keyword: Int32(index), offset: Int32(offset), start: Int32(start), count: Int32(keyword.count),
          next: heads[hash], word: word, mask: fourth == nil ? 0xFF_FFFF : 0xFFFF_FFFF)
        heads[hash] = Int32(windowCount)
        // The byte after the window narrows it down: three of its bits.
        table[hash] |= fourth.map { 1 << ($0 & 7) } ?? 0xFF
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

  /// What is met most often of three bytes in Python and JavaScript, the most usual first.
  private static let usual = """
    ion tio ing ent ate ret res thi ver ass dat pro ess com cti las are end tat est ont use ith pti pat sio \
    ase lin --- cal ata tes key lic age ope har ack att enc app nti ive sha ram ice ele pen red .co ces ign \
    ses et_ usr ssi cor ide ant dis on_ try eta ttp sql oun gin pos cre htt ial loa api ure te_ aut rce odu \
    se: ale le_ _se wor gen ord _pa ntr den ity sig pri sen ost nin fig atc hou ail ust min gra cac sec ken \
    st_ ena pas clo fic mar ypi unt uth ese .st ria es: edi gre wil mai acc re_ ng_ oke _ke tai cli ich nat \
    egi or_ :// lar _li ct. iss sco tac tit
    """

  private static let ranks: [UInt32: Int] = {
    let words = usual.split(separator: " ").map { word($0.utf8.map(fold), 0) }
    return Dictionary(zip(words, (1...words.count).reversed()), uniquingKeysWith: max)
  }()

  private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
    UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
  }

  /// How usual three bytes are in text, roughly.
  private static func commonness(_ keyword: [UInt8], _ offset: Int) -> Int {
    if let rank = ranks[word(keyword, offset)] { return 100 + rank }
    return keyword[offset..<offset + 3].reduce(0) { sum, byte in
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
    let folds: UInt64 = 0x2020_2020_2020_2020
    // Twelve bytes at a time: six windows in two words.
    while at + 14 <= end {
      let first = base.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian | folds
      let second = base.loadUnaligned(fromByteOffset: at + 6, as: UInt64.self).littleEndian | folds
      let a = look(table, first)
      let b = look(table, first >> 16)
      let c = look(table, first >> 32)
      let d = look(table, second)
      let e = look(table, second >> 16)
      let f = look(table, second >> 32)
      if (a | b | c | d | e | f) & 1 != 0 {
        if a & 1 != 0 { compare(tables, first, base, at, range, count, into: &found) }
        if b & 1 != 0 { compare(tables, first >> 16, base, at + 2, range, count, into: &found) }
        if c & 1 != 0 { compare(tables, first >> 32, base, at + 4, range, count, into: &found) }
        if d & 1 != 0 { compare(tables, second, base, at + 6, range, count, into: &found) }
        if e & 1 != 0 { compare(tables, second >> 16, base, at + 8, range, count, into: &found) }
        if f & 1 != 0 { compare(tables, second >> 32, base, at + 10, range, count, into: &found) }
      }
      at += 12
    }
    while at + 3 <= end {
      var word: UInt64 = 0
      for next in 0..<min(4, end - at) {
        word |= UInt64(fold(base.load(fromByteOffset: at + next, as: UInt8.self))) << (next * 8)
      }
      compare(tables, word, base, at, range, count, into: &found)
      at += 2
    }
  }

  /// Whether a keyword may have the first four bytes of `word`: in the lowest bit.
  @inline(__always)
  private static func look(_ table: UnsafeMutablePointer<UInt8>, _ word: UInt64) -> UInt32 {
    UInt32(table[hash(UInt32(truncatingIfNeeded: word))]) &>> UInt32(truncatingIfNeeded: (word >> 24) & 7)
  }

  /// Compares the keywords that have the window at `at`, whose folded bytes are the first of `word`.
  @inline(never)
  private static func compare(
    _ tables: Tables, _ word: UInt64, _ base: UnsafeRawPointer, _ at: Int, _ range: Range<Int>, _ count: Int,
    into found: inout [Found]
  ) {
    let word = UInt32(truncatingIfNeeded: word)
    var index = tables.heads[hash(word)]
    while index >= 0 {
      let window = tables.windows + Int(index)
      index = window.pointee.next
      guard word & window.pointee.mask == window.pointee.word else { continue }
      let start = at - Int(window.pointee.offset)
      let length = Int(window.pointee.count)
      guard start >= range.lowerBound, start < range.upperBound, start + length <= count else { continue }
      let keyword = tables.bytes + Int(window.pointee.start)
      var offset = 0
      while offset < length, fold(base.load(fromByteOffset: start + offset, as: UInt8.self)) == keyword[offset] {
        offset += 1
      }
      if offset == length { found.append(Found(keyword: Int(window.pointee.keyword), position: start)) }
    }
  }
}
