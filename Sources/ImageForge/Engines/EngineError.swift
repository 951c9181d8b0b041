import ForgeBasics

/// What went wrong between forge and a container engine.
public enum EngineError: ForgeError, Equatable {
  /// Why an engine cannot be used.
  public struct Rejection: Sendable, Equatable {
    /// The engine that was looked for.
    public let kind: Engine.Kind
    /// `not on PATH`, or what its own check said.
    public let reason: String

    /// That an engine was looked for, and cannot be used.
    public init(kind: Engine.Kind, reason: String) {
      self.kind = kind
      self.reason = reason
    }
  }

  /// The request cannot be right: no such context, no Dockerfile, a malformed name.
  case invalidRequest(String)
  /// No engine can be used; why, for each that was looked for.
  case noUsableEngine([Rejection])
  /// The engine's store holds no such image.
  case noSuchImage(Engine.Kind, reference: String)
  /// The archive cannot be written; found before the engine was started, or at the final rename.
  case unwritable(OutputError)
  /// The engine was started and did not do what it was asked.
  case failed(EngineFailure)
  /// The work was cancelled, and undone. `leftovers` names working containers that could not be removed, `images` what
  /// was loaded into the store and could not.
  case interrupted(Engine.Kind, leftovers: [String], images: [String] = [])

  public var exitCode: ExitCode {
    switch self {
    case .invalidRequest, .unwritable: .usage
    case .noSuchImage: .unreadableInput
    case .noUsableEngine, .failed, .interrupted: .engineFailed
    }
  }

  public var description: String {
    switch self {
    case .invalidRequest(let reason): reason
    case .noUsableEngine(let rejections): Self.explanation(of: rejections)
    case .noSuchImage(let kind, let reference):
      "\(kind.rawValue) has no image \(DisplayText.escape(reference)): build or pull it first, "
        + "or name one that `\(kind.rawValue) images` lists"
    case .unwritable(let error): error.description
    case .failed(let failure): failure.description
    case .interrupted(let kind, let leftovers, let images):
      Self.interruption(kind, images) + Self.removal(kind, leftovers)
    }
  }

  private static func explanation(of rejections: [Rejection]) -> String {
    let reasons = rejections.map { "\n  \($0.kind.rawValue): \($0.reason)" }.joined()
    return "no container engine can be used:" + reasons
      + "\nInstall one (Debian and Ubuntu: sudo apt-get install buildah; Fedora: sudo dnf install buildah; "
      + "macOS: brew install podman), or mend the one that is there"
  }

  private static func interruption(_ kind: Engine.Kind, _ images: [String]) -> String {
    let stopped = "interrupted: \(kind.rawValue) was stopped"
    if images.isEmpty { return stopped + ", and nothing was written" }
    return stopped + ". " + loaded(kind, images)
  }

  /// What to do about images that are left in the store.
  package static func loaded(_ kind: Engine.Kind, _ images: [String]) -> String {
    let names = images.map { DisplayText.escape($0) }.joined(separator: " ")
    return
      "What was loaded for the trial is left in its store; remove it: \(kind.rawValue) rmi \(names)"
  }

  static func removal(_ kind: Engine.Kind, _ leftovers: [String]) -> String {
    guard !leftovers.isEmpty else { return "" }
    let words = Engine.removal(by: kind) + leftovers.map { DisplayText.escape($0) }
    return ". Working containers may be left; when no other build runs, remove them: "
      + "\(kind.rawValue) \(words.joined(separator: " "))"
  }
}

/// An engine's run that failed: what it was doing, how it ended, its last words.
public struct EngineFailure: Sendable, Equatable, CustomStringConvertible {
  /// What the engine was asked to do.
  public enum Action: Sendable, Equatable {
    case build(tag: String)
    case export(reference: String)
    case run(image: String)
    case push(reference: String)
  }

  /// What the engine's output says about the cause.
  public enum Cause: Sendable, Equatable {
    /// A step of the Dockerfile, or anything else that the last lines tell best.
    case step
    /// A base image that is not in the local store cannot be fetched.
    case baseImage(name: String?, why: Unavailable)
    /// No space is left, in the engine's store or at the archive.
    case diskFull
    /// Docker's daemon went away.
    case daemonUnreachable
    /// A step has a mount, and docker's classic builder was asked for.
    case needsBuildKit
    /// The OCI runtime cannot start a container on this machine.
    case runtime
    /// The engine's program cannot be started, or its output not be read.
    case cannotRun(String)
  }

