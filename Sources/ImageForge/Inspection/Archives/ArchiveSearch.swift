import ForgeFindings
import ForgeLayers
import ForgeSecrets

/// Searches the contents of files, and what archives among the application's own unpack to: zip with its many names,
/// gzip, bzip2, xz and zstd, objects and packs of git, and the archives in these. A tar is searched as the bytes that it
/// is, and the archives among its members are unpacked.
final class ArchiveSearch: ContentScanner {
  /// Whoever changes what is looked into raises it: results are kept by it.
  static let revision = 2
  /// Bytes of an archive that are kept to be unpacked.
  static let maximumArchive = 32 << 20
  /// Bytes that one file may unpack to, and all of a layer.
  private static let maximumUnpacked = 256 << 20
  private static let maximumOfLayer = 1 << 30
  private static let maximumDepth = 3

  private let scanner: SecretScanner
  /// For what is unpacked.
  private let inner: SecretScanner
  private var path: [UInt8] = []
  private var isCandidate = false
  /// Whether the first bytes have told the form.
  private var isDecided = false
  /// Bytes that tell it.
  private static let headSize = 512
  private var form: ArchiveForm?
  private var members = InnerArchives()
  private var kept: [UInt8] = []
  private var isTooLarge = false
  private var layerBudget = ArchiveSearch.maximumOfLayer
  private var fileBudget = 0
  private var found: [SecretHit] = []
  private var isUnread = false

  init(_ catalogue: SecretCatalogue) {
    scanner = SecretScanner(catalogue)
    inner = SecretScanner(catalogue)
  }

  func begin(path: ArraySlice<UInt8>) {
    scanner.begin(path: path)
    isCandidate = !path.isEmpty && SecretPlace.isApplication(path)
    isDecided = false
    form = nil
    isTooLarge = false
    if isCandidate {
      self.path.removeAll(keepingCapacity: true)
      self.path.append(contentsOf: path)
    }
    if !kept.isEmpty { kept = [] }
  }

  func take(_ bytes: UnsafeRawBufferPointer, isLast: Bool) {
    scanner.take(bytes, isLast: isLast)
    guard isCandidate, !bytes.isEmpty else { return }
    guard isDecided || !kept.isEmpty || bytes.count < Self.headSize else {
      decide(bytes)
      keep(bytes)
      return
    }
    keep(bytes)
    if !isDecided, kept.count >= Self.headSize { decideOnKept() }
  }

  private func decide(_ head: UnsafeRawBufferPointer) {
    isDecided = true
    form = ArchiveForm(head, path: path)
    if form == .tar { members = InnerArchives() }
  }

  /// What came in pieces that were too small to tell.
  private func decideOnKept() {
    let head = kept
    kept = []
    head.withUnsafeBytes {
      decide($0)
      keep($0)
    }
  }

  private func keep(_ bytes: UnsafeRawBufferPointer) {
    guard form != nil || !isDecided, !isTooLarge else { return }
    if form == .tar {
      members.feed(bytes)
      return
    }
    guard kept.count + bytes.count <= Self.maximumArchive else {
      isTooLarge = true
      kept = []
      return
    }
    kept.append(contentsOf: bytes)
  }

  func finish() -> [SecretHit] {
    let hits = scanner.finish()
    if isCandidate, !isDecided { decideOnKept() }
    guard let form else { return hits }
    found = []
    isUnread = isTooLarge
    fileBudget = min(Self.maximumUnpacked, layerBudget)
    let before = fileBudget
    if form == .tar {
      unpack(&members, depth: 0)
    } else if !isTooLarge {
      kept.withUnsafeBytes { unpack($0, form, depth: 0) }
    }
    layerBudget -= before - fileBudget
    kept = []
    var all = hits
    for hit in found where !all.contains(where: { $0.fingerprint == hit.fingerprint }) {
      all.append(hit)
    }
    if isUnread {
      all.append(SecretHit(kind: SecretFact.unread, offset: 0, line: 0, fingerprint: ""))
    }
    return all
  }

  // MARK: Unpacking

