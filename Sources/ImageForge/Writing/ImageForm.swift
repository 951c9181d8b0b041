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
