import ForgeBasics
import ForgeFindings

/// A scan as bytes, for `LayerCache`. Compact rather than general: paths without what they share with the path before,
/// numbers by their length. Whoever changes what a scan holds raises `CacheFolder.formatVersion`.
extension LayerScan {
  func encode() -> [UInt8] {
    var out = ByteWriter()
    out.run(compression.rawValue.utf8)
    out.run(digest.description.utf8)
    out.run(diffID.description.utf8)
    out.number(compressed)
    out.number(unpacked)
    out.number(anomalies.count)
    for anomaly in anomalies {
      out.run(anomaly.kind.rawValue.utf8)
      out.number(anomaly.count)
      out.number(anomaly.offset)
      out.run(anomaly.path)
    }
    entries.encode(to: &out)
    out.run((contentVersion ?? "").utf8)
    out.number(hits.count)
    for (index, list) in hits.sorted(by: { $0.key < $1.key }) {
      out.signed(Int64(index))
      out.number(list.count)
      for mark in list {
        out.run(mark.kind.utf8)
        out.number(mark.offset)
        out.number(mark.line)
        out.run(mark.fingerprint.utf8)
      }
    }
    return out.bytes
  }

  /// Nil where the bytes are no scan, or one beyond the limits.
  init?(decoding bytes: UnsafeRawBufferPointer, limits: LayerLimits) {
    var input = ByteReader(bytes)
    func text() -> String { String(decoding: input.run(), as: UTF8.self) }
    guard let compression = LayerCompression(rawValue: text()), let digest = Digest(text()),
      let diffID = Digest(text())
    else { return nil }
    self.compression = compression
    self.digest = digest
    self.diffID = diffID
    compressed = input.number(Int64.self)
    unpacked = input.number(Int64.self, upTo: limits.unpacked)
    var anomalies: [LayerAnomaly] = []
    for _ in 0..<input.number(Int.self, upTo: LayerAnomaly.Kind.allCases.count) {
      guard let kind = LayerAnomaly.Kind(rawValue: text()) else { return nil }
      anomalies.append(
        LayerAnomaly(
          kind: kind, count: input.number(Int.self), offset: input.number(Int64.self),
          path: Array(input.run())))
    }
    self.anomalies = anomalies
    guard let entries = LayerEntries(decoding: &input, limits: limits) else { return nil }
    self.entries = entries
    let version = text()
    contentVersion = nil
    if !version.isEmpty { contentVersion = version }
    for _ in 0..<input.number(Int.self, upTo: entries.count + 1) {
      let index = input.signed()
      guard index >= -1, index < entries.count else { return nil }
      var list: [SecretHit] = []
      // Each takes four bytes at least, so that no number here can be larger than what was read.
      for _ in 0..<input.number(Int.self, upTo: bytes.count / 4) {
        guard input.isSound else { return nil }
        list.append(
          SecretHit(
            kind: text(), offset: input.number(Int64.self), line: input.number(Int.self),
            fingerprint: text()))
      }
      hits[Int(index)] = list
    }
    guard input.isSound, input.isAtEnd else { return nil }
  }
}

extension LayerEntries {
  /// Bits above the kind in the first byte of an entry.
  private enum Bit {
    static let kind: UInt8 = 0x07
    static let sparse: UInt8 = 0x08
    static let attributes: UInt8 = 0x10
    static let head: UInt8 = 0x20
    /// Mode, owner and time as in the entry before.
    static let sameMetadata: UInt8 = 0x40
  }

