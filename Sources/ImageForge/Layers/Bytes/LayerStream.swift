import Foundation

/// The uncompressed bytes of a layer, pulled by one thread at a time.
protocol LayerStream: AnyObject {
  /// Fills `buffer` to the brim; short only at the end of the tar, which is also the sound end of the blob.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int
}

/// Opens a layer by what its first bytes are.
/// - Parameter start: at least its first six bytes, or all there are.
func openLayer(
  _ source: any ByteSource, start: [UInt8], name: String, limits: LayerLimits, hash: ByteHasher?
) throws(LayerError) -> (LayerCompression, any LayerStream) {
  let compression = LayerCompression(magic: start.prefix(6))
  let input = BlobInput(source, name: name, hash: compression == .none ? nil : hash)
  switch compression {
  case .none: return (compression, PlainStream(input))
  case .gzip: return (compression, try GzipStream(input))
  case .zstd: return (compression, try ZstdStream(input, windowLog: limits.zstdWindowLog))
  case .xz, .bzip2: return (compression, try FilterStream(input, compression))
  }
}

extension LayerCompression {
  /// What the first bytes of a blob tell; `none` where they tell nothing.
  package init(magic: some Collection<UInt8>) {
    let bytes = Array(magic)
    if bytes.starts(with: [0x1F, 0x8B]) {
      self = .gzip
    } else if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
      || (bytes.count >= 4 && bytes[0] & 0xF0 == 0x50
        && bytes[1...3].elementsEqual([0x2A, 0x4D, 0x18]))
    {
      // A frame, or a skippable frame (RFC 8878, section 3.1).
      self = .zstd
    } else if bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) {
      self = .xz
    } else if bytes.starts(with: [0x42, 0x5A, 0x68]), bytes.count > 3,
      (0x31...0x39).contains(bytes[3])
    {
      self = .bzip2
    } else {
      self = .none
    }
  }
}

/// The bytes of a source in order, through one buffer, hashed on the way.
final class BlobInput {
  static let bufferSize = 256 << 10

  let name: String
  private let source: any ByteSource
  private let hash: ByteHasher?
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 64)
  /// The bytes that were read and not consumed: `buffer[next..<end]`.
  private var next = 0
  private var end = 0
  /// Bytes read from the source so far.
  private(set) var position: Int64 = 0

  init(_ source: any ByteSource, name: String, hash: ByteHasher?) {
    self.source = source
    self.name = name
    self.hash = hash
  }

  deinit { buffer.deallocate() }

  /// Offset in the source of the next byte to consume.
  var offset: Int64 { position - Int64(end - next) }

  /// The bytes at hand; reads more when there are none. Empty only at the end.
  func available() throws(LayerError) -> UnsafeMutableRawBufferPointer {
    if next == end {
      next = 0
      end = 0
      end = try read(into: buffer)
      hash?.update(UnsafeRawBufferPointer(rebasing: buffer[..<end]))
    }
    return UnsafeMutableRawBufferPointer(rebasing: buffer[next..<end])
  }

  func consume(_ count: Int) { next += count }

  /// The next byte; nil at the end.
  func byte() throws(LayerError) -> UInt8? {
    guard let byte = try available().first else { return nil }
    next += 1
    return byte
  }

  /// Reads past the buffer; 0 at the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    let count = try source.read(into: target)
    position += Int64(count)
    return count
  }
}

/// A stream whose bytes are hashed by the thread that pulls them.
final class HashedStream: LayerStream {
  private let stream: any LayerStream
  private let hash: ByteHasher

  init(_ stream: any LayerStream, _ hash: ByteHasher) {
    self.stream = stream
    self.hash = hash
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    let count = try stream.read(into: buffer)
    hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    return count
  }
}

/// A layer without compression.
final class PlainStream: LayerStream {
  private let input: BlobInput

  init(_ input: BlobInput) { self.input = input }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = try input.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      if count == 0 { break }
      filled += count
    }
    return filled
  }
}
