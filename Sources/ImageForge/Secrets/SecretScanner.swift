import ForgeBasics
import ForgeFindings
import Foundation

/// Looks for secrets in the bytes of one file after the other, in pieces as they come, in linear time.
package final class SecretScanner {
  /// Whoever changes what is found by the same catalogue raises it: results are kept by it.
  static let revision = 3
  /// What a matcher may look at behind and before a keyword.
  static let lookBehind = 128
  static let lookAhead = 1536
  /// Of one file; what follows is more of the same.
  private static let maximumHits = 100

  private let catalogue: SecretCatalogue
  /// A copy: a slice would keep the names of a whole layer from growing in place.
  private var path: [UInt8] = []
  /// What the path tells.
  private var isApplication = true
  private var wanted: SecretCatalogue.Search
  private var offset: Int64 = 0
  /// Everything before was searched for keywords.
  private var searched: Int64 = 0
  /// The file's name, from its path.
  private var name: ArraySlice<UInt8> { SecretPlace.name(path[...]) }
  /// The end of what was there before, for what stands across the border.
  private var carry: [UInt8] = []
  private var isText = true
  /// Lines that ended before `offset`.
  private var lines = 0
  private var found: [KeywordFilter.Found] = []
  private var hits: [SecretHit] = []
  private var seen: Set<SecretHit> = []
  /// Bytes that matchers may still look at: hostile files could make every byte a candidate.
  private var budget = 0
  private var isExhausted = false

  package init(_ catalogue: SecretCatalogue) {
    self.catalogue = catalogue
    wanted = catalogue.everything
  }

  /// A file begins. What a path says decides which kinds are looked for.
  package func begin(path: some Collection<UInt8>) {
    self.path.removeAll(keepingCapacity: true)
    self.path.append(contentsOf: path)
    isApplication = SecretPlace.isApplication(self.path[...])
    wanted = catalogue.search(isApplication: isApplication, name: name)
    offset = 0
    searched = 0
    carry.removeAll(keepingCapacity: true)
    isText = true
    lines = 0
    if !hits.isEmpty {
      hits = []
      seen = []
    }
    budget = 1 << 20
    isExhausted = false
  }

  /// Everything in one go.
  package func scan(_ bytes: [UInt8], path: [UInt8] = []) -> [SecretHit] {
    begin(path: path)
    bytes.withUnsafeBytes { take($0, isLast: true) }
    return finish()
  }

  /// The next bytes of the file.
  package func take(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
    budget += bytes.count * 8
    if offset == 0, let start = bytes.baseAddress, memchr(start, 0, min(bytes.count, 1024)) != nil {
      isText = false
    }
    // Keywords are examined once all is there that their matchers may look at.
    let end = offset + Int64(bytes.count)
    let limit = isLast ? end : end - Int64(Self.lookAhead)
    var direct = searched
    if offset > 0 || !carry.isEmpty {
      let border = carry.count
      let join = carry + bytes.prefix(Self.lookBehind + Self.lookAhead)
      let base = offset - Int64(border)
      let until = min(limit, offset + Int64(Self.lookBehind))
      if until > searched {
        let start = lines - carry.withUnsafeBytes(Self.countLines)
        join.withUnsafeBytes { search($0, at: base, starts: searched..<until, linesBefore: start) }
        direct = until
      }
    }
    if limit > direct {
      search(bytes, at: offset, starts: direct..<limit, linesBefore: lines)
    }
    searched = max(searched, limit)
    offset = end
    guard !isLast else { return }
    if isText { lines += Self.countLines(bytes) }
    let room = Self.lookBehind + Self.lookAhead
    if bytes.count >= room {
      carry.removeAll(keepingCapacity: true)
      carry.append(contentsOf: bytes.suffix(room))
    } else {
      carry.append(contentsOf: bytes)
      if carry.count > room { carry.removeFirst(carry.count - room) }
    }
  }

  /// The file has ended: what was found in it, in its order.
  package func finish() -> [SecretHit] {
    if isExhausted { hits.append(SecretHit(kind: "", offset: searched, line: 0, fingerprint: "")) }
    guard !hits.isEmpty else { return [] }
    let found = hits
    hits = []
    seen = []
    return found.sorted { ($0.offset, $0.kind) < ($1.offset, $1.kind) }
  }

  private static func countLines(_ bytes: UnsafeRawBufferPointer) -> Int {
    var (count, at) = (0, 0)
    // Sixteen sums at a time; each is read before it can overflow.
    while let base = bytes.baseAddress, at + 16 <= bytes.count {
      var sums = SIMD16<UInt8>()
      let end = min(bytes.count - 15, at + 16 * 255)
      while at < end {
        let isBreak =
          base.loadUnaligned(fromByteOffset: at, as: SIMD16<UInt8>.self)
          .== SIMD16<UInt8>(repeating: 0x0A)
        sums &-= unsafeBitCast(isBreak, to: SIMD16<UInt8>.self)
        at += 16
      }
      for index in sums.indices { count += Int(sums[index]) }
    }
    while at < bytes.count {
      if bytes[at] == UInt8(ascii: "\n") { count += 1 }
      at += 1
    }
    return count
  }

  /// - Parameters:
  ///   - base: where `bytes` stand in the file.
  ///   - range: offsets in the file at which keywords may start.
  private func search(
    _ bytes: UnsafeRawBufferPointer, at base: Int64, starts range: Range<Int64>, linesBefore: Int
  ) {
    let starts = Int(range.lowerBound - base)..<Int(range.upperBound - base)
    found.removeAll(keepingCapacity: true)
    if isText || isApplication {
      wanted.filter.scan(bytes, starts: starts, into: &found)
    } else {
      wanted.filter.scanRuns(bytes, starts: starts, into: &found)
    }
    for one in found {
      for pattern in wanted.patterns[one.keyword] {
        examine(pattern, bytes, one.position, base: base, linesBefore: linesBefore)
      }
    }
  }

  @inline(never)
  private func examine(
    _ pattern: SecretCatalogue.Pattern, _ bytes: UnsafeRawBufferPointer, _ position: Int,
    base: Int64, linesBefore: Int
  ) {
    let kind = catalogue.kinds[pattern.kind]
    guard !kind.isApplicationOnly || isApplication,
      kind.files.isEmpty || kind.files.contains(where: { name.elementsEqual($0) })
    else { return }
    guard budget > 0 else {
      isExhausted = true
      return
    }
    // No matcher sees more than one that works at a border between two pieces would.
    let window = UnsafeRawBufferPointer(
      rebasing: bytes[
        max(0, position - Self.lookBehind)..<min(bytes.count, position + Self.lookAhead)])
    let at = min(position, Self.lookBehind)
    let matcher = SecretMatcher(bytes: window, isSettings: SecretPlace.isSettings(name))
    let match: Range<Int>? =
      switch kind.method {
      case .token: matcher.token(kind.shapes[pattern.shape], start: at - pattern.offset)
      case .named: matcher.named(kind.shapes, after: at + pattern.keywordLength)
      case .privateKey: matcher.privateKey(at)
      case .url: matcher.url(at)
      case .assignment: matcher.assignment(at, pattern.keywordLength)
      }
    guard let match else {
      budget -= 64
      return
    }
    budget -= match.count + 64
    let value = window[match]
    guard SecretMatcher.entropy(value) >= kind.entropy, !SecretMatcher.isPlaceholder(value) else {
      return
    }
    if kind.id == "jwt", SecretMatcher.isAnonymousToken(value) { return }
    guard hits.count < Self.maximumHits else { return }
    let start = match.lowerBound + position - at
    let digest = Digest.sha256(Array("\(kind.id):".utf8) + value)
    let hit = SecretHit(
      kind: kind.id, offset: base + Int64(start),
      line: isText
        ? linesBefore + Self.countLines(UnsafeRawBufferPointer(rebasing: bytes[..<start])) + 1 : 0,
      fingerprint: String(digest.hex.prefix(kind.isChosen ? 4 : 12)))
    if seen.insert(hit).inserted { hits.append(hit) }
  }
}

extension [UInt8] {
  fileprivate init(_ slice: Slice<UnsafeRawBufferPointer>) { self = slice.map { $0 } }
}
