import CIsal

/// One or many gzip members (RFC 1952), inflated by ISA-L. Owns the C state.
///
/// The members' headers are read here: ISA-L forgets half of one that crosses a buffer's end.
final class GzipStream: LayerStream {
  private let input: BlobInput
  private let state: UnsafeMutablePointer<inflate_state>
  private var isInMember = false
  private var isAtEnd = false

  init(_ input: BlobInput) throws(LayerError) {
    self.input = input
    state = .allocate(capacity: 1)
    isal_inflate_init(state)
  }

  deinit { state.deallocate() }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var filled = 0
    while filled < buffer.count, !isAtEnd {
      if isInMember {
        filled += try inflate(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      } else {
        try startMember()
      }
    }
    return filled
  }

  private func inflate(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    let bytes = try input.available()
    state.pointee.next_in = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    state.pointee.avail_in = UInt32(bytes.count)
    let room = min(buffer.count, 1 << 30)
    state.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
    state.pointee.avail_out = UInt32(room)
    let status = isal_inflate(state)
    let (consumed, produced) = (
      bytes.count - Int(state.pointee.avail_in), room - Int(state.pointee.avail_out)
    )
    input.consume(consumed)
    switch status {
    case ISAL_DECOMP_OK, ISAL_END_INPUT, ISAL_OUT_OVERFLOW: break
    case ISAL_INCORRECT_CHECKSUM: throw corrupt("checksum or length of a gzip member is wrong")
    default: throw corrupt("invalid deflate data")
    }
    if state.pointee.block_state == ISAL_BLOCK_FINISH {
      isInMember = false
    } else if bytes.isEmpty, produced == 0 {
      throw truncated("a gzip member")
    } else if consumed == 0, produced == 0, !bytes.isEmpty {
      throw corrupt("invalid deflate data")
    }
    return produced
  }

  private func startMember() throws(LayerError) {
    guard let first = try input.byte() else {
      isAtEnd = true
      return
    }
    var crc = crc32_gzip_refl(0, [first], 1)
    func byte() throws(LayerError) -> UInt8 {
      guard let byte = try input.byte() else { throw truncated("a gzip header") }
      crc = crc32_gzip_refl(crc, [byte], 1)
      return byte
    }
    func word() throws(LayerError) -> UInt16 { UInt16(try byte()) | UInt16(try byte()) << 8 }

    guard first == 0x1F, try byte() == 0x8B else {
      throw corrupt("bytes that are no gzip member follow the last one")
    }
    guard try byte() == 8 else { throw corrupt("unknown compression method in a gzip header") }
    let flags = try byte()
    guard flags & 0xE0 == 0 else { throw corrupt("reserved flags are set in a gzip header") }
    for _ in 0..<6 { _ = try byte() }  // MTIME, XFL, OS
    if flags & 4 != 0 {  // FEXTRA
      for _ in 0..<(try word()) { _ = try byte() }
    }
    for flag in [8, 16] as [UInt8] where flags & flag != 0 {  // FNAME, FCOMMENT
      var length = 0
      while try byte() != 0 {
        length += 1
        guard length <= 1 << 16 else {
          throw corrupt("a name in a gzip header is longer than 64 KiB")
        }
      }
    }
    if flags & 2 != 0 {  // FHCRC
      let expected = UInt16(truncatingIfNeeded: crc)
      guard try word() == expected else { throw corrupt("checksum of a gzip header is wrong") }
    }
    isal_inflate_reset(state)
    state.pointee.crc_flag = UInt32(ISAL_GZIP_NO_HDR_VER)
    isInMember = true
  }

  private func corrupt(_ reason: String) -> LayerError {
    .corrupt(layer: input.name, offset: input.offset, reason: reason)
  }

  private func truncated(_ within: String) -> LayerError {
    .truncated(layer: input.name, offset: input.offset, within: within)
  }
}
