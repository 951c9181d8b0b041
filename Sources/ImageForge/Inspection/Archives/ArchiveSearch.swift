import ForgeFindings
import ForgeLayers
import ForgeSecrets

/// Searches the contents of files, and what archives among the application's own unpack to: zip with its many names,
/// gzip, bzip2, xz and zstd (a tar in them is searched as the bytes that it is), objects and packs of git.
final class ArchiveSearch: ContentScanner {
  /// Whoever changes what is looked into raises it: results are kept by it.
  static let revision = 1
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
  private var isFirst = true
  private var form: ArchiveForm?
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
    isFirst = true
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
    if isFirst {
      isFirst = false
      form = ArchiveForm(bytes, path: path)
    }
    guard form != nil, !isTooLarge else { return }
    guard kept.count + bytes.count <= Self.maximumArchive else {
      isTooLarge = true
      kept = []
      return
    }
    kept.append(contentsOf: bytes)
  }

  func finish() -> [SecretHit] {
    let hits = scanner.finish()
    guard let form else { return hits }
    found = []
    isUnread = isTooLarge
    fileBudget = min(Self.maximumUnpacked, layerBudget)
    let before = fileBudget
    if !isTooLarge { kept.withUnsafeBytes { unpack($0, form, depth: 0) } }
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
    case .compressed: decompress(bytes)
    case .gitObject:
      begin(named: [])
      let end = Inflate.stream(bytes, .zlib, feed)
      finishInner(isWhole: end != nil)
    case .gitPack: unpackPack(bytes)
    case .unknown: isUnread = true
    }
  }

  private func decompress(_ bytes: UnsafeRawBufferPointer) {
    let blob = Blob(whole: MemoryReader(Array(bytes), name: "an archive in a layer"))
    begin(named: [])
    do {
      let stream = try DecompressedStream(blob, name: "an archive in a layer")
      while true {
        let piece = try stream.bytes(count: 256 << 10)
        guard !piece.isEmpty else { break }
        guard piece.withUnsafeBytes(feed) else { break }
      }
      finishInner(isWhole: true)
    } catch {
      finishInner(isWhole: false)
    }
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
