import ForgeBasics
import ForgeInspection
import ForgeLayers

/// An image that is written to its last byte, as an archive without a name.
package struct WrittenArchive {
  package let file: ScratchFile
  /// The same bytes, for reading.
  package let blob: Blob

  /// Takes the file once nothing more is written to it.
  package init(_ file: ScratchFile) throws(OutputError) {
    self.file = file
    blob = try file.finished()
  }
}

/// A place that takes written images.
package protocol ImageDestination: Sendable {
  /// Refuses a place that takes no image, before the work for it begins.
  func check() throws

  /// Puts the image in its place: whole, or not at all.
  func commit(_ archive: WrittenArchive) throws
}

/// An archive file, which replaces a file of the same name.
package struct ArchiveDestination: ImageDestination {
  package let path: String

  package init(path: String) { self.path = path }

  package func check() throws { _ = try ScratchFile.permissions(ofTarget: path) }

  package func commit(_ archive: WrittenArchive) throws { try archive.file.commit(to: path) }
}

extension ImageForm {
  /// The destination at a path that takes this form.
  package func destination(_ path: String) -> any ImageDestination {
    switch self {
    case .dockerArchive, .ociArchive: ArchiveDestination(path: path)
    case .ociLayout: LayoutFolderDestination(path: path)
    }
  }
}
