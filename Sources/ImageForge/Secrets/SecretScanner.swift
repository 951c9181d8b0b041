import ForgeBasics
import ForgeFindings
import Foundation

/// Looks for secrets in the bytes of one file after the other, in pieces as they come, in linear time.
package final class SecretScanner {
  /// Whoever changes what is found by the same catalogue raises it: results are kept by it.
  static let revision = 5
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
  private var isDatabase = false
  private var isProgram = false
  private var encoding = TextEncoding.bytes
  /// Of UTF-16, the first byte of a letter whose second one has not come.
  private var half: UInt8?
  /// What the matchers are told of the file; made when first asked for.
  private var file: SecretPlace.File?
  /// Whether this searches what was decoded.
  private let isNested: Bool
  /// Lines that ended before `offset`.
  private var lines = 0
  private var found: [KeywordFilter.Found] = []
  private var hits: [SecretHit] = []
  private var seen: Set<SecretHit> = []
  /// How many bytes each of the hits of `scan` takes up.
  private(set) var lengths: [SecretHit: Int] = [:]
  /// Bytes that matchers may still look at: hostile files could make every byte a candidate.
  private var budget = 0
  private var isExhausted = false

  package convenience init(_ catalogue: SecretCatalogue) {
    self.init(catalogue, isNested: false)
  }

  private init(_ catalogue: SecretCatalogue, isNested: Bool) {
    self.catalogue = catalogue
    self.isNested = isNested
    wanted = catalogue.everything
  }

  /// A file begins. What a path says decides which kinds are looked for.
  package func begin(path: some Collection<UInt8>) {
    self.path.removeAll(keepingCapacity: true)
    self.path.append(contentsOf: path)
    let path = self.path[...]
    isApplication = SecretPlace.isApplication(path) || SecretPlace.isSetting(path)
    wanted = catalogue.search(isApplication: isApplication, name: name)
    offset = 0
    searched = 0
    carry.removeAll(keepingCapacity: true)
    isText = true
    isDatabase = false
    isProgram = false
    encoding = .bytes
    half = nil
    file = nil
    lines = 0
    if !hits.isEmpty {
      hits = []
      seen = []
    }
    if !lengths.isEmpty { lengths = [:] }
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
    if offset == 0 { examineHead(bytes) }
    guard encoding != .bytes else {
      takeNarrow(bytes, isLast: isLast)
      return
    }
    let narrow = narrowed(bytes)
    narrow.withUnsafeBytes { takeNarrow($0, isLast: isLast) }
  }

  private static let database = Array("SQLite format 3\0".utf8)

  /// What the first bytes of a file tell of it.
  private func examineHead(_ head: UnsafeRawBufferPointer) {
    guard let start = head.baseAddress, memchr(start, 0, min(head.count, 1024)) != nil else {
      // A key in DER may have no zero in the first bytes.
      if head.first == 0x30 { examineDer(head) }
      return
    }
    encoding = TextEncoding.of(head)
    isText = encoding != .bytes
    isDatabase = head.starts(with: Self.database)
    // ELF, and Python's bytecode, whose magic number ends with a line break.
    isProgram =
      head.starts(with: [0x7F, 0x45, 0x4C, 0x46])
      || (head.count > 16 && head[2] == 0x0D && head[3] == 0x0A)
    if head[0] == 0x30 { examineDer(head) }
  }

  private func examineDer(_ head: UnsafeRawBufferPointer) {
    guard SecretMatcher.isDerKey(head), catalogue.kind("raw-private-key") != nil else { return }
    isText = false
    let digest = Digest.sha256(Array(head.prefix(256)))
    hits.append(
      SecretHit(
        kind: "raw-private-key", offset: 0, line: 0, fingerprint: String(digest.hex.prefix(12))))
  }

  /// The letters of a text in UTF-16 that ASCII has, a byte each; `?` for each other one.
  private func narrowed(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var narrow: [UInt8] = []
    narrow.reserveCapacity(bytes.count / 2 + 1)
    for byte in bytes {
      guard let first = half else {
        half = byte
        continue
      }
      half = nil
      let (high, low) = encoding == .utf16LittleEndian ? (byte, first) : (first, byte)
      narrow.append(high == 0 && low < 0x80 ? low : UInt8(ascii: "?"))
    }
    return narrow
  }

  private func takeNarrow(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
    budget += bytes.count * 8
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
    let found = withoutRepeats()
    hits = []
    seen = []
    guard encoding == .bytes else {
      return Self.sorted(found).map {
        SecretHit(kind: $0.kind, offset: $0.offset * 2, line: $0.line, fingerprint: $0.fingerprint)
      }
    }
    return Self.sorted(found)
  }

  private static func sorted(_ hits: [SecretHit]) -> [SecretHit] {
    hits.sorted { ($0.offset, $0.kind) < ($1.offset, $1.kind) }
  }

  /// What is known by its shape is not reported once more for its name.
  private func withoutRepeats() -> [SecretHit] {
    guard hits.count > 1 else { return hits }
    let shaped = hits.filter { !Self.general.contains($0.kind) }
    return hits.filter { hit in
      guard Self.general.contains(hit.kind) else { return true }
      let end = hit.offset + Int64(lengths[hit] ?? 1)
      return !shaped.contains {
        $0.offset < end && hit.offset < $0.offset + Int64(lengths[$0] ?? 1)
      }
    }
  }

  private static let general: Set<String> = ["assigned-secret", "authorization-header"]

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
    guard budget > 0 else {
      isExhausted = true
      return
    }
    // No matcher sees more than one that works at a border between two pieces would.
    let window = UnsafeRawBufferPointer(
      rebasing: bytes[
        max(0, position - Self.lookBehind)..<min(bytes.count, position + Self.lookAhead)])
    let at = min(position, Self.lookBehind)
    func record(_ hit: (kind: String, fingerprint: String), _ range: Range<Int>) {
      guard hits.count < Self.maximumHits else {
        isExhausted = true
        return
      }
      let start = range.lowerBound + position - at
      var line = 0
      if isText {
        let before = UnsafeRawBufferPointer(rebasing: bytes[..<start])
        line = linesBefore + Self.countLines(before) + 1
      }
      let hit = SecretHit(
        kind: hit.kind, offset: base + Int64(start), line: line, fingerprint: hit.fingerprint)
      guard seen.insert(hit).inserted else { return }
      hits.append(hit)
      lengths[hit] = range.count
    }
    guard pattern.kind >= 0 else {
      budget -= 4096
      if let (range, found) = decoded(window, at) { record((found.kind, found.fingerprint), range) }
      return
    }
    let kind = catalogue.kinds[pattern.kind]
    guard !kind.isApplicationOnly || isApplication,
      kind.files.isEmpty || kind.files.contains(where: { name.elementsEqual($0) }),
      let match = match(pattern, kind, window, at)
    else {
      budget -= 64
      return
    }
    budget -= match.count + 64
    let value = window[match]
    guard SecretMatcher.entropy(value) >= kind.entropy, !isSample(kind, value) else { return }
    let digest = Digest.sha256(Array("\(kind.id):".utf8) + value)
    record((kind.id, String(digest.hex.prefix(kind.isChosen ? 4 : 12))), match)
  }

  private func isSample(_ kind: SecretKind, _ value: Slice<UnsafeRawBufferPointer>) -> Bool {
    if kind.id == "jwt", SecretMatcher.isAnonymousToken(value) { return true }
    if catalogue.samples.contains(String(Digest.sha256(value.map { $0 }).hex.prefix(16))) {
      return true
    }
    // Of a key's header, nothing but base64 behind it can be meant.
    return kind.method != .privateKey && SecretMatcher.isPlaceholder(value)
  }

  private func match(
    _ pattern: SecretCatalogue.Pattern, _ kind: SecretKind, _ window: UnsafeRawBufferPointer,
    _ at: Int
  ) -> Range<Int>? {
    let matcher = SecretMatcher(bytes: window, file: fileFacts())
    switch pattern.method {
    case .token:
      guard let found = matcher.token(kind.shapes[pattern.shape], start: at - pattern.offset),
        kind.id != "raw-private-key" || !matcher.isBehindHeader(found.lowerBound)
      else { return nil }
      return found
    case .named: return matcher.named(kind.shapes, after: at + pattern.keywordLength)
    case .privateKey: return matcher.privateKey(at)
    case .url: return matcher.url(at)
    case .authorization: return matcher.authorization(at, pattern.keywordLength)
    case .assignment: return matcher.assignment(at, pattern.keywordLength)
    }
  }

  private func fileFacts() -> SecretPlace.File {
    if let file { return file }
    var facts = SecretPlace.File(path: path)
    facts.isText = isText
    facts.isDatabase = isDatabase
    facts.isProgram = isProgram
    file = facts
    return facts
  }

  /// What base64 that begins at `start` holds: a key, or JSON with one.
  private func decoded(_ window: UnsafeRawBufferPointer, _ start: Int) -> (Range<Int>, SecretHit)? {
    guard !isNested, start == 0 || !ByteSet.alphanumeric.contains(window[start - 1]) else {
      return nil
    }
    var end = start
    while end < window.count, Base64.letters.contains(window[end]) { end += 1 }
    let bytes = Base64.decoded(window[start..<end])
    let scanner = SecretScanner(catalogue, isNested: true)
    return scanner.scan(bytes, path: Array("app/config.json".utf8)).first.map { (start..<end, $0) }
  }
}

extension [UInt8] {
  fileprivate init(_ slice: Slice<UnsafeRawBufferPointer>) { self = slice.map { $0 } }
}
