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
  /// By byte, the bit for it.
  private let fourths = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
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
    for byte in 0..<256 { (fourths + byte).initialize(to: 1 << UInt8(byte & 7)) }
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
        let offsets = stride(from: parity, through: keyword.count - 3, by: 2).map {
          ($0, Self.commonness(keyword, $0))
        }
        guard let (offset, _) = offsets.min(by: { $0.1 < $1.1 }) else { continue }
        let fourth = offset + 3 < keyword.count ? keyword[offset + 3] : nil
        let word = Self.word(keyword, offset) | UInt32(fourth ?? 0) << 24
        let hash = Self.hash(word)
        windows[windowCount] = Window(
          keyword: Int32(index), offset: Int32(offset), start: Int32(start),
          count: Int32(keyword.count),
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
    fourths.deallocate()
    heads.deallocate()
    windows.deallocate()
    bytes.deallocate()
  }

  @inline(__always) private static func fold(_ byte: UInt8) -> UInt8 { byte | 0x20 }

  @inline(__always)
  private static func hash(_ folded: UInt32) -> Int {
    Int(truncatingIfNeeded: (folded &* factor) >> (32 - bits))
  }

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
      Tables(table: table, fourths: fourths, heads: heads, windows: windows, bytes: self.bytes),
      base, range, end: end,
      bytes.count,
      into: &found)
  }

  // MARK: Binaries

  /// Bytes that a keyword stands at most before a run, and the shortest run that counts.
  private static let before = 256
  private static let shortestRun = 12

  /// The same, but only in and before runs of bytes from `+` to DEL: no zero, space or quote, and nothing beyond ASCII.
  /// Every token is such a run or has one behind its keyword, and code has few.
  ///
  /// A run of 15 bytes, whatever its alignment, fills one of the words of eight bytes that are looked at.
  func scanRuns(
    _ bytes: UnsafeRawBufferPointer, starts range: Range<Int>, into found: inout [Found]
  ) {
    guard let base = bytes.baseAddress else { return }
    var open = range.lowerBound..<range.lowerBound
    let end = min(bytes.count, range.upperBound + Self.before)
    var at = max(0, range.lowerBound - 16)
    while at < end, open.isEmpty || open.upperBound < range.upperBound {
      // Eight words at a time.
      if at + 64 <= end, !Self.hasRun(base, at) {
        at += 64
        continue
      }
      let stop = min(end, at + 64)
      while at < stop {
        // What is too short for a word is searched.
        var run = at..<bytes.count
        if at + 8 <= bytes.count {
          guard Self.isRun(base, at) else {
            at += 8
            continue
          }
          run = Self.run(bytes, around: at)
        }
        at += (run.upperBound - at + 7) & ~7
        // A run at the edge may go on beyond it.
        guard run.count >= Self.shortestRun || run.lowerBound == 0 || run.upperBound == bytes.count
        else { continue }
        let start = max(open.lowerBound, run.lowerBound - Self.before)
        if start > open.upperBound {
          scan(bytes, starts: open, into: &found)
          open = start..<start
        }
        open = open.lowerBound..<min(range.upperBound, max(open.upperBound, run.upperBound))
      }
    }
    scan(bytes, starts: open, into: &found)
  }

  /// The whole run that the word at `at` belongs to.
  @inline(__always)
  private static func run(_ bytes: UnsafeRawBufferPointer, around at: Int) -> Range<Int> {
    let members: ClosedRange<UInt8> = 0x2B...0x7F
    var (start, end) = (at, at + 8)
    while start > 0, members.contains(bytes[start - 1]) { start -= 1 }
    while end < bytes.count, members.contains(bytes[end]) { end += 1 }
    return start..<end
  }

  @inline(__always)
  private static func isRun(_ base: UnsafeRawPointer, _ at: Int) -> Bool {
    let word = base.loadUnaligned(fromByteOffset: at, as: UInt64.self)
    // In each byte the highest bit: set by the sum from 0x2B on, and taken away beyond ASCII.
    let high: UInt64 = 0x8080_8080_8080_8080
    return ((word & ~high) &+ 0x5555_5555_5555_5555) & ~word & high == high
  }

  /// Whether one of the eight words from `at` on is a run.
  @inline(__always)
  private static func hasRun(_ base: UnsafeRawPointer, _ at: Int) -> Bool {
    let all = unsafeBitCast(runs(base, at) | runs(base, at + 32), to: SIMD2<UInt64>.self)
    return all[0] | all[1] != 0
  }

  /// Of four words each, all bits where it is a run, else none.
  @inline(__always)
  private static func runs(_ base: UnsafeRawPointer, _ at: Int) -> SIMD4<UInt32> {
    let a = halves(base, at)
    let b = halves(base, at + 16)
    let both = SIMD4<UInt32>(a[0], a[2], b[0], b[2]) & SIMD4<UInt32>(a[1], a[3], b[1], b[3])
    return unsafeBitCast(both .== SIMD4<UInt32>(repeating: .max), to: SIMD4<UInt32>.self)
  }

  /// Of 16 bytes, all bits of each from `+` to DEL, else none; beyond ASCII they are negative.
  @inline(__always)
  private static func halves(_ base: UnsafeRawPointer, _ at: Int) -> SIMD4<UInt32> {
    let bytes = base.loadUnaligned(fromByteOffset: at, as: SIMD16<Int8>.self)
    return unsafeBitCast(bytes .> SIMD16<Int8>(repeating: 0x2A), to: SIMD4<UInt32>.self)
  }

  // MARK: Everywhere

  /// Plain pointers: counting references to their owner for each candidate would cost more than the search.
  private struct Tables {
    let table: UnsafeMutablePointer<UInt8>
    let fourths: UnsafeMutablePointer<UInt8>
    let heads: UnsafeMutablePointer<Int32>
    let windows: UnsafeMutablePointer<Window>
    let bytes: UnsafeMutablePointer<UInt8>
  }

  private static func scan(
    _ tables: Tables, _ base: UnsafeRawPointer, _ range: Range<Int>, end: Int, _ count: Int,
    into found: inout [Found]
  ) {
    var at = range.lowerBound
    let folds: UInt64 = 0x2020_2020_2020_2020
    // Twelve bytes at a time: six windows in two words.
    while at + 14 <= end {
      let first = base.loadUnaligned(fromByteOffset: at, as: UInt64.self).littleEndian | folds
      let second = base.loadUnaligned(fromByteOffset: at + 6, as: UInt64.self).littleEndian | folds
      let isHit =
        look(tables, first, base, at) | look(tables, first >> 16, base, at + 2)
        | look(tables, first >> 32, base, at + 4) | look(tables, second, base, at + 6)
        | look(tables, second >> 16, base, at + 8) | look(tables, second >> 32, base, at + 10)
      if isHit != 0 {
        // Again, one by one: to keep what each look told would cost more.
        for next in stride(from: at, to: at + 12, by: 2) {
          let word =
            UInt64(base.loadUnaligned(fromByteOffset: next, as: UInt32.self).littleEndian) | folds
          if look(tables, word, base, next) != 0 {
            compare(tables, word, base, next, range, count, into: &found)
          }
        }
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

  /// Whether a keyword may have the three bytes at `at`, which `word` begins with, and the one behind them: else 0.
  @inline(__always)
  private static func look(_ tables: Tables, _ word: UInt64, _ base: UnsafeRawPointer, _ at: Int)
    -> UInt8
  {
    tables.table[hash(UInt32(truncatingIfNeeded: word))]
      & tables.fourths[Int(base.load(fromByteOffset: at + 3, as: UInt8.self))]
  }

  /// Compares the keywords that have the window at `at`, whose folded bytes are the first of `word`.
  @inline(never)
  private static func compare(
    _ tables: Tables, _ word: UInt64, _ base: UnsafeRawPointer, _ at: Int, _ range: Range<Int>,
    _ count: Int,
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
      guard start >= range.lowerBound, start < range.upperBound, start + length <= count else {
        continue
      }
      let keyword = tables.bytes + Int(window.pointee.start)
      var offset = 0
      while offset < length,
        fold(base.load(fromByteOffset: start + offset, as: UInt8.self)) == keyword[offset]
      {
        offset += 1
      }
      if offset == length {
        found.append(Found(keyword: Int(window.pointee.keyword), position: start))
      }
    }
  }
}
