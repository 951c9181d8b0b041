/// A set of byte values.
struct ByteSet: Sendable, Equatable {
  private var low: (UInt64, UInt64) = (0, 0)
  private var high: (UInt64, UInt64) = (0, 0)

  init() {}
  init(_ bytes: some Sequence<UInt8>) { for byte in bytes { insert(byte) } }

  static func == (a: ByteSet, b: ByteSet) -> Bool { a.low == b.low && a.high == b.high }

  @inline(__always)
  func contains(_ byte: UInt8) -> Bool {
    let word =
      switch byte >> 6 {
      case 0: low.0
      case 1: low.1
      case 2: high.0
      default: high.1
      }
    return word >> UInt64(byte & 63) & 1 != 0
  }

  mutating func insert(_ byte: UInt8) {
    let bit = UInt64(1) << UInt64(byte & 63)
    switch byte >> 6 {
    case 0: low.0 |= bit
    case 1: low.1 |= bit
    case 2: high.0 |= bit
    default: high.1 |= bit
    }
  }

  var bytes: [UInt8] { (0...255).filter { contains($0) } }

  static let alphanumeric = ByteSet(
    (UInt8(ascii: "0")...UInt8(ascii: "9")).map { $0 } + (UInt8(ascii: "A")...UInt8(ascii: "Z"))
      + (UInt8(ascii: "a")...UInt8(ascii: "z")))
}

/// The shape of a token: runs of bytes from sets, one after the other. Each run takes all that it can and nothing is
/// tried twice, so that matching takes linear time whatever the bytes are.
///
/// Written like a small regular expression: literal bytes, `[A-Z2-7]`, `{36}`, `{20,}`, `{2,5}`, `?`, and `\` in front
/// of a byte that means itself.
struct TokenShape: Sendable {
  struct Run: Sendable {
    let set: ByteSet
    let least: Int
    let most: Int
    /// Of a single byte, which is the same in every token.
    let literal: UInt8?
  }

  /// More of a token is never looked at.
  static let longest = 1024

  private(set) var runs: [Run] = []

  /// Nil when the text is not such an expression.
  init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      var set = ByteSet([byte])
      var literal: UInt8? = byte
      if byte == UInt8(ascii: "\\") {
        guard let escaped = rest.popFirst() else { return nil }
        set = ByteSet([escaped])
        literal = escaped
      } else if byte == UInt8(ascii: "[") {
        guard let close = rest.firstIndex(of: UInt8(ascii: "]")), close > rest.startIndex else {
          return nil
        }
        set = Self.set(rest[..<close])
        literal = nil
        rest = rest[(close + 1)...]
      }
      var (least, most) = (1, 1)
      if rest.first == UInt8(ascii: "?") {
        (least, most) = (0, 1)
        rest = rest.dropFirst()
      } else if rest.first == UInt8(ascii: "{") {
        guard let close = rest.firstIndex(of: UInt8(ascii: "}")) else { return nil }
        let limits = String(decoding: rest[(rest.startIndex + 1)..<close], as: UTF8.self)
          .split(separator: ",", omittingEmptySubsequences: false)
        guard let first = limits.first.flatMap({ Int($0) }), limits.count <= 2 else { return nil }
        least = first
        most = limits.count == 1 ? first : limits[1].isEmpty ? Self.longest : Int(limits[1]) ?? -1
        guard least <= most, most <= Self.longest else { return nil }
        rest = rest[(close + 1)...]
      }
      runs.append(
        Run(set: set, least: least, most: most, literal: least == 1 && most == 1 ? literal : nil))
    }
    guard !runs.isEmpty else { return nil }
  }

  /// `A-Z2-7`: bytes and ranges; a `-` at the end is itself; `\t`, `\r` and `\n` as everywhere.
  private static func set(_ written: ArraySlice<UInt8>) -> ByteSet {
    let text = Array(
      String(decoding: written, as: UTF8.self).replacing("\\t", with: "\t").replacing(
        "\\r", with: "\r"
      )
      .replacing("\\n", with: "\n").utf8)[...]
    var set = ByteSet()
    var at = text.startIndex
    while at < text.endIndex {
      if at + 2 < text.endIndex, text[at + 1] == UInt8(ascii: "-"), text[at] <= text[at + 2] {
        for byte in text[at]...text[at + 2] { set.insert(byte) }
        at += 3
      } else {
        set.insert(text[at])
        at += 1
      }
    }
    return set
  }

  /// Where a token that starts at `start` ends; nil when there is none. A token whose last run could go on, but has
  /// its most, is none: it is a part of something longer.
  /// - Parameter isWhole: false where something else may follow at once.
  func match(_ bytes: UnsafeRawBufferPointer, at start: Int, isWhole: Bool = true) -> Int? {
    var at = start
    for run in runs {
      let limit = min(bytes.count, at + run.most)
      let from = at
      while at < limit, run.set.contains(bytes[at]) { at += 1 }
      if at - from < run.least { return nil }
    }
    if isWhole, let last = runs.last, last.literal == nil, at < bytes.count,
      at - start < Self.longest,
      last.set.contains(bytes[at])
    {
      return nil
    }
    return at
  }

  /// How far into each token a keyword stands, and what may follow it; nil where that differs between tokens.
  func position(of keyword: [UInt8]) -> (offset: Int, next: ByteSet?)? {
    var offset = 0
    for first in runs.indices {
      let literals = runs[first...].prefix { $0.literal != nil }.compactMap(\.literal)
      if literals.starts(with: keyword) {
        let after = first + keyword.count
        return (offset, after < runs.count && runs[after].least > 0 ? runs[after].set : nil)
      }
      guard runs[first].least == runs[first].most else { return nil }
      offset += runs[first].least
    }
    return nil
  }
}
