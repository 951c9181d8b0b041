import ForgeBasics

/// The Dockerfile that an image was built from cannot be read.
public struct TracingError: ForgeError, Equatable {
  /// The Dockerfile, as it was named.
  public let path: String

  public var exitCode: ExitCode { .usage }
  public var description: String {
    "the Dockerfile \(DisplayText.escape(path)) cannot be read; check the path and its permissions"
  }
}
