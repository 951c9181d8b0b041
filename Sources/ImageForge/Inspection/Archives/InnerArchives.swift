import ForgeLayers

/// Picks out of bytes that pass by what must be unpacked in turn: the archives among the members of a tar, or all of it
/// where it is an archive itself.
struct InnerArchives {
  struct Archive {
    let name: [UInt8]
    let form: ArchiveForm
    let bytes: [UInt8]
  }

  private enum Part { case header, data, padding, nothing }

  private(set) var found: [Archive] = []
  /// Whether one was too large to be kept, or cut off.
  private(set) var isIncomplete = false

  private static let block = 512
  private var room = ArchiveSearch.maximumArchive
  private var part = Part.header
  private var isFirst = true
  private var header: [UInt8] = []
  private var name: [UInt8] = []
  /// Bytes of the part that are still to come, and those that fill the last block of the member.
  private var left = 0
  private var padding = 0
  /// The member from its start, as long as it may be an archive; nil once it is known to be none.
  private var kept: [UInt8]?
  private var form: ArchiveForm?

  mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    while at < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[at...])
      switch part {
      case .header: at += takeHeader(rest)
      case .data: at += takeData(rest)
      case .padding:
        let count = min(left, rest.count)
        left -= count
        at += count
        if left == 0 { part = .header }
      case .nothing: return
      }
    }
  }

  /// The bytes have ended.
  mutating func finish() {
    if part == .header, isFirst { begin() }
    if part == .data { endMember() }
    part = .nothing
  }

  // MARK: Parts

  private mutating func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
    let count = min(Self.block - header.count, bytes.count)
    header.append(contentsOf: bytes[..<count])
    if header.count == Self.block { begin() }
    return count
  }

  private mutating func takeData(_ bytes: UnsafeRawBufferPointer) -> Int {
    let count = min(left, bytes.count)
    keep(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    left -= count
    if left == 0 { endMember() }
    return count
  }

  /// What the first block says: a member of a tar, or the start of an archive without one.
  private mutating func begin() {
    defer {
      isFirst = false
      header.removeAll(keepingCapacity: true)
    }
    guard header.count == Self.block, header[257..<262].elementsEqual("ustar".utf8) else {
      beginWhole()
      return
    }
    name = Array(header[..<100].prefix { $0 != 0 })
    let isFile = header[156] == 0 || header[156] == UInt8(ascii: "0")
    let size = Self.size(header[124..<136])
    kept = isFile ? [] : nil
    form = nil
    left = size
    padding = (Self.block - size % Self.block) % Self.block
    part = .data
    if size == 0 { endMember() }
  }

  /// Bytes that are no tar: an archive, or nothing that is looked into.
  private mutating func beginWhole() {
    part = .nothing
    guard isFirst, header.withUnsafeBytes({ ArchiveForm($0, path: []) }) != nil else { return }
    part = .data
    (left, padding) = (Int.max, 0)
    kept = []
    header.withUnsafeBytes { keep($0) }
  }

  private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
    guard let before = kept else { return }
    if form == nil, before.count >= Self.block {
      decide()
      if kept == nil { return }
    }
    guard before.count + bytes.count <= room else {
      if form == nil { decide() }
      if form != nil { isIncomplete = true }
      kept = nil
      return
    }
    kept?.append(contentsOf: bytes)
  }

  private mutating func decide() {
    form = kept?.withUnsafeBytes { ArchiveForm($0, path: name) }
    if form == nil { kept = nil }
  }

  private mutating func endMember() {
    if form == nil { decide() }
    if let kept, let form {
      found.append(Archive(name: name, form: form, bytes: kept))
      room -= kept.count
    }
    kept = nil
    left = padding
    part = padding == 0 ? .header : .padding
  }

  /// An octal number, or one of GNU's and star's large ones.
  private static func size(_ field: ArraySlice<UInt8>) -> Int {
    guard let first = field.first else { return 0 }
    if first & 0x80 != 0 {
      return field.suffix(7).reduce(0) { $0 << 8 | Int($1) }
    }
    return field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
      .reduce(0) { $0 << 3 | Int($1 - 0x30) }
  }
}
