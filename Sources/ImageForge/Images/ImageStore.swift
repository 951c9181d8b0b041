import ForgeBasics
import ForgeFindings
import ForgeLayers
import SystemPackage

/// Opens images, wherever their bytes stand.
package enum ImageStore {
  /// What messages call an image that the user named so.
  package static func displayName(of source: String) -> String {
    guard source != "-" else { return "standard input" }
    return DisplayText.escape(source)
  }

  /// Opens the image that `source` names: a docker-archive or an OCI archive, wrapped in gzip or zstd or not,
  /// an OCI layout folder, or `-` for standard input.
  ///
  /// Metadata is read and checked whole: digests, sizes, counts, one meaning. Layers are located, not read.
  /// - Parameter passing: how to read the layers of an archive that can be read once only, such as a pipe or a
  ///   compressed file; whoever reads them afterwards gets the same result at no cost. Nil where their bytes are
  ///   needed again: then such an archive is copied to a temporary file.
  package static func open(
    _ source: String, selection: ImageSelection = .init(), passing: LayerScanOptions? = nil
  ) throws(ImageError) -> Image {
    let limits = selection.limits
    let files: any NamedFiles =
      switch try SourceFile.open(source) {
      case .folder(let descriptor):
        try folder(LayoutFolder(taking: descriptor, source: source, limits: limits))
      case .file(let file):
        try ArchiveOpener(source: source, limits: limits, passing: passing).open(file)
      case .pipe(let pipe):
        try ArchiveOpener(source: source, limits: limits, passing: passing).open(pipe)
      }
    return try image(files, selection)
  }

  private static func folder(_ folder: LayoutFolder) throws(ImageError) -> LayoutFolder {
    guard try folder.file("oci-layout") == nil else { return folder }
    if try folder.file("manifest.json") != nil, try folder.file("version") != nil {
      throw ImageError(
        .unsupported, source: folder.source, "it is a folder in skopeo's own form (`dir:`)")
    }
    throw ImageError(
      .notAnImage, source: folder.source, "it is a folder without an oci-layout file")
  }

  /// The one image that the user means.
  private static func image(
    _ files: any NamedFiles, _ selection: ImageSelection
  ) throws(ImageError) -> Image {
    var oci = try OCIReader(files)
    let docker = try DockerReader(files)
    let form: Image.Form
    let listed: [ListedImage]
    switch (oci, docker) {
    case (nil, nil): throw try unknown(files)
    case (nil, let docker?):
      form = .dockerArchive
      listed = docker.images
    case (let oci?, nil):
      try OCIReader.checkLayoutFile(files)
      form = files.layoutForm
      listed = oci.images
    case (let oci?, let docker?):
      // An archive that has both is named after the one that Docker reads.
      form = files.layoutForm == .ociArchive ? .dockerArchive : files.layoutForm
      listed = try ManifestAgreement.merge(
        oci: oci.images, docker: docker.images, source: files.source)
    }
    let (choice, absent) = try listed.choose(selection, source: files.source)
    var assembler = ImageAssembler(source: files.source, form: form, isDocker: docker != nil)
    assembler.notes = files.notes + (oci?.notes ?? [])
    var image = try assembler.image(choice, selection: selection, absent: absent)
    image.attestations = oci?.attestations(of: choice.digest)
    image.indexFields = oci?.indexFields ?? []
    return image
  }

  private static func unknown(_ files: any NamedFiles) throws(ImageError) -> ImageError {
    if try files.file("repositories") != nil {
      return ImageError(
        .unsupported, source: files.source,
        "it is in the form that Docker wrote before version 1.10 (repositories, but no manifest.json), which engines "
          + "no longer load", advice: "pull the image with a current engine and save it again")
    }
    return ImageError(
      .notAnImage, source: files.source, "it has neither a manifest.json nor an index.json",
      advice:
        "an image is saved with `docker save` or `podman save`; `docker export` saves only its files"
    )
  }
}
