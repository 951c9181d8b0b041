import ForgeBasics
import Foundation
import SystemPackage

/// The tar of an archive that is read once, from front to back: a pipe, or a compressed file.
///
/// Small files are kept, as the image's documents are among them; everything else is read as a layer while it passes.
/// Which of them are layers, and what their digests must be, is known only when the manifest has come: so all are
/// scanned, whatever their order, and whoever asks for one later gets the scan.
package final class StreamedArchive {
  private let stream: DecompressedStream
  private let name: String
  private let options: LayerScanOptions
  private let budget: UnpackBudget
  package private(set) var offset: Int64 = 0
  private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
  /// The bytes that were looked at before the walk: the first block.
  private var ahead: ArraySlice<UInt8> = []
  private var keptBytes: Int64 = 0
  private var entries = 0

  /// Files up to this size are kept whatever they hold; bytes.
  static let smallSize: Int64 = 64 << 10
  /// Bytes of all files that are kept.
  static let maximumKept: Int64 = 64 << 20

  /// Reads from a descriptor, which stays the caller's and must outlive this.
  /// - Parameter options: for every member that may be a layer; name and digests count for nothing.
  package convenience init(
    _ descriptor: FileDescriptor, name: String, options: LayerScanOptions
  ) throws(LayerError) {
    try self.init(source: PipeSource(descriptor, name: name), name: name, options: options)
  }

  package convenience init(_ blob: Blob, name: String, options: LayerScanOptions) throws(LayerError)
  {
    try self.init(source: BlobSource(blob, name: name), name: name, options: options)
  }

  private init(source: any ByteSource, name: String, options: LayerScanOptions) throws(LayerError) {
    self.name = name
    self.options = options
    budget = UnpackBudget(options.limits, image: name)
    stream = try DecompressedStream(source, name: name, limits: options.limits)
  }

  deinit { scratch.deallocate() }

  package var compression: LayerCompression { stream.compression }
  package var isEmpty: Bool { stream.isEmpty }

  /// The first block, without taking it; shorter only where the archive is.
  package func firstBlock() throws(LayerError) -> [UInt8] {
    if offset == 0, ahead.isEmpty { ahead = try Self.take(TarBlock.size, stream.read)[...] }
    return Array(ahead)
  }

  /// At most `count` bytes; fewer only at the end.
  private static func take(
    _ count: Int, _ read: (UnsafeMutableRawBufferPointer) throws(LayerError) -> Int
  ) throws(LayerError) -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    defer { buffer.deallocate() }
    return Array(buffer[..<(try read(buffer))])
  }

  /// Takes the next bytes; short only at the end.
  ///
  /// Whatever they are, and whether a header declared them: an archive that must be read to find its layers is held to
  /// what these may unpack to.
  fileprivate func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    let known = min(ahead.count, buffer.count)
    buffer.copyBytes(from: ahead.prefix(known))
    ahead = ahead.dropFirst(known)
    let count =
      known + (try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[known...])))
    offset += Int64(count)
    guard offset <= options.limits.total else {
      throw .overLimit(
        layer: name, path: [], limit: .total,
        reason:
          "it is longer than the \(ByteCount.text(options.limits.total)) that its layers may unpack to"
      )
    }
    return count
  }

  private func skip(_ count: Int64) throws(LayerError) {
    var left = count
    while left > 0 {
      let wanted = Int(min(left, Int64(scratch.count)))
      let read = try fill(UnsafeMutableRawBufferPointer(rebasing: scratch[..<wanted]))
      left -= Int64(read)
      if read < wanted { return }
    }
  }

  /// Whether bytes may be a layer, by their beginning.
  private static func isLayer(_ start: [UInt8]) -> Bool {
    LayerCompression(magic: start) != .none || TarBlock.isHeader(start)
  }
}

extension StreamedArchive: ArchiveBytes {
  package func read(_ count: Int64, within part: String) throws(LayerError) -> [UInt8] {
    let bytes = try Self.take(Int(count), fill)
    guard bytes.count == count else { throw .truncated(layer: name, offset: offset, within: part) }
    return bytes
  }

  package func member(_ path: [UInt8], size: Int64) throws(LayerError) -> LayerSource {
    let within = DisplayText.escape(path.prefix(200))
    let start = try read(min(size, Int64(TarBlock.size)), within: within)
    let source: LayerSource
    if isKept(start, size: size) {
      keptBytes += size
      let bytes = start + (try read(size - Int64(start.count), within: within))
      source = .blob(Blob(whole: MemoryReader(bytes, name: name)))
    } else {
      let scan = try pass(path, size: size, start: start)
      source = .streamed(StreamedLayer(name: name, size: size, start: start, scan: scan))
    }
    try skip(-size & 511)
    return source
  }

  /// Whether a member that starts so is kept rather than read as a layer.
  private func isKept(_ start: [UInt8], size: Int64) -> Bool {
    guard keptBytes + size <= Self.maximumKept else { return false }
    return size <= Self.smallSize || (size <= options.limits.document && !Self.isLayer(start))
  }

  /// Reads the rest of a member as a layer.
  private func pass(
    _ path: [UInt8], size: Int64, start: [UInt8]
  ) throws(LayerError) -> Result<LayerScan, LayerError> {
    let member = MemberSource(
      self, DisplayText.escape(path.prefix(200)), remaining: size - Int64(start.count))
    let result = Result { () throws(LayerError) -> LayerScan in
      // What is beyond the budget is not read, only passed over.
      try options.limits.check(unpacked: 0, entries: entries, of: name)
      var options = options
      options.budget = budget
      options.name = name
      // Tools name a blob of an OCI layout by its digest.
      var algorithm = Digest.Algorithm.sha256
      if path.starts(with: "blobs/sha512/".utf8) { algorithm = .sha512 }
      return try LayerReader.scan(
        PrefixedSource(start, member), length: size, options,
        algorithms: LayerReader.Algorithms(blob: algorithm))
    }
    while member.remaining > 0, member.failure == nil { _ = try? member.read(into: scratch) }
    if let failure = member.failure {
      // A layer beyond a budget of its own says more than that its rest is beyond the archive's.
      if case .overLimit = failure, case .failure(let own) = result, case .overLimit = own {
        throw own
      }
      throw failure
    }
    if case .success(let scan) = result { entries += scan.entries.count }
    return result
  }

  fileprivate func truncated(within part: String) -> LayerError {
    .truncated(layer: name, offset: offset, within: part)
  }

  package func hasDataAfterEnd() throws(LayerError) -> Bool {
    var found = false
    while true {
      let count = try fill(scratch)
      if count == 0 { return found }
      if !found { found = !UnsafeRawBufferPointer(rebasing: scratch[..<count]).isZero }
    }
  }
}

/// The bytes of one member.
private final class MemberSource: ByteSource {
  private let archive: StreamedArchive
  private let name: String
  private(set) var remaining: Int64
  /// Of the archive, not of what the member holds.
  private(set) var failure: LayerError?

  init(_ archive: StreamedArchive, _ name: String, remaining: Int64) {
    self.archive = archive
    self.name = name
    self.remaining = remaining
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    let wanted = Int(min(remaining, Int64(target.count)))
    guard wanted > 0 else { return 0 }
    do throws(LayerError) {
      let count = try archive.fill(UnsafeMutableRawBufferPointer(rebasing: target[..<wanted]))
      remaining -= Int64(count)
      guard count == wanted else { throw archive.truncated(within: name) }
      return count
    } catch {
      failure = error
      throw error
    }
  }
}
