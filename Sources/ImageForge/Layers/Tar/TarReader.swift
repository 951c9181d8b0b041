import ForgeBasics
import ForgeFindings

/// A strict streaming reader of tar: fed with the bytes in order, it keeps entries, hashes and captured heads.
///
/// Where Go's reader (which Docker, containerd, podman and BuildKit unpack with) and others understand one archive
/// differently, it follows Go's and notes an anomaly, or refuses what could smuggle entries past a reader.
final class TarReader {
  private enum State {
    case header
    /// Data of the last entry.
    case data
    /// The map that stands before the data of a PAX 1.0 sparse file.
    case sparseMap
    /// Blocks that continue the map in the header of an old GNU sparse file.
    case sparseExtension
    /// An extended header of this type.
    case extended(UInt8)
    /// Beyond the end-of-archive marker.
    case ended
  }

  /// What extended headers said of the entry to come.
  private struct Pending {
    var name: [UInt8]?
    var link: [UInt8]?
    var pax: PaxRecords?
    var isEmpty: Bool { name == nil && link == nil && pax == nil }
  }

  private let name: String
  private let limits: LayerLimits
  private let capture: @Sendable (ArraySlice<UInt8>) -> Int
  private let hasher: ContentHasher
  private let scanner: (any ContentScanner)?
  private(set) var hits: [Int: [SecretHit]] = [:]

  private(set) var entries = LayerEntries()
  /// Nil unless asked for.
  private(set) var recorder: ContentRecorder?
  private var anomalies: [LayerAnomaly.Kind: LayerAnomaly] = [:]
  private var state = State.header
  private var pending = Pending()
  private var sawZeroBlock = false
  /// Offset of the next byte in the tar.
  private(set) var offset: Int64 = 0
  /// Bytes of data still to come, and of the padding behind them.
  private var remaining: Int64 = 0
  private var padding: Int64 = 0
  /// The extended header or sparse map being collected.
  private var collected: [UInt8] = []
  private var sparsePieces: [Int64] = []
  private var sparseSize: Int64 = 0
  private var sparseLines = 0
  /// Of the file being read.
  private var head: [UInt8]?
  private var headRoom = 0
  private var headBytes = 0
  private var totalSize: Int64 = 0
  private var scratch: [UInt8] = []

  init(
    name: String, limits: LayerLimits, notes: ContentNotes = .nothing,
    capture: @escaping @Sendable (ArraySlice<UInt8>) -> Int,
    scanner: (any ContentScanner)? = nil
  ) {
    recorder = ContentRecorder(notes)
    // What one process alone knows is in no cache.
    hasher = ContentHasher(isSecret: notes != .nothing)
    self.name = name
    self.scanner = scanner
    self.limits = limits
    self.capture = capture
  }

  /// In the order in which they first occur.
  var foundAnomalies: [LayerAnomaly] {
    anomalies.values.sorted { ($0.offset, $0.kind.rawValue) < ($1.offset, $1.kind.rawValue) }
  }

  /// Takes the next bytes; their count must be a multiple of 512, except at the end.
  func consume(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    try check(offset + Int64(bytes.count), "it unpacks")
    var rest = bytes
    while !rest.isEmpty {
      let taken: Int
      if remaining > 0 {
        taken = Int(min(remaining, Int64(rest.count)))
        try takeData(UnsafeRawBufferPointer(rebasing: rest[..<taken]))
      } else if padding > 0 {
        taken = Int(min(padding, Int64(rest.count)))
        padding -= Int64(taken)
      } else if case .ended = state {
        taken = rest.count
        if !rest.isZero, let position = rest.firstIndex(where: { $0 != 0 }) {
          note(.dataAfterEnd, at: offset + Int64(position))
        }
        scanner?.take(rest, isLast: false)
      } else {
        taken = TarBlock.size
        guard rest.count >= taken else {
          throw .truncated(layer: name, offset: offset + Int64(rest.count), within: "a header")
        }
        try takeBlock(TarBlock(bytes: UnsafeRawBufferPointer(rebasing: rest[..<taken])))
      }
      offset += Int64(taken)
      rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
    }
  }

