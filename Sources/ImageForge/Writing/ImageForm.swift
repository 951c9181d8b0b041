import ForgeImages

/// How an image leaves forge.
public enum ImageForm: String, Sendable, CaseIterable {
  /// What `docker load` and `podman load` read.
  case dockerArchive = "docker-archive"
  /// A tar of an OCI layout.
  case ociArchive = "oci-archive"
  case ociLayout = "oci-layout"
}

extension ImageForm {
  /// The form in which an image came.
  package init(_ form: Image.Form) {
    self =
      switch form {
      case .dockerArchive: .dockerArchive
      case .ociArchive: .ociArchive
      case .ociLayout: .ociLayout
      }
  }
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
