/// The bytes of a source in order, through one buffer, hashed on the way.
final class BufferedInput {
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
