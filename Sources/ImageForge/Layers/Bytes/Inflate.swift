import CIsal

/// Inflates what stands in memory: members of zip archives, and objects of git. Owns no memory but one buffer.
package enum Inflate {
  /// How a stream is framed.
  package enum Format: Sendable {
    /// Bare deflate data (RFC 1951), as in a zip archive.
    case raw
    /// With header and checksum (RFC 1950), as git writes it.
    case zlib
  }

  /// Inflates the stream that begins where `input` does.
  /// - Parameter take: gets the bytes piece by piece; false ends it.
  /// - Returns: how many bytes of `input` the stream takes up; nil where it is damaged, ends too early, or was ended.
  package static func stream(
    _ input: UnsafeRawBufferPointer, _ format: Format, _ take: (UnsafeRawBufferPointer) -> Bool
  ) -> Int? {
    guard let start = input.baseAddress, input.count < 1 << 31 else { return nil }
    let state = UnsafeMutablePointer<inflate_state>.allocate(capacity: 1)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)
    defer {
      state.deallocate()
      buffer.deallocate()
    }
    isal_inflate_init(state)
    switch format {
    case .raw: state.pointee.crc_flag = UInt32(ISAL_DEFLATE)
    case .zlib: state.pointee.crc_flag = UInt32(ISAL_ZLIB)
    }
    state.pointee.next_in = UnsafeMutablePointer(
      mutating: start.assumingMemoryBound(to: UInt8.self))
    state.pointee.avail_in = UInt32(input.count)
    while true {
      let before = state.pointee.avail_in
      state.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
      state.pointee.avail_out = UInt32(buffer.count)
      let status = isal_inflate(state)
      let produced = buffer.count - Int(state.pointee.avail_out)
      guard status == ISAL_DECOMP_OK || status == ISAL_END_INPUT || status == ISAL_OUT_OVERFLOW,
        take(UnsafeRawBufferPointer(rebasing: buffer[..<produced]))
      else { return nil }
      if state.pointee.block_state == ISAL_BLOCK_FINISH {
        return input.count - Int(state.pointee.avail_in)
      }
      // Neither taken nor given: the rest of the stream is missing.
      if produced == 0, before == state.pointee.avail_in { return nil }
    }
  }
}
