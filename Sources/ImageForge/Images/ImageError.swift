import ForgeBasics

/// Why an image cannot be opened. The description says what is wrong, where, and what to do.
public struct ImageError: ForgeError, Equatable {
  /// What kind of failure it is; decides the exit code.
  public enum Kind: String, Sendable {
    /// Nothing stands at the path.
    case notFound
    /// The operating system refuses to read it, or there is no room for a temporary copy.
    case unreadable
    /// Readable, but neither a docker-archive nor an OCI image.
    case notAnImage
    /// It ends before its contents do.
    case truncated
    /// A part breaks its specification.
    case malformed
    /// A part that the archive promises is not in it.
    case missing
    /// A digest or size does not match.
    case mismatch
    /// Two readers would see two images.
    case ambiguous
    /// A valid form that cannot be judged, such as a foreign layer.
    case unsupported
    /// Over a limit that protects the reader.
    case tooLarge
    /// Several images or platforms, and no choice; or a choice that is not there.
    case choice
  }

  /// What kind of failure it is.
  public let kind: Kind
  /// What the user named.
  public let source: String
  /// What is wrong, with the part of the image.
  public let reason: String
  /// What to do.
  public let advice: String

  package init(_ kind: Kind, source: String, _ reason: String, advice: String? = nil) {
    self.kind = kind
    self.source = source
    self.reason = reason
    self.advice = advice ?? kind.usualAdvice
  }

  /// What to do; nil where nothing helps.
  public var remedy: String? { advice.isEmpty ? nil : advice }

  public var exitCode: ExitCode {
    switch kind {
    case .notFound, .choice: .usage
    default: .unreadableInput
    }
  }

  public var description: String {
    let problem = "cannot open image \(ImageStore.displayName(of: source)): \(reason)"
    return [problem, remedy].compactMap(\.self).joined(separator: "; ")
  }
}

extension ImageError.Kind {
  fileprivate var usualAdvice: String {
    switch self {
    case .notFound:
      "name an image archive, an OCI layout folder or `-`; an engine's image is saved with "
        + "`docker save -o image.tar NAME` or `podman save -o image.tar NAME`"
    case .unreadable: "check its permissions and the disk"
    case .notAnImage:
      "give a docker-archive or OCI archive (`docker save`, `podman save`, `skopeo copy`) or an OCI layout folder"
    case .truncated: "it was cut off while being written or copied: make or copy it again"
    case .malformed, .missing, .mismatch: "make the archive again with a current engine"
    case .ambiguous:
      "engines would not agree on which image this is: make the archive again with one engine"
    case .unsupported: "convert it with `skopeo copy` to an OCI archive"
    case .tooLarge: "no honest image needs this: do not trust the archive"
    case .choice: "choose with --image and --platform"
    }
  }
}
