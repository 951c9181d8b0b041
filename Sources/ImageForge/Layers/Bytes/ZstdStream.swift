import CZstd

/// One or many zstd frames, skippable ones among them (RFC 8878). Owns the C state.
final class ZstdStream: LayerStream {
  private let input: BlobInput
  private let context: OpaquePointer
  /// Whether the last frame is complete and flushed.
  private var isBetweenFrames = true
  private var isAtEnd = false

  init(_ input: BlobInput, windowLog: Int32) throws(LayerError) {
    guard let context = ZSTD_createDCtx() else {
      throw .unreadable(layer: input.name, reason: "out of memory")
    }
    self.input = input
    self.context = context
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, windowLog)
  }

  deinit { ZSTD_freeDCtx(context) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    while output.pos < output.size, !isAtEnd {
      let bytes = try input.available()
      if bytes.isEmpty, isBetweenFrames {
        isAtEnd = true
        break
      }
      var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
      let before = output.pos
      let status = ZSTD_decompressStream(context, &output, &source)
      input.consume(source.pos)
      guard ZSTD_isError(status) == 0 else {
        throw .corrupt(
          layer: input.name, offset: input.offset,
          reason: "zstd: \(String(cString: ZSTD_getErrorName(status)))")
      }
      isBetweenFrames = status == 0
      if bytes.isEmpty, !isBetweenFrames, output.pos == before {
        throw .truncated(layer: input.name, offset: input.offset, within: "a zstd frame")
      }
    }
    return output.pos
  }
}
