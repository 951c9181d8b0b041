import ForgeLayers

/// Finds the files of an archive: at offsets where its bytes allow it, else in one pass or in a temporary copy.
struct ArchiveOpener {
  /// What the user named.
  let source: String
  let limits: LayerLimits
  /// How to read the layers while an archive passes; nil where it is copied instead.
  let passing: LayerScanOptions?

  /// An archive in a file. One that is compressed is read once, from front to back.
  func open(_ file: FileReader) throws(ImageError) -> TarStore {
    let blob = Blob(whole: file)
    guard let passing, try isCompressed(blob) else { return try stored(file) }
    return try streamed { () throws(LayerError) in
      try StreamedArchive(blob, name: "the archive", options: passing)
    }
  }

  /// An archive that comes through a pipe.
  func open(_ pipe: SourceFile.Pipe) throws(ImageError) -> TarStore {
    guard let passing else { return try stored(SourceFile.spool(pipe, source: source, limits)) }
    return try streamed { () throws(LayerError) in
      try StreamedArchive(pipe.descriptor, name: "the archive", options: passing)
    }
  }

  private func stored(_ file: FileReader) throws(ImageError) -> TarStore {
    guard file.size > 0 else { throw empty }
    return try TarStore(unwrap(Blob(whole: file)), source: source, limits: limits)
  }

  private func streamed(
    _ open: () throws(LayerError) -> StreamedArchive
  ) throws(ImageError) -> TarStore {
    let archive: StreamedArchive
    do {
      archive = try open()
    } catch {
      throw ImageError(error, source: source)
    }
    guard !archive.isEmpty else { throw empty }
    return try TarStore(archive, source: source, limits: limits)
  }

  private var empty: ImageError { ImageError(.notAnImage, source: source, "it is empty") }

  private func isCompressed(_ blob: Blob) throws(ImageError) -> Bool {
    do {
      let magic = try blob.bytes(count: LayerCompression.magicSize)
      return LayerCompression(magic: magic) != .none
    } catch {
      throw ImageError(.unreadable, source: source, "reading failed: \(error)")
    }
  }

  /// The tar in a compressed archive, as a temporary copy: its parts are read in any order.
  private func unwrap(_ blob: Blob) throws(ImageError) -> Blob {
    let stream: DecompressedStream
    let start: [UInt8]
    do {
      stream = try DecompressedStream(blob, name: "the archive")
      guard stream.compression != .none else { return blob }
      start = try DecompressedStream(blob, name: "the archive").bytes(count: TarBlock.size)
    } catch {
      throw ImageError(error, source: source)
    }
    // Nothing is copied that does not even start like a tar.
    guard TarBlock.isHeader(start) else {
      throw ImageError(.notAnImage, source: source, "what is compressed in it is not a tar archive")
    }
    let file = try Spool.copy(source: source, limit: limits.total) { (buffer) throws(ImageError) in
      do throws(LayerError) {
        return try stream.read(into: buffer)
      } catch {
        throw ImageError(error, source: source)
      }
    }
    return Blob(whole: file)
  }
}