  private func unpack(_ bytes: UnsafeRawBufferPointer, _ form: ArchiveForm, depth: Int) {
    guard depth < Self.maximumDepth else {
      isUnread = true
      return
    }
    switch form {
    case .zip: unpackZip(bytes, depth: depth)
    case .tar:
      var members = InnerArchives()
      members.feed(bytes)
      unpack(&members, depth: depth)
    case .compressed: decompress(bytes, depth: depth)
    case .gitObject:
      begin(named: [])
      let end = Inflate.stream(bytes, .zlib, feed)
      finishInner(isWhole: end != nil)
    case .gitPack: unpackPack(bytes)
    case .unknown: isUnread = true
    }
  }

  /// The archives that were picked out, each for itself.
  private func unpack(_ members: inout InnerArchives, depth: Int) {
    members.finish()
    if members.isIncomplete { isUnread = true }
    for member in members.found {
      member.bytes.withUnsafeBytes { unpack($0, member.form, depth: depth + 1) }
    }
    members = InnerArchives()
  }

  private func decompress(_ bytes: UnsafeRawBufferPointer, depth: Int) {
    var members = InnerArchives()
    let blob = Blob(whole: MemoryReader(Array(bytes), name: "an archive in a layer"))
    begin(named: [])
    do {
      let stream = try DecompressedStream(blob, name: "an archive in a layer")
      while true {
        let piece = try stream.bytes(count: 256 << 10)
        guard !piece.isEmpty else { break }
        piece.withUnsafeBytes { members.feed($0) }
        guard piece.withUnsafeBytes(feed) else { break }
      }
      finishInner(isWhole: true)
    } catch {
      finishInner(isWhole: false)
    }
    unpack(&members, depth: depth)
  }

  /// The members of a zip archive, as its central directory lists them.
  private func unpackZip(_ bytes: UnsafeRawBufferPointer, depth: Int) {
    guard let members = ZipMember.all(bytes) else {
      isUnread = true
      return
    }
    for member in members where member.compressed > 0 {
      guard let data = member.data(bytes), !member.isEncrypted else {
        isUnread = true
        continue
      }
      // What is stored as it is was searched with the archive's own bytes.
      if member.method == 0, depth == 0 { continue }
      guard let content = content(member, data) else { continue }
      content.withUnsafeBytes { content in
        begin(named: member.name)
        inner.take(content, isLast: false)
        finishInner(isWhole: true)
        if let form = ArchiveForm(content, path: member.name) {
          unpack(content, form, depth: depth + 1)
        }
      }
    }
  }

  private func content(_ member: ZipMember, _ data: UnsafeRawBufferPointer) -> [UInt8]? {
    if member.method == 0 { return Array(data) }
    guard member.method == 8 else {
      isUnread = true
      return nil
    }
    var content: [UInt8] = []
    let end = Inflate.stream(data, .raw) { piece in
      fileBudget -= piece.count
      content.append(contentsOf: piece)
      return fileBudget >= 0 && content.count <= Self.maximumArchive
    }
    if end == nil { isUnread = true }
    return content
  }

  /// The objects of a pack, one after the other (gitformat-pack).
  private func unpackPack(_ bytes: UnsafeRawBufferPointer) {
    var at = 12
    // The last 20 bytes are a checksum.
    while at < bytes.count - 20 {
      guard let start = PackEntry.dataStart(bytes, at: at), start < bytes.count else {
        isUnread = true
        return
      }
      begin(named: [])
      let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
      let length = Inflate.stream(rest, .zlib, feed)
      finishInner(isWhole: length != nil)
      guard let length, length > 0 else { return }
      at = start + length
    }
  }

  // MARK: The search within

  private func begin(named name: [UInt8]) {
    if name.isEmpty {
      inner.begin(path: path)
    } else {
      inner.begin(path: Array("app/".utf8) + name)
    }
  }

  private func feed(_ bytes: UnsafeRawBufferPointer) -> Bool {
    fileBudget -= bytes.count
    guard fileBudget >= 0 else {
      isUnread = true
      return false
    }
    inner.take(bytes, isLast: false)
    return true
  }

  private func finishInner(isWhole: Bool) {
    if !isWhole { isUnread = true }
    inner.take(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
    found += inner.finish().map {
      // Where it stands in what is unpacked says nothing about the file.
      SecretHit(kind: $0.kind, offset: 0, line: 0, fingerprint: $0.fingerprint)
    }
  }
}
