import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import Foundation

/// Writes an archive member by member to a file without a name. Layers go straight to their place: a member's header
/// is filled in when its content is known.
package final class ImageWriter: @unchecked Sendable {
  // Layers are made on two threads. The relay hands `contents` from one that is fed to the next, and `file` and `names`
  // from one that is written to the next; a compressor belongs to its thread, or to the one that writes.
  private let file: ScratchFile
  private let input: ReadImage
  private let contents: FileContents
  private let rewrites: [Rewrite]
  private let compression: Compression
  /// Of the last layers that were compressed, one for each thread or for both; their buffers serve the next ones.
  private let compressors = [CompressorBox(), CompressorBox()]
  /// Whether the memory is for one compressor at a time. Set before layers are written.
  private var isAlone = false
  /// Whether what the compressor of the input made of a layer has to go. Set before layers are written.
  private var isReproducible = false
  private let limits: LayerLimits
  private let isOCI: Bool
  private let progress: @Sendable (Int64) -> Void
  private var names: Set<String> = []
  package private(set) var notices: [String] = []

  package init(
    _ input: ReadImage, contents: FileContents, rewrites: [Rewrite], form: ImageForm,
    compression: Compression,
    limits: LayerLimits, to file: ScratchFile, progress: @escaping @Sendable (Int64) -> Void
  ) {
    self.input = input
    self.contents = contents
    self.rewrites = rewrites
    self.compression = compression
    self.limits = limits
    self.progress = progress
    self.file = file
    isOCI = form != .dockerArchive
  }

  /// The whole image; the archive is complete, but has no name yet.
  package func write(_ image: PlannedImage, epoch: Int64?) throws -> [WrittenLayer] {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    isReproducible = epoch != nil
    isAlone = image.layers.contains { wanted($0)?.isAlone(cores: cores) ?? false }
    // Not on the relay's threads: when one ends that Dispatch worked on, this frees its memory twice now and then.
    let sources = image.layers.filter { $0.original == nil }.flatMap(\.sources).filter {
      $0.index >= 0
    }
    try contents.prepare(Set(sources.map { Int(origin($0).layer) }))
    let layers = try LayerRelay.run(image.layers.count) {
      try self.write(image.layers[$0.index], $0)
    }
    for box in compressors { box.compressor = nil }
    var notices: [String] = []
    let config = ConfigEditor.config(
      input.image, diffIDs: layers.map(\.diffID), inputs: layers.map(\.inputs), epoch: epoch,
      notices: &notices)
    let moved = input.scans.indices.filter { !canStay($0) }
    if !moved.isEmpty {
      notices.append(
        "compressed again, since they are in xz or bzip2, for which OCI has no media type, or named by a SHA-512: layers "
          + moved.map(String.init).joined(separator: ", "))
    }
    if isOCI {
      try writeLayout(config, layers, epoch, &notices)
    } else {
      try writeDocker(config, layers, &notices)
    }
    // FORGE-A105: a signature, an attestation or another artifact beside the image.
    for note in input.image.notes where note.id == "FORGE-A105" {
      notices.append("left out of the output: \(note.message)")
    }
    if let statements = input.image.attestations, !statements.isEmpty {
      let count = statements.statements.count + statements.unread.count
      notices.append(
        "left out of the output: \(count) attestations of the old image, which do not hold for the new one"
      )
    }
    self.notices = notices
    try file.append([UInt8](repeating: 0, count: Int(TarWriter.endSize)))
    return layers
  }

  // MARK: Documents

  private func writeDocker(_ config: [UInt8], _ layers: [WrittenLayer], _ notices: inout [String])
    throws
  {
    let name = "\(Digest.sha256(config).hex).json"
    try member(name, config)
    // An OCI layout may call an image anything, and docker save records the bare tag beside the name; Docker and podman
    // load nothing whose name has no tag.
    let tags = input.image.references.filter(Self.isTagged)
    for name in input.image.references
    where !tags.contains(where: { $0 == name || $0.hasSuffix(":" + name) }) {
      notices.append(
        "left out of the output: the name \(DisplayText.escape(name)), which is not NAME:TAG as a docker-archive needs it"
      )
    }
    let manifest = EditableJSON.array([
      .object([
        ("Config", .string(name)),
        ("RepoTags", tags.isEmpty ? .null : .array(tags.map { .string($0) })),
        ("Layers", .array(layers.map { .string(layerName($0.diffID, $0.digest, $0.compression)) })),
      ])
    ])
    try member("manifest.json", manifest.bytes)
  }

  /// Whether it is NAME:TAG, as `docker load` and `podman load` take it (distribution/reference). podman takes neither
  /// IPv6 addresses nor registries that capitals alone tell from a folder, as Docker does.
  static func isTagged(_ text: String) -> Bool {
    // At most 255 and a tag of 128: longer ones are not even matched, which takes time.
    guard text.utf8.count <= 384, let colon = text.lastIndex(of: ":"),
      text[colon...].wholeMatch(of: /:\w[\w.\-]{0,127}/.asciiOnlyWordCharacters()) != nil
    else { return false }
    let domain =
      /[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?)*(?::[0-9]+)?/
    let component = /[a-z0-9]+(?:(?:\.|__|_|-+)[a-z0-9]+)*/
    var parts = text[..<colon].split(separator: "/", omittingEmptySubsequences: false)
    if parts.count > 1,
      parts[0] == "localhost" || parts[0].contains(where: { $0 == "." || $0 == ":" })
    {
      guard parts[0].wholeMatch(of: domain) != nil else { return false }
    } else {
      // What Docker adds counts, too.
      parts = ["docker.io"] + (parts.count == 1 ? ["library"] : []) + parts
    }
    return parts.joined(separator: "/").utf8.count <= 255
      && parts.dropFirst().allSatisfy { $0.wholeMatch(of: component) != nil }
  }

  private func writeLayout(
    _ config: [UInt8], _ layers: [WrittenLayer], _ epoch: Int64?, _ notices: inout [String]
  ) throws {
    try blob(config)
    let (manifest, type) = ConfigEditor.manifest(
      input.image, config: config, layers: layers, epoch: epoch, notices: &notices)
    try blob(manifest)
    let index = ConfigEditor.index(
      input.image, layers: layers, manifest: manifest, mediaType: type, epoch: epoch,
      notices: &notices)
    try member("index.json", index.bytes)
    try member("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
  }

  private func blob(_ bytes: [UInt8]) throws {
    try member("blobs/sha256/\(Digest.sha256(bytes).hex)", bytes)
  }

  private func member(_ name: String, _ bytes: [UInt8]) throws {
    guard names.insert(name).inserted else { return }
    try file.append(TarWriter.header(.init(path: ArraySlice(name.utf8), size: Int64(bytes.count))))
    try file.append(bytes)
    try pad(Int64(bytes.count))
  }

  private func pad(_ size: Int64) throws {
    try file.append([UInt8](repeating: 0, count: Int(TarWriter.padding(size))))
  }

  // MARK: Layers

  private func layerName(_ diffID: Digest, _ digest: Digest, _ compression: LayerCompression)
    -> String
  {
    if isOCI { return "blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }
    let suffix =
      switch compression {
      case .none: ""
      case .gzip: ".gz"
      case .zstd: ".zst"
      case .xz: ".xz"
      case .bzip2: ".bz2"
      }
    // The start of a SHA-512 does as well: a longer name needs a longer header.
    return "\(diffID.hex.prefix(64)).tar\(suffix)"
  }

  /// How a layer is compressed; nil where it is copied: it is compressed again only where that makes it another one, or
  /// a smaller one.
  private func wanted(_ layer: PlannedLayer) -> Compression? {
    let first = layer.original ?? layer.inputs.min() ?? 0
    let before = input.scans[first].compression
    let wanted = compression.resolved(for: before)
    guard layer.original != nil, canStay(first) else { return wanted }
    if compression == .keep || wanted == .none && before == .none { return nil }
    return wanted
  }

  /// Whether the blob of a layer can be copied. OCI has media types for gzip and zstd only, and a member's header no
  /// room for a SHA-512.
  private func canStay(_ index: Int) -> Bool {
    let scan = input.scans[index]
    return !isOCI
      || [.none, .gzip, .zstd].contains(scan.compression) && scan.digest.algorithm == .sha256
  }

  private func write(_ layer: PlannedLayer, _ turn: LayerRelay.Turn) throws -> WrittenLayer {
    try turn.waitToFeed()
    let first = layer.original ?? layer.inputs.min() ?? 0
    let known = layer.original.map { input.scans[$0] }
    let member = LayerMember(file, turn)
    guard let wanted = wanted(layer) else {
      turn.didFeed()
      return try finish(member, copy(first, layer, member))
    }
    let written = try compressed(wanted, layer, member, turn, known: known) { output in
      if layer.original == nil {
        try feed(layer, to: output)
      } else {
        try feedOriginal(first, to: output)
      }
    }
    let isAsBefore =
      if let known {
        written.compression == known.compression && written.size >= known.compressed
          && canStay(first)
      } else {
        // Writing it in forge's own form changed nothing: so it is the layer that it was.
        layer.inputs.count == 1 && written.diffID == input.scans[first].diffID
          && compression == .keep
          && !isReproducible && canStay(first)
      }
    guard isAsBefore else { return try finish(member, written) }
    try file.rewind(to: member.begin())
    return try finish(member, copy(first, layer, member))
  }

  /// Fills in the header of a layer's member; takes the member back where its blob stands in the archive already.
  private func finish(_ member: LayerMember, _ layer: WrittenLayer) throws -> WrittenLayer {
    let name = layerName(layer.diffID, layer.digest, layer.compression)
    let start = try member.begin() - Int64(TarWriter.blockSize)
    guard names.insert(name).inserted else {
      try file.rewind(to: start)
      return layer
    }
    let header = TarWriter.header(.init(path: ArraySlice(name.utf8), size: layer.size))
    guard header.count == TarWriter.blockSize else {
      throw WritingError.unsupported(
        "a layer of \(ByteCount.text(layer.size)) is larger than an archive's member can be")
    }
    try pad(layer.size)
    try file.patch(header, at: start)
    return layer
  }

  private func copy(_ index: Int, _ layer: PlannedLayer, _ member: LayerMember) throws
    -> WrittenLayer
  {
    let (scan, start) = (input.scans[index], try member.begin())
    let hasher = FingerprintHasher()
    try input.image.layers[index].blob.forEachPiece(name: "layer \(index)") { bytes in
      hasher.update(bytes)
      try file.append(bytes)
      progress(Int64(bytes.count))
    }
    guard hasher.finish() == scan.fingerprints?.blob else {
      throw WritingError.changed("layer \(index)")
    }
    return WrittenLayer(
      diffID: scan.diffID, digest: scan.digest, size: scan.compressed,
      compression: scan.compression, copied: index,
      inputs: layer.inputs, offset: start, scan: scan)
  }

  /// Compresses a layer, and reads what comes out again at the same time: unpacked, hashed, taken apart.
  /// - Parameter known: the layer of the input that it is, whole.
  private func compressed(
    _ wanted: Compression, _ layer: PlannedLayer, _ member: LayerMember, _ turn: LayerRelay.Turn,
    known: LayerScan?,
    _ produce: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws -> WrittenLayer {
    let again = PassingLayer(ReadImage.options("the new layer", limits, input.notes), known: known)
    defer { again.cancel() }
    var box = compressors[turn.index % compressors.count]
    if isAlone {
      // The memory is for one compressor only: the layer before has to be done with it.
      _ = try member.begin()
      box = compressors[0]
    }
    let compressor = try box.compressor(wanted)
    func take(_ bytes: UnsafeRawBufferPointer) throws {
      _ = try member.begin()
      again.write(bytes)
      try file.append(bytes)
    }
    // What a known layer has to be, its scan tells.
    let hasher = known == nil ? FingerprintHasher() : nil
    try produce { [progress] bytes in
      hasher?.update(bytes)
      try compressor.write(bytes, to: take)
      progress(Int64(bytes.count))
    }
    turn.didFeed()
    try compressor.finish(to: take)
    let start = try member.begin()
    let scan = try result(of: again)
    guard let expected = known?.fingerprints?.tar ?? hasher?.finish(),
      scan.fingerprints?.tar == expected
    else {
      if let original = layer.original { try checkUnchanged(original) }
      throw WritingError.unproven(["a layer is read back as other bytes than were written"])
    }
    return WrittenLayer(
      diffID: scan.diffID, digest: scan.digest, size: file.position - start,
      compression: wanted.algorithm, copied: nil,
      inputs: layer.inputs, offset: start, scan: scan)
  }

  /// Whether a layer of the input is still what it was when it was read.
  private func checkUnchanged(_ index: Int) throws {
    let hasher = FingerprintHasher()
    try input.image.layers[index].blob.forEachPiece(name: "layer \(index)") { hasher.update($0) }
    guard hasher.finish() == input.scans[index].fingerprints?.blob else {
      throw WritingError.changed("layer \(index)")
    }
  }

  private func result(of again: PassingLayer) throws -> LayerScan {
    do {
      return try again.finish()
    } catch {
      throw WritingError.unproven(["a layer cannot be read back: \(error)"])
    }
  }

  private func feedOriginal(_ index: Int, to output: (UnsafeRawBufferPointer) throws -> Void) throws
  {
    if let tar = input.tars[index] { return try tar.forEachPiece(name: "layer \(index)", output) }
    let stream = try DecompressedStream(input.image.layers[index].blob, name: "layer \(index)")
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = try stream.read(into: buffer)
      if count == 0 { return }
      try output(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// Where the input has the bytes of a planned file, or those that it is made from.
  private func origin(_ source: FileTree.Origin) -> FileTree.Origin {
    guard source.layer == Rewrite.layer else { return source }
    return rewrites[Int(source.index)].origin
  }

  /// The tar of a planned layer.
  private func feed(_ layer: PlannedLayer, to output: (UnsafeRawBufferPointer) throws -> Void)
    throws
  {
    // Small pieces are gathered, so that what takes them is not called for each.
    var pending: [UInt8] = []
    func flush() throws {
      try pending.withUnsafeBytes { if !$0.isEmpty { try output($0) } }
      pending.removeAll(keepingCapacity: true)
    }
    for index in layer.entries.indices {
      pending += layer.header(index)
      let entry = layer.entries[index]
      if entry.kind == .regular, entry.size > 0 {
        let source = layer.sources[index]
        let blob = try contents.blob(origin(source))
        if source.layer == Rewrite.layer {
          try flush()
          let name = "layer \(origin(source).layer)"
          try rewrites[Int(source.index)].file.forEachPiece(of: blob, name: name) { try output($0) }
          pending += [UInt8](repeating: 0, count: Int(TarWriter.padding(entry.size)))
          continue
        }
        guard blob.length == entry.size else {
          throw WritingError.changed("layer \(layer.sources[index].layer)")
        }
        if entry.size <= 64 << 10 {
          pending += try blob.bytes(count: Int(blob.length))
        } else {
          try flush()
          try blob.forEachPiece(name: "layer \(layer.sources[index].layer)") { try output($0) }
        }
        pending += [UInt8](repeating: 0, count: Int(TarWriter.padding(entry.size)))
      }
      if pending.count >= 256 << 10 { try flush() }
    }
    pending += [UInt8](repeating: 0, count: Int(TarWriter.endSize))
    try flush()
  }
}

/// Where a layer goes in the archive: begun once all layers before it are written, with room for a header that is filled
/// in when name and size are known.
private final class LayerMember {
  private let file: ScratchFile
  private let turn: LayerRelay.Turn
  private var start: Int64?

  init(_ file: ScratchFile, _ turn: LayerRelay.Turn) { (self.file, self.turn) = (file, turn) }

  /// - Returns: where its data starts in the archive.
  func begin() throws -> Int64 {
    if let start { return start }
    try turn.waitToWrite()
    try file.append([UInt8](repeating: 0, count: TarWriter.blockSize))
    start = file.position
    return file.position
  }
}

/// A compressor that is kept for the next layer.
private final class CompressorBox {
  var compressor: ParallelCompressor?

  func compressor(_ wanted: Compression) throws -> ParallelCompressor {
    if let compressor, compressor.compression == wanted { return compressor }
    // The memory of the last one goes before that of the next one comes.
    compressor = nil
    let new = try ParallelCompressor(wanted)
    compressor = new
    return new
  }
}