  fileprivate func encode(to out: inout ByteWriter) {
    out.number(count)
    var before: (path: ArraySlice<UInt8>, entry: LayerEntry)?
    for index in indices {
      let entry = self[index]
      let path = path(index)
      let list = extendedAttributes(index)
      let head = head(index)
      let isSame = before.map { $0.entry.hasSameMetadata(as: entry) } ?? false
      var bits = entry.kind.rawValue
      if entry.isSparse { bits |= Bit.sparse }
      if entry.hasExtendedAttributes { bits |= Bit.attributes }
      if head != nil { bits |= Bit.head }
      if isSame { bits |= Bit.sameMetadata }
      out.byte(bits)
      let shared = zip(before?.path ?? [], path).prefix { $0 == $1 }.count
      out.number(shared)
      out.run(path.dropFirst(shared))
      if !isSame {
        out.number(entry.mode)
        out.number(entry.uid)
        out.number(entry.gid)
        out.signed(entry.modified)
        out.number(entry.modifiedNanoseconds)
      }
      switch entry.kind {
      case .regular:
        out.number(entry.size)
        out.fixed(entry.hash.low)
        out.fixed(entry.hash.high)
      case .symlink, .hardlink: out.run(link(index))
      case .characterDevice, .blockDevice:
        out.number(entry.deviceMajor)
        out.number(entry.deviceMinor)
      case .directory, .fifo: break
      }
      if entry.hasExtendedAttributes {
        out.number(list.count)
        for attribute in list {
          out.run(attribute.name)
          out.run(attribute.value)
        }
      }
      if let head { out.run(head) }
      before = (path, entry)
    }
  }

  fileprivate init?(decoding input: inout ByteReader, limits: LayerLimits) {
    self.init()
    var path: [UInt8] = []
    var before = LayerEntry(kind: .regular)
    var (names, heads, total) = (0, 0, Int64(0))
    for _ in 0..<input.number(Int.self, upTo: limits.entries) {
      let bits = input.byte()
      guard input.isSound, let kind = LayerEntry.Kind(rawValue: bits & Bit.kind) else { return nil }
      let shared = input.number(Int.self, upTo: path.count)
      path.removeLast(path.count - shared)
      path += input.run()
      var entry = bits & Bit.sameMetadata != 0 ? before.metadata(kind) : LayerEntry(kind: kind)
      if bits & Bit.sameMetadata == 0 {
        entry.mode = input.number(UInt16.self)
        entry.uid = input.number(UInt32.self)
        entry.gid = input.number(UInt32.self)
        entry.modified = input.signed()
        entry.modifiedNanoseconds = input.number(UInt32.self)
      }
      entry.path = store(path)
      entry.isSparse = bits & Bit.sparse != 0
      entry.hasExtendedAttributes = bits & Bit.attributes != 0
      switch kind {
      case .regular:
        entry.size = input.number(Int64.self, upTo: limits.unpacked)
        entry.hash = ContentHash(low: input.fixed(), high: input.fixed())
      case .symlink, .hardlink: entry.link = store(input.run())
      case .characterDevice, .blockDevice:
        entry.deviceMajor = input.number(UInt32.self)
        entry.deviceMinor = input.number(UInt32.self)
      case .directory, .fifo: break
      }
      var list: [ExtendedAttribute] = []
      if entry.hasExtendedAttributes {
        for _ in 0..<input.number(Int.self, upTo: limits.header) {
          let attribute = ExtendedAttribute(name: Array(input.run()), value: Array(input.run()))
          guard input.isSound else { return nil }
          names += attribute.name.count + attribute.value.count
          list.append(attribute)
        }
      }
      append(entry, attributes: list)
      if bits & Bit.head != 0 {
        let head = Array(input.run())
        guard kind == .regular, head.count <= entry.size else { return nil }
        heads += head.count
        finishLast(hash: entry.hash, head: head)
      }
      total += entry.size
      guard input.isSound, path.count <= limits.path, Int(entry.link.count) <= limits.path,
        arenaSize + names <= limits.names, heads <= limits.heads, total <= limits.unpacked
      else { return nil }
      before = entry
    }
  }
}

extension LayerEntry {
  fileprivate func hasSameMetadata(as other: LayerEntry) -> Bool {
    mode == other.mode && uid == other.uid && gid == other.gid && modified == other.modified
      && modifiedNanoseconds == other.modifiedNanoseconds
  }

  /// An entry of another kind with the same mode, owner and time.
  fileprivate func metadata(_ kind: Kind) -> LayerEntry {
    var entry = LayerEntry(kind: kind)
    entry.mode = mode
    entry.uid = uid
    entry.gid = gid
    entry.modified = modified
    entry.modifiedNanoseconds = modifiedNanoseconds
    return entry
  }
}
