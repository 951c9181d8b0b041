import ForgeBasics
import ForgeFindings
import ForgeLayers
import Foundation

/// Opens images, wherever their bytes stand.
package enum ImageStore {
  /// Opens the image that `source` names: a docker-archive or an OCI archive, wrapped in gzip or zstd or not,
  /// an OCI layout folder, or `-` for standard input.
  ///
  /// Metadata is read and checked whole: digests, sizes, counts, one meaning. Layers are located, not read.
  /// - Parameter passing: how to read the layers of an archive that can be read once only, such as a pipe or a
  ///   compressed file; whoever reads them afterwards gets the same result at no cost. Nil where their bytes are
  ///   needed again: then such an archive is copied to a temporary file.
  package static func open(
    _ source: String, selection: ImageSelection = .init(), limits: LayerLimits = .init(),
    passing: LayerScanOptions? = nil
  ) throws(ImageError) -> Image {
    switch try SourceFile.open(source) {
    case .folder(let descriptor):
      let folder = LayoutFolder(taking: descriptor, source: source, limits: limits)
      guard try folder.file("oci-layout") != nil else {
        if try folder.file("manifest.json") != nil, try folder.file("version") != nil {
          throw ImageError(
            .unsupported, source: source, "it is a folder in skopeo's own form (`dir:`)")
        }
        throw ImageError(.notAnImage, source: source, "it is a folder without an oci-layout file")
      }
      return try open(folder, isFolder: true, notes: [], selection)
    case .file(let file):
      guard file.size > 0 else { throw ImageError(.notAnImage, source: source, "it is empty") }
      let blob = Blob(whole: file)
      guard let passing, try isCompressed(blob, source: source) else {
        return try open(
          TarStore(unwrap(blob, source: source, limits), source: source, limits: limits), selection)
      }
      return try open(
        store(source, limits) { () throws(LayerError) in
          try StreamedArchive(blob, name: "the archive", options: passing)
        }, selection)
    case .pipe(let pipe):
      guard let passing else {
        let file = try SourceFile.spool(pipe, source: source, limits)
        guard file.size > 0 else { throw ImageError(.notAnImage, source: source, "it is empty") }
        return try open(
          TarStore(
            unwrap(Blob(whole: file), source: source, limits), source: source, limits: limits),
          selection)
      }
      return try open(
        store(source, limits) { () throws(LayerError) in
          try StreamedArchive(pipe.descriptor, name: "the archive", options: passing)
        }, selection)
    }
  }

  private static func open(_ archive: TarStore, _ selection: ImageSelection) throws(ImageError)
    -> Image
  {
    try open(archive, isFolder: false, notes: archive.notes, selection)
  }

  /// The files of an archive that is read once.
  private static func store(
    _ source: String, _ limits: LayerLimits, _ open: () throws(LayerError) -> StreamedArchive
  ) throws(ImageError) -> TarStore {
    let archive: StreamedArchive
    do {
      archive = try open()
    } catch {
      throw ImageError(error, source: source)
    }
    guard !archive.isEmpty else { throw ImageError(.notAnImage, source: source, "it is empty") }
    return try TarStore(archive, source: source, limits: limits)
  }

  private static func isCompressed(_ blob: Blob, source: String) throws(ImageError) -> Bool {
    do {
      return LayerCompression(magic: try blob.bytes(count: 6)) != .none
    } catch {
      throw ImageError(.unreadable, source: source, "reading failed: \(error)")
    }
  }

  /// The tar in a compressed archive, as a temporary copy: its parts are read in any order.
  private static func unwrap(_ blob: Blob, source: String, _ limits: LayerLimits) throws(ImageError)
    -> Blob
  {
    let stream: BlobStream
    let start: [UInt8]
    do {
      stream = try BlobStream(blob, name: "the archive")
      guard stream.compression != .none else { return blob }
      start = try BlobStream(blob, name: "the archive").bytes(count: TarDirectory.headerSize)
    } catch {
      throw ImageError(error, source: source)
    }
    // Nothing is copied that does not even start like a tar.
    guard TarDirectory.isHeader(start) else {
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

  private static func open(
    _ store: any ContentStore, isFolder: Bool, notes: [Finding], _ selection: ImageSelection
  ) throws(ImageError) -> Image {
    var oci = try OCIReader(store)
    let docker = try DockerReader(store)
    let form: Image.Form
    let candidates: [Candidate]
    switch (oci, docker) {
    case (nil, nil): throw try unknown(store)
    case (nil, let docker?):
      form = .dockerArchive
      candidates = docker.candidates
    case (let oci?, nil):
      try OCIReader.checkLayoutFile(store)
      form = isFolder ? .ociLayout : .ociArchive
      candidates = oci.candidates
    case (let oci?, let docker?):
      form = isFolder ? .ociLayout : .dockerArchive
      candidates = try Hybrid.merge(
        oci: oci.candidates, docker: docker.candidates, source: store.source)
    }
    let (choice, absent) = try candidates.choose(selection, source: store.source)
    var assembly = Assembly(source: store.source, form: form, isDocker: docker != nil)
    assembly.notes = notes + (oci?.notes ?? [])
    var image = try assembly.image(choice, selection: selection, absent: absent)
    image.attestations = oci?.attestations(of: choice.digest)
    return image
  }

  private static func unknown(_ store: any ContentStore) throws(ImageError) -> ImageError {
    if try store.file("repositories") != nil {
      return ImageError(
        .unsupported, source: store.source,
        "it is in the form that Docker wrote before version 1.10 (repositories, but no manifest.json), which engines "
          + "no longer load", advice: "pull the image with a current engine and save it again")
    }
    return ImageError(
      .notAnImage, source: store.source, "it has neither a manifest.json nor an index.json",
      advice:
        "an image is saved with `docker save` or `podman save`; `docker export` saves only its files"
    )
  }
}
