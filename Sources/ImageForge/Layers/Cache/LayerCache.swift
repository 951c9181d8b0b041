import ForgeBasics
import Foundation
import SystemPackage

/// What was learned of layers before, by the digest of their blobs, in a folder of the user's own.
///
/// The cache never stands in for a digest: what it holds of a layer counts only where the blob at hand is known to have
/// that digest. The blob is hashed for that, which is far less work than reading it; or, where stamps are trusted, it
/// was hashed before in the same file and nothing was written to the file since.
///
/// It may be shared by any number of processes, and whatever is damaged in it reads as absent.
public struct LayerCache: Sendable {
  /// Bytes.
  public static let defaultMaximumSize: Int64 = 512_000_000

  /// The folder.
  public let path: String
  /// Bytes of all files; what was not used for longest goes first.
  public let maximumSize: Int64
  /// Whether a file that was verified once, and was not written to since, is not read again. A judge should not.
  public var trustsStamps: Bool

  private var folder: CacheFolder { CacheFolder(path: path, maximumSize: maximumSize) }

  /// - Parameter path: is made when it is first needed. A folder that others may write to is not used.
  public init(
    path: String, maximumSize: Int64 = LayerCache.defaultMaximumSize, trustsStamps: Bool = false
  ) {
    self.path = path
    self.maximumSize = maximumSize
    self.trustsStamps = trustsStamps
  }

  /// The cache of the user: `forge/layers` below `$XDG_CACHE_HOME`, or below `~/.cache` (XDG Base Directory
  /// Specification). Nil where neither is an absolute path.
  public static func user(
    environment: [String: String] = ProcessInfo.processInfo.environment, trustsStamps: Bool = false
  ) -> LayerCache? {
    func absolute(_ name: String) -> String? {
      guard let path = environment[name], path.hasPrefix("/") else { return nil }
      return path
    }
    return (absolute("XDG_CACHE_HOME") ?? absolute("HOME").map { $0 + "/.cache" }).map {
      LayerCache(path: $0 + "/forge/layers", trustsStamps: trustsStamps)
    }
  }

  // MARK: Looking after it

  /// What the cache holds.
  public struct Contents: Codable, Sendable, Equatable {
    /// Raised when a key changes its name or meaning.
    public var schemaVersion = 1
    /// The folder.
    public var path: String
    /// Layers that need not be unpacked again.
    public var layers: Int
    /// Bytes of all files.
    public var bytes: Int64
    /// Bytes that they may take.
    public var maximum: Int64
  }

  /// Looks what the cache holds now.
  public func contents() -> Contents {
    let files = folder.files()
    return Contents(
      path: path, layers: files.count { $0.name.hasPrefix("layer-") },
      bytes: files.reduce(0) { $0 + $1.size },
      maximum: maximumSize)
  }

  /// Removes all that the cache holds.
  /// - Returns: what was removed.
  @discardableResult public func clear() -> Contents {
    var removed = contents()
    let gone = folder.files().filter { folder.remove($0.name) }
    removed.bytes = gone.reduce(0) { $0 + $1.size }
    removed.layers = gone.count { $0.name.hasPrefix("layer-") }
    return removed
  }

  /// Keeps the cache within its size.
  package func trim() { folder.trim() }

  // MARK: Layers

  /// Reads a layer as `LayerReader.scan` does, or takes what is known of it.
  /// - Returns: the scan, and whether it is new to the cache, which should then be trimmed.
  package func scan(_ source: LayerSource, options: LayerScanOptions) throws(LayerError) -> (
    LayerScan, isNew: Bool
  ) {
    // Where contents stand is not remembered, and what has passed was read already.
    guard options.notes == .nothing, case .blob(let blob) = source else {
      return (try LayerReader.scan(source, options: options), false)
    }
    // Taken before a byte is read: a write while reading must not go unnoticed.
    let stamp = Self.settledStamp(of: blob)
    if let known = try known(blob, stamp, options) { return (known, false) }
    let scan = try LayerReader.scan(blob, options: options)
    folder.create()
    store(scan, options)
    note(scan.digest, of: blob, stamp)
    return (scan, true)
  }

  private static func settledStamp(of blob: Blob) -> FileStamp? {
    guard let stamp = blob.reader.stamp, stamp.isSettled else { return nil }
    return stamp
  }

  private func known(
    _ blob: Blob, _ stamp: FileStamp?, _ options: LayerScanOptions
  ) throws(LayerError) -> LayerScan? {
    if let digest = seen(blob, stamp), let scan = load(digest, blob, options) { return scan }
    // A layer of a docker-archive has no digest of its own; without compression, it is the diffID.
    guard let digest = options.expectedDigest ?? options.expectedDiffID,
      let scan = load(digest, blob, options),
      try LayerReader.digest(
        blob, algorithm: digest.algorithm, name: options.name ?? blob.reader.name) == digest
    else { return nil }
    note(digest, of: blob, stamp)
    return scan
  }

