import ForgeBasics

/// Why it cannot be told what the entry point of an image reaches.
public enum MinimizerError: ForgeError, Equatable {
  /// What `--keep` names is not in the image.
  case noSuchPath(String)
  /// What `--keep` names is neither a path nor a module in the image.
  case noSuchPathOrModule(String)
  case noCommand
  case missingEntryPoint(String)
  /// Programs of this architecture are not followed.
  case bigEndian(architecture: String)
  /// The image starts a language runtime whose libraries are not followed.
  case unknownRuntime(String)

  public var exitCode: ExitCode { .usage }

  public var description: String {
    switch self {
    case .noSuchPath(let path):
      "there is no path \(DisplayText.escape(path)) in the image that could be kept"
    case .noSuchPathOrModule(let name):
      "there is neither a path nor a Python module \(DisplayText.escape(name)) in the image that could be kept"
    case .noCommand:
      "the image names no entry point and no command: there is nothing to reach from"
    case .missingEntryPoint(let program):
      "the entry point \(DisplayText.escape(program)) is not in the image"
    case .bigEndian(let architecture):
      "--minimize does not follow programs of big-endian machines, such as \(architecture)"
    case .unknownRuntime(let name):
      "the image starts \(DisplayText.escape(name)), and --minimize knows Python, Node and compiled programs only: "
        + "name the folder of its libraries with --keep PATH"
    }
  }
}
