import CArchive

/// A layer in xz or bzip2, which old engines wrote: decoded by libarchive. Owns the C state.
final class FilterStream: LayerStream {
  private let source: Source
  private let archive: OpaquePointer
  private var isAtEnd = false

  /// What the C callback reads from.
  private final class Source {
    let input: BlobInput
    var pending = 0
    var failure: LayerError?

    init(_ input: BlobInput) { self.input = input }
  }

  init(_ input: BlobInput, _ compression: LayerCompression) throws(LayerError) {
    guard let archive = archive_read_new() else {
      throw .unreadable(layer: input.name, reason: "out of memory")
    }
    self.archive = archive
    source = Source(input)
    archive_read_support_format_raw(archive)
    _ =
      compression == .xz
      ? archive_read_support_filter_xz(archive) : archive_read_support_filter_bzip2(archive)
    let status = archive_read_open(
      archive, Unmanaged.passUnretained(source).toOpaque(), nil,
      { _, context, block in
        guard let context, let block else { return -1 }
        let source = Unmanaged<Source>.fromOpaque(context).takeUnretainedValue()
        do throws(LayerError) {
          source.input.consume(source.pending)
          let bytes = try source.input.available()
          source.pending = bytes.count
          block.pointee = UnsafeRawPointer(bytes.baseAddress)
          return bytes.count
        } catch {
          source.failure = error
          return -1
        }
      }, nil)
    var entry: OpaquePointer?
    guard status == ARCHIVE_OK, archive_read_next_header(archive, &entry) == ARCHIVE_OK else {
      throw failure()
    }
  }

  deinit { archive_read_free(archive) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
    var filled = 0
    while filled < buffer.count, !isAtEnd {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count = archive_read_data(archive, rest.baseAddress, rest.count)
      guard count >= 0 else { throw failure() }
      if count == 0 { try finish() }
      filled += count
    }
    return filled
  }

  /// libarchive stops at bytes that are no further stream, and says nothing.
  private func finish() throws(LayerError) {
    isAtEnd = true
    let consumed = archive_filter_bytes(archive, -1)
    source.input.consume(source.pending)
    source.pending = 0
    guard consumed == source.input.position, try source.input.available().isEmpty else {
      throw .corrupt(
        layer: source.input.name, offset: consumed,
        reason: "bytes that are no compressed stream follow the last one")
    }
  }

  private func failure() -> LayerError {
    if let failure = source.failure { return failure }
    let reason = archive_error_string(archive).map { String(cString: $0) } ?? "unknown error"
    return .corrupt(layer: source.input.name, offset: source.input.offset, reason: reason)
  }
}