  /// Why a base image cannot be fetched.
  public enum Unavailable: String, Sendable {
    case registryUnreachable, notFound, denied
  }

  /// The engine that failed.
  public let engine: Engine.Kind
  /// What it was doing.
  public let action: Action
  /// Why it failed, as far as its output tells.
  public let cause: Cause
  /// `exit status 1`, `killed by signal 9`.
  public let status: String
  /// The last lines of the engine's output, escaped.
  public let lastLines: [String]
  /// Working containers that could not be removed.
  public let leftovers: [String]

  /// A failure, part by part.
  public init(
    engine: Engine.Kind, action: Action, cause: Cause, status: String, lastLines: [String],
    leftovers: [String] = []
  ) {
    self.engine = engine
    self.action = action
    self.cause = cause
    self.status = status
    self.lastLines = lastLines
    self.leftovers = leftovers
  }

  public var description: String {
    var text =
      "\(engine.rawValue) could not \(task): \(reason). \(remedy)"
      + EngineError.removal(engine, leftovers)
    if !lastLines.isEmpty {
      text +=
        "\nLast lines of \(engine.rawValue) (\(status)):\n"
        + lastLines.map { "  \($0)" }.joined(separator: "\n")
    }
    return text
  }

  private var task: String {
    switch action {
    case .build(let tag): "build \(DisplayText.escape(tag))"
    case .push(let reference): "push \(DisplayText.escape(reference))"
    case .run(let image): "run or fetch \(DisplayText.escape(image))"
    case .export(let reference): "write the archive of \(DisplayText.escape(reference))"
    }
  }

  private var reason: String {
    // What is fetched for a build is sent by a push.
    if case .push = action, case .baseImage(_, let why) = cause {
      if why == .denied { return "the registry refuses it" }
      return "the registry cannot be reached, or does not know the name"
    }
    return switch cause {
    case .step: status
    case .baseImage(let name, let why):
      switch why {
      case .registryUnreachable:
        "the base image\(quoted(name)) is not in its store, and the registry cannot be reached"
      case .notFound:
        "the base image\(quoted(name)) does not exist, neither in its store nor in the registry"
      case .denied: "the registry refuses the base image\(quoted(name))"
      }
    case .diskFull: "no space left on device"
    case .daemonUnreachable: "its daemon cannot be reached"
    case .needsBuildKit: "its classic builder does not know RUN --mount"
    case .runtime: "the OCI runtime cannot start a container here"
    case .cannotRun(let reason): reason
    }
  }

  private var remedy: String {
    if case .push = action {
      return
        "Check the name and the network, or log in: \(engine.rawValue) login. The image is built, and in the store"
    }
    return switch cause {
    case .step: "Mend what the last lines name, and build again"
    case .baseImage(let name, let why):
      switch why {
      case .registryUnreachable:
        "Check the network, or load the image into the store: \(loadCommand), tagged as\(quoted(name ?? "the FROM line"))"
      case .notFound: "Check the name and tag in the FROM line"
      case .denied: "Check the name in the FROM line, or log in: \(engine.rawValue) login"
      }
    case .diskFull: "Free some, for instance with \(pruneCommand), or choose another output folder"
    case .daemonUnreachable:
      "Start it (sudo systemctl start docker), or use --engine podman or --engine buildah"
    case .needsBuildKit:
      "Build with BuildKit, without DOCKER_BUILDKIT=0, or generate a Dockerfile without mounts: --dialect classic"
    case .runtime: "Set BUILDAH_ISOLATION=chroot, which needs no runtime, or install runc"
    case .cannotRun: "Check that \(engine.rawValue) is installed whole: \(engine.rawValue) version"
    }
  }

  private var loadCommand: String {
    switch engine {
    case .buildah: "buildah pull docker-archive:FILE"
    case .docker, .podman: "\(engine.rawValue) load -i FILE"
    }
  }

  private var pruneCommand: String {
    switch engine {
    case .docker: "docker system prune"
    case .podman: "podman system prune"
    case .buildah: "buildah rmi --prune"
    }
  }

  private func quoted(_ name: String?) -> String { name.map { " " + DisplayText.escape($0) } ?? "" }
}
