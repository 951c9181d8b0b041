import ForgeBasics

/// A build that cannot be begun.
public enum ProjectBuildError: ForgeError, Equatable {
  case outputIsNoFolder(String, services: Int)
  /// The archive would go into a device or FIFO.
  case outputIsNoFile(String)
  /// The build context cannot be copied for docker's classic builder.
  case context(String, reason: String)
  /// The engine cannot build the service for that platform.
  case platform(String, service: String, reason: String)
  /// Only one Dockerfile can be meant.
  case targetOfSeveral(String, services: Int)
  /// An image of several platforms is one only in a registry.
  case severalPlatformsNeedNames(count: Int)
  /// The value of a build argument stands in the image's history.
  case secretArgument(String)
  /// The name of an image that was judged means another one by now.
  case retagged(String)
  /// A name that was given to another image while it was pushed.
  case replaced(String)

  public var exitCode: ExitCode {
    switch self {
    case .platform, .retagged, .replaced: .engineFailed
    default: .usage
    }
  }
  public var description: String {
    switch self {
    case .outputIsNoFolder(let path, let count):
      "the project has \(count) services, and \(DisplayText.escape(path)) is not a folder: name an existing folder, "
        + "which gets one archive for each, or build one service"
    case .outputIsNoFile(let path):
      "\(DisplayText.escape(path)) is not a file, and the archive is read again once it is written: name a file, or an "
        + "existing folder"
    case .platform(let platform, let service, let reason):
      "\(DisplayText.escape(service)) cannot be built for \(platform) here: \(DisplayText.escape(reason)). Nothing was "
        + "built. Install qemu-user-static (Debian, Ubuntu), build on a machine of that kind, or take a remote builder: "
        + "--builder NAME"
    case .targetOfSeveral(let target, let count):
      "the project has \(count) services, and only one can be meant by --target \(DisplayText.escape(target)): name its "
        + "folder"
    case .severalPlatformsNeedNames(let count):
      "\(count) platforms give \(count) archives, and --output names one file: name an existing folder"
    case .retagged(let tag):
      "\(DisplayText.escape(tag)) is another image by now than the one that was judged: something else on this engine has "
        + "given it the name. Nothing was pushed; build again, with a name of its own"
    case .replaced(let tag):
      "\(DisplayText.escape(tag)) was given to another image while it was pushed: what the registry has by that name "
        + "may not be what was judged. Remove it there, and build again with a name of its own"
    case .secretArgument(let name):
      "the build argument \(DisplayText.escape(name)) looks like a secret, and would stand in the image's history: "
        + "pass it with --secret id=\(DisplayText.escape(name)),src=FILE"
    case .context(let path, let reason):
      "\(DisplayText.escape(path)) cannot be copied for docker's classic builder: \(DisplayText.escape(reason)). Mend it, "
        + "or build with BuildKit, without DOCKER_BUILDKIT=0"
    }
  }
}