  /// Holds a number of bytes to the budgets: of a layer, and of all layers.
  private func check(_ size: Int64, _ what: String, _ path: [UInt8] = []) throws(LayerError) {
    let most = min(limits.unpacked, limits.total)
    guard size > most else { return }
    let reason = "\(what) to more than \(ByteCount.text(most))"
    if limits.total < limits.unpacked {
      throw .overLimit(layer: name, path: path, limit: .total, reason: reason)
    }
    throw .overLimit(layer: name, path: path, limit: .layer, reason: reason)
  }

  /// After the last byte.
  func finish() throws(LayerError) {
    func truncated(_ within: String) -> LayerError {
      .truncated(layer: name, offset: offset, within: within)
    }
    guard offset > 0 else { throw .notALayer(layer: name) }
    guard remaining == 0, padding == 0 else {
      throw truncated("entry \(DisplayText.escape(lastPath))")
    }
    switch state {
    case .ended:
      scanner?.take(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
      finishScan(-1)
    case .header where pending.isEmpty: if !sawZeroBlock { note(.noEndOfArchive) }
    case .header: throw truncated("an extended header")
    default: throw truncated("entry \(DisplayText.escape(lastPath))")
    }
  }

  private var lastPath: ArraySlice<UInt8> {
    guard !entries.isEmpty else { return [] }
    return entries.path(entries.count - 1)
  }

  // MARK: Blocks

  private func takeBlock(_ block: TarBlock) throws(LayerError) {
    if case .sparseExtension = state { return try takeSparseExtension(block) }
    if block.isZero {
      guard pending.isEmpty else { throw malformed("the archive ends after an extended header") }
      if sawZeroBlock {
        state = .ended
        scanner?.begin(path: [])
      }
      sawZeroBlock = true
      return
    }
    guard !sawZeroBlock else {
      throw malformed("entries follow a lone block of zeros: readers disagree about them")
    }
    guard block.isSound else {
      if offset == 0 { throw .notALayer(layer: name) }
      throw malformed("the header's checksum is wrong")
    }
    switch block.type {
    case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
      let size = try size(of: block)
      guard size > 0 else { throw malformed("an extended header is empty") }
      guard size <= limits.header else {
        throw .overLimit(
          layer: name, path: [], limit: .header, reason: "an extended header of \(size) bytes")
      }
      collected = []
      state = .extended(block.type)
      expect(size)
    default: try takeEntry(block)
    }
  }

  private func size(of block: TarBlock) throws(LayerError) -> Int64 {
    guard let size = block.number(124, 12), size >= 0 else {
      throw malformed("the size is not a number from 0 up")
    }
    return size
  }

  private func expect(_ size: Int64) {
    remaining = size
    padding = -size & 511
  }

  // MARK: Entries

  private func takeEntry(_ block: TarBlock) throws(LayerError) {
    let extended = pending
    pending = Pending()
    let pax = extended.pax
    guard entries.count < limits.entries else {
      throw .overLimit(
        layer: name, path: [], limit: .entries, reason: "more than \(limits.entries) entries")
    }
    if let long = extended.name, let path = pax?.path, long != path {
      throw malformed("a GNU long name and a PAX path name different entries")
    }
    let rawName = extended.name ?? pax?.sparse.name ?? pax?.path ?? block.name
    var entry = LayerEntry(kind: try kind(of: block, name: rawName))
    let path = try store(path: rawName, of: entry.kind)
    entry.path = path
    let shown = Array(entries[bytes: path])

    func field(_ offset: Int, _ length: Int, _ what: String) throws(LayerError) -> Int64 {
      guard let value = block.number(offset, length) else {
        throw malformed("the \(what) is not a number", shown)
      }
      return value
    }
    func identifier(_ value: Int64, _ what: String) throws(LayerError) -> UInt32 {
      guard let value = UInt32(exactly: value) else {
        throw malformed("the \(what) \(value) does not exist", shown)
      }
      return value
    }
    entry.mode = UInt16(try field(100, 8, "mode") & 0o7777)
    let (uid, gid) = (try field(108, 8, "user id"), try field(116, 8, "group id"))
    entry.uid = try identifier(pax?.uid ?? uid, "user id")
    entry.gid = try identifier(pax?.gid ?? gid, "group id")
    if let time = pax?.modified {
      (entry.modified, entry.modifiedNanoseconds) = (time.seconds, time.nanoseconds)
    } else {
      entry.modified = try field(136, 12, "time")
    }
    entry.hasExtendedAttributes = !(pax?.extendedAttributes.isEmpty ?? true)

    var stored = try size(of: block)
    if let size = pax?.size {
      if stored != 0, stored != size { note(.sizeConflict, shown) }
      stored = size
    }
    switch entry.kind {
    case .regular:
      try check(stored, "a file unpacks", shown)
      entry.size = stored
      try beginFile(&entry, block, pax, stored: stored, path: shown)
    case .symlink:
      let target = extended.link ?? pax?.linkPath ?? Array(block.text(157, 100))
      guard !target.isEmpty, !target.contains(0) else {
        throw malformed("the symlink has no target", shown)
      }
      guard target.count <= limits.path else {
        throw .overLimit(
          layer: name, path: shown, limit: .path,
          reason: "a link target longer than \(limits.path) bytes")
      }
      entry.link = entries.store(target)
    case .hardlink:
      let target = extended.link ?? pax?.linkPath ?? Array(block.text(157, 100))
      entry.link = try store(path: target, of: .hardlink)
    case .characterDevice, .blockDevice:
      entry.deviceMajor = try identifier(field(329, 8, "device number"), "device number")
      entry.deviceMinor = try identifier(field(337, 8, "device number"), "device number")
    case .directory, .fifo: break
    }
    if entry.kind != .regular, stored > 0 { note(.sizeWithoutData, shown) }
    guard entries.arenaSize <= limits.names else {
      throw .overLimit(
        layer: name, path: [], limit: .names,
        reason: "names of more than \(ByteCount.text(Int64(limits.names)))")
    }
    entries.append(entry, attributes: pax?.extendedAttributes ?? [])
    recorder?.begin()
    if entry.kind == .regular, remaining == 0, case .header = state { finishFile() }
  }

  private func kind(of block: TarBlock, name rawName: [UInt8]) throws(LayerError) -> LayerEntry.Kind
  {
    switch block.type {
    case UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"): return .regular
    // Before POSIX a folder was a file whose name ends with a slash.
    case 0 where rawName.last == UInt8(ascii: "/"): return .directory
    case 0: return .regular
    case UInt8(ascii: "1"): return .hardlink
    case UInt8(ascii: "2"): return .symlink
    case UInt8(ascii: "3"): return .characterDevice
    case UInt8(ascii: "4"): return .blockDevice
    case UInt8(ascii: "5"): return .directory
    case UInt8(ascii: "6"): return .fifo
    default:
      throw malformed(
        "unknown type \(DisplayText.escape([block.type])): no container runtime unpacks it", rawName
      )
    }
  }

  private func store(path raw: [UInt8], of kind: LayerEntry.Kind) throws(LayerError) -> ByteRun {
    guard raw.count <= limits.path else {
      throw .overLimit(
        layer: name, path: raw, limit: .path, reason: "a path longer than \(limits.path) bytes")
    }
    do throws(TarPath.Problem) {
      if try TarPath.clean(raw, into: &scratch) { note(.dotDot, raw) }
    } catch {
      throw malformed(error.reason, raw)
    }
    if scratch.isEmpty, kind != .directory {
      throw malformed("the root can only be a folder, and no link can lead to it", raw)
    }
    return entries.store(scratch)
  }

  // MARK: Sparse files

  /// Sets up the state for the data of a regular file, sparse or not.
  private func beginFile(
    _ entry: inout LayerEntry, _ block: TarBlock, _ pax: PaxRecords?, stored: Int64, path: [UInt8]
  ) throws(LayerError) {
    sparsePieces = []
    head = nil
    headRoom = capture(entries[bytes: entry.path])
    if headRoom > 0 {
      headRoom = Int(min(Int64(min(headRoom, limits.heads)), stored))
      headBytes += headRoom
      guard headBytes <= limits.heads else {
        throw .overLimit(
          layer: name, path: path, limit: .heads,
          reason: "too many files whose content has to be looked at")
      }
      head = []
      head?.reserveCapacity(headRoom)
    }
    scanner?.begin(path: entries[bytes: entry.path])
    expect(stored)
    state = .header
    if stored > 0 { state = .data }
    let map = pax?.sparse ?? PaxRecords.Sparse()
    if block.type == UInt8(ascii: "S") {
      guard let pairs = block.sparsePairs(at: 386, count: 4), let size = block.number(483, 12),
        size >= 0
      else {
        throw malformed("the sparse map is malformed", path)
      }
      (sparsePieces, sparseSize) = (pairs, size)
      entry.isSparse = true
      if block.bytes[482] != 0 {
        // The data follows after the extension blocks.
        state = .sparseExtension
        (pendingData, remaining, padding) = (stored, 0, 0)
      } else {
        try checkSparse(pairs, stored: stored, path: path)
      }
    } else if map.major == [0x31], map.minor == [0x30] {
      guard let size = map.realSize, stored > 0 else {
        throw malformed("the sparse file has no size", path)
      }
      sparseSize = size
      entry.isSparse = true
      collected = []
      sparseLines = 0
      state = .sparseMap
    } else if let pieces = map.map, map.major.isEmpty || map.major == [0x30] {
      sparseSize = map.realSize ?? -1
      sparsePieces = pieces
      entry.isSparse = true
      try checkSparse(pieces, stored: stored, path: path)
    } else if map.isPresent {
      throw malformed("unknown or incomplete GNU sparse headers", path)
    }
    if entry.isSparse {
      note(.sparse, path)
      entry.size = sparseSize
    }
    try check(entry.size, "a file unpacks", path)
    // Both are below the limit, and so their sum is within its type.
    totalSize += entry.size
    try check(totalSize, "its files unpack", path)
  }

  /// Stored bytes of an old GNU sparse file whose map is not complete yet.
  private var pendingData: Int64 = 0

  private func checkSparse(_ pieces: [Int64], stored: Int64, path: [UInt8]) throws(LayerError) {
    guard SparseMap(pieces: pieces, realSize: sparseSize, stored: stored) != nil else {
      throw malformed("the sparse map does not fit the file", path)
    }
  }

  private func takeSparseExtension(_ block: TarBlock) throws(LayerError) {
    guard let pairs = block.sparsePairs(at: 0, count: 21) else {
      throw malformed("the sparse map is malformed")
    }
    sparsePieces += pairs
    guard sparsePieces.count <= limits.header / 16 else {
      throw .overLimit(
        layer: name, path: Array(lastPath), limit: .header,
        reason: "a sparse map of more than \(limits.header) bytes")
    }
    if block.bytes[504] != 0 { return }
    try checkSparse(sparsePieces, stored: pendingData, path: Array(lastPath))
    expect(pendingData)
    if pendingData > 0 {
      state = .data
    } else {
      state = .header
      finishFile()
    }
  }

  /// Takes one block of a PAX 1.0 map: decimal numbers, one a line, the first of which counts the pairs.
  private func takeSparseMap(_ block: UnsafeRawBufferPointer) throws(LayerError) {
    collected.append(contentsOf: block)
    sparseLines += block.count { $0 == 0x0A }
    guard collected.count <= limits.header else {
      throw .overLimit(
        layer: name, path: Array(lastPath), limit: .header,
        reason: "a sparse map of more than \(limits.header) bytes")
    }
    guard let count = PaxRecords.decimal(collected.prefix(20).prefix { $0 != 0x0A }),
      count <= limits.header / 4
    else {
      throw malformed("the sparse map is malformed")
    }
    // The map ends within a block: the rest of that block is padding.
    let wanted = 1 + Int(count) * 2
    guard sparseLines >= wanted else { return }
    let lines = collected.split(
      separator: 0x0A, maxSplits: wanted, omittingEmptySubsequences: false)
    var pieces: [Int64] = []
    for line in lines[1..<wanted] {
      guard let number = PaxRecords.decimal(line) else {
        throw malformed("the sparse map is malformed")
      }
      pieces.append(number)
    }
    sparsePieces = pieces
    collected = []
    state = .data
    try checkSparse(pieces, stored: remaining, path: Array(lastPath))
  }

  // MARK: Data

  private func takeData(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    switch state {
    case .extended(let type):
      collected.append(contentsOf: bytes)
      remaining -= Int64(bytes.count)
      if remaining == 0 {
        state = .header
        try finishExtended(type)
      }
    case .sparseMap:
      // Block by block, as the data begins right after the map's last one.
      var rest = bytes
      while !rest.isEmpty, case .sparseMap = state {
        let block = UnsafeRawBufferPointer(rebasing: rest.prefix(TarBlock.size))
        remaining -= Int64(block.count)
        try takeSparseMap(block)
        rest = UnsafeRawBufferPointer(rebasing: rest[block.count...])
      }
      if case .sparseMap = state {
        guard remaining > 0 else { throw malformed("the sparse map is malformed") }
      } else if remaining == 0 {
        state = .header
        finishFile()
      } else if !rest.isEmpty {
        try takeData(rest)
      }
    default: takeFileData(bytes)
    }
  }

  private func takeFileData(_ bytes: UnsafeRawBufferPointer) {
    if let room = head.map({ headRoom - $0.count }), room > 0 {
      head?.append(contentsOf: bytes.prefix(room))
    }
    // Data is taken from the current offset on; only the map of a sparse file comes before it.
    recorder?.update(bytes, at: offset)
    remaining -= Int64(bytes.count)
    scanner?.take(bytes, isLast: remaining == 0)
    if remaining > 0 || hasher.isPending || !sparsePieces.isEmpty {
      hasher.update(bytes)
      if remaining == 0 { finishFile() }
    } else {
      finishFile(hash: hasher.hash(bytes))
    }
  }

  private func finishFile() {
    if !sparsePieces.isEmpty {
      sparsePieces.append(sparseSize)
      sparsePieces.withUnsafeBytes { hasher.update($0) }
    }
    finishFile(hash: hasher.finish())
  }

  private func finishFile(hash: ContentHash) {
    state = .header
    finishScan(entries.count - 1)
    entries.finishLast(hash: hash, head: head)
    recorder?.finish(hash)
    head = nil
    sparsePieces = []
  }

  private func finishScan(_ entry: Int) {
    if let found = scanner?.finish(), !found.isEmpty { hits[entry, default: []] += found }
  }

  private func finishExtended(_ type: UInt8) throws(LayerError) {
    let bytes = collected
    collected = []
    switch type {
    case UInt8(ascii: "x"):
      guard pending.pax == nil else { throw malformed("two PAX headers for one entry") }
      pending.pax = try pax(bytes)
      search(bytes)
    case UInt8(ascii: "g"):
      // Go hands a global header on as an entry of its own, and runtimes skip it.
      search(bytes)
      guard try pax(bytes).changesEntries else { return }
      note(.globalHeader)
    case UInt8(ascii: "L"):
      guard pending.name == nil else { throw malformed("two GNU long names for one entry") }
      pending.name = Array(bytes.prefix { $0 != 0 })
    default:
      guard pending.link == nil else { throw malformed("two GNU long links for one entry") }
      pending.link = Array(bytes.prefix { $0 != 0 })
    }
  }

  /// Extension headers hold comments and attributes, which everybody who pulls the image can read.
  private func search(_ records: [UInt8]) {
    guard let scanner else { return }
    // As in a place of the system, where only tokens that are known by their shape are looked for.
    scanner.begin(path: Array("usr/pax".utf8)[...])
    records.withUnsafeBytes { scanner.take($0, isLast: true) }
    finishScan(-1)
  }

  private func pax(_ bytes: [UInt8]) throws(LayerError) -> PaxRecords {
    do {
      return try PaxRecords(bytes)
    } catch {
      throw malformed(error.reason)
    }
  }

  // MARK: Notes

  private func malformed(_ reason: String, _ path: [UInt8] = []) -> LayerError {
    .malformed(layer: name, offset: offset, path: path, reason: reason)
  }

  private func note(_ kind: LayerAnomaly.Kind, _ path: [UInt8] = []) {
    note(kind, at: offset, path)
  }

  private func note(_ kind: LayerAnomaly.Kind, at position: Int64, _ path: [UInt8] = []) {
    anomalies[kind, default: LayerAnomaly(kind: kind, count: 0, offset: position, path: path)]
      .count += 1
  }
}