  /// The digest that a blob is known to have without a look at it; nil where stamps are not trusted.
  package func seen(_ source: LayerSource) -> Digest? {
    guard case .blob(let blob) = source else { return nil }
    return seen(blob, blob.reader.stamp)
  }

  private func seen(_ blob: Blob, _ stamp: FileStamp?) -> Digest? {
    guard trustsStamps, let stamp else { return nil }
    return folder.read(Self.name(stamp, blob)) { Digest(String(decoding: $0, as: UTF8.self)) }
  }

  private func note(_ digest: Digest, of blob: Blob, _ stamp: FileStamp?) {
    guard let stamp, stamp == blob.reader.stamp else { return }
    folder.write(Array(digest.description.utf8), as: Self.name(stamp, blob))
  }

  private static func name(_ stamp: FileStamp, _ blob: Blob) -> String {
    "seen-" + stamp.name(offset: blob.offset, length: blob.length)
  }

  private static func name(_ digest: Digest) -> String {
    "layer-\(digest.algorithm.rawValue)-\(digest.hex)"
  }

  // MARK: Reports

  /// Names a compressed file in its present state; nil where stamps are not trusted, the file is of another kind, or
  /// it was written to a moment ago.
  package func key(ofCompressed path: String) -> String? {
    var status = stat()
    // To open a named pipe, if only for a look, would end whoever writes to it.
    guard trustsStamps, path != "-", stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      let descriptor = try? FileDescriptor.open(
        FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec]),
      let file = try? FileReader(taking: descriptor, name: path),
      let stamp = Self.settledStamp(of: Blob(whole: file)),
      let magic = try? Blob(whole: file).bytes(count: LayerCompression.magicSize),
      LayerCompression(magic: magic) != .none
    else { return nil }
    return stamp.name(offset: 0, length: file.size)
  }

  /// The report of a whole image, as it was stored.
  package func report(_ name: String) -> [UInt8]? { folder.read("report-" + name) { Array($0) } }

  package func store(_ bytes: [UInt8], report name: String) {
    folder.create()
    folder.write(bytes, as: "report-" + name)
    folder.trim()
  }

  // MARK: Scans

  /// The limits go in front: what was read within wider ones may be beyond these.
  private func store(_ scan: LayerScan, _ options: LayerScanOptions) {
    let limits = options.limits.numbers
    var out = ByteWriter()
    out.run(ForgeVersion.current.utf8)
    out.number(limits.count)
    for limit in limits { out.signed(limit) }
    out.raw(scan.encode())
    folder.write(out.bytes, as: Self.name(scan.digest))
  }

  /// What is known of a layer, if it is all that is asked for.
  private func load(_ digest: Digest, _ blob: Blob, _ options: LayerScanOptions) -> LayerScan? {
    let limits = options.limits.numbers
    let scan: LayerScan? = folder.read(Self.name(digest)) { bytes in
      var input = ByteReader(bytes)
      // Another version may read layers otherwise.
      guard input.run().elementsEqual(ForgeVersion.current.utf8),
        input.number(Int.self) == limits.count,
        limits.allSatisfy({ input.signed() <= $0 })
      else { return nil }
      return LayerScan(decoding: input.rest, limits: options.limits)
    }
    guard var scan, scan.digest == digest, scan.compressed == blob.length,
      options.expectedDigest == nil || scan.digest == options.expectedDigest,
      options.expectedDiffID == nil || scan.diffID == options.expectedDiffID,
      options.content == nil || scan.contentVersion == options.content?.version,
      scan.entries.holds(options.capture)
    else { return nil }
    // An answer to what was asked, not to what somebody asked before.
    if options.content == nil { (scan.hits, scan.contentVersion) = ([:], nil) }
    return scan
  }
}

extension LayerLimits {
  /// All of them, so that a limit that is added later is not forgotten here.
  package var numbers: [Int64] {
    Mirror(reflecting: self).children.compactMap {
      ($0.value as? any BinaryInteger).map { Int64(clamping: $0) }
    }
  }
}

extension LayerEntries {
  /// Whether as much was kept of each file as is asked for. Of a sparse file, whose holes are not kept, nobody knows.
  fileprivate func holds(_ capture: (ArraySlice<UInt8>) -> Int) -> Bool {
    indices.allSatisfy { index in
      guard self[index].kind == .regular else { return true }
      let wanted = capture(path(index))
      return wanted <= 0
        || Int64(head(index)?.count ?? 0) >= Swift.min(Int64(wanted), self[index].size)
    }
  }
}
