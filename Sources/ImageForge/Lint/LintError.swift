import ForgeBasics

/// Why nothing can be linted.
public enum LintError: ForgeError, Equatable {
  case noFolder(String)
  case notFound(String)
  /// The folder holds no Dockerfile.
  case noDockerfile(String)
  case unreadable(path: String, reason: String)

  public var exitCode: ExitCode {
    switch self {
    case .noFolder, .notFound, .noDockerfile: .usage
    case .unreadable: .unreadableInput
    }
  }

  public var description: String {
    switch self {
    case .noFolder(let path):
      "\(DisplayText.escape(path)): there is no such folder; give the folder that the build gets as its context"
    case .notFound(let path):
      "\(DisplayText.escape(path)): there is no such file or folder; check the path"
    case .noDockerfile(let path):
      "\(DisplayText.escape(path)): no Dockerfile here; name one, or write one with forge generate"
    case .unreadable(let path, let reason):
      "\(DisplayText.escape(path)): cannot be read (\(DisplayText.escape(reason))); check that it is a text file of "
        + "ordinary size that you may read"
    }
  }
}
