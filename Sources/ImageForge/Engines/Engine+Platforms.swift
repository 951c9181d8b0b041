import ForgeBasics
import Foundation

/// Building for other machines than this one.
extension Engine {
  /// Why this engine cannot build a Dockerfile for a platform; nil when it can, or does not say.
  ///
  /// A step of another processor needs an emulator, which the kernel knows by the table of binfmt_misc
  /// (Documentation/admin-guide/binfmt-misc.rst); docker's builders list their platforms themselves.
  package func obstacle(
    to platform: String, dockerfile: String, builder: String? = nil,
    emulators: String = "/proc/sys/fs/binfmt_misc"
  ) async -> String? {
    let processor = Self.processor(of: platform)
    if isClassic(builder: builder) {
      guard platform != Self.platform else { return nil }
      return "docker's classic builder (DOCKER_BUILDKIT=0) builds for its own only"
    }
    if kind == .docker {
      guard let platforms = await builderPlatforms(builder), !platforms.contains(platform),
        !platforms.contains(where: { $0.hasPrefix(platform + "/") })
      else { return nil }
      return "docker's builder builds for \(platforms.joined(separator: ", ")) only"
    }
    let runs = dockerfile.split(whereSeparator: \.isNewline).contains {
      $0.uppercased().hasPrefix("RUN ")
    }
    #if os(Linux)
      guard runs, processor != Self.processor, !Self.handlers(in: emulators).contains(processor)
      else { return nil }
      return "this machine runs no programs for \(processor), which the Dockerfile's RUN steps need"
    #else
      return nil
    #endif
  }

  /// `linux/amd64`: what this machine builds for unless told otherwise.
  package static var platform: String { "linux/" + processor }

  /// The platform of an image in the store; nil where there is none, or the engine does not say.
  package func platform(of image: String) async -> String? {
    let arguments =
      switch kind {
      case .buildah:
        ["inspect", "--type=image", "--format={{.OCIv1.OS}}/{{.OCIv1.Architecture}}", image]
      case .docker, .podman: ["image", "inspect", "--format={{.Os}}/{{.Architecture}}", image]
      }
    guard ImageName.isPlausible(image),
      let reply = try? await EngineCommand(
        program: path, arguments: arguments, environment: environment
      ).reply(),
      reply.ending.isSuccess
    else { return nil }
    let text = reply.output.trimmingCharacters(in: .whitespacesAndNewlines)
    guard text.wholeMatch(of: /[a-z0-9]+\/[a-z0-9]+/) != nil else { return nil }
    return text
  }

  /// As `docker buildx inspect` lists them; nil where it does not.
  private func builderPlatforms(_ builder: String?) async -> [String]? {
    let command = EngineCommand(
      program: path, arguments: ["buildx", "inspect"] + (builder.map { [$0] } ?? []),
      environment: environment)
    guard let reply = try? await command.reply(), reply.ending.isSuccess else { return nil }
    let lines = reply.output.split(whereSeparator: \.isNewline).filter {
      $0.hasPrefix("Platforms:")
    }
    // A star marks what the user set.
    let names = lines.flatMap { $0.dropFirst(10).split(separator: ",") }
      .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " *")) }
    guard !names.isEmpty else { return nil }
    return names.map { DisplayText.escape($0) }
  }

  /// `linux/arm64/v8` -> `arm64`.
  private static func processor(of platform: String) -> String {
    platform.split(separator: "/").dropFirst().first.map(String.init) ?? platform
  }

  /// Go's name of this machine's processor.
  private static var processor: String {
    #if arch(x86_64)
      "amd64"
    #elseif arch(arm64)
      "arm64"
    #else
      ""
    #endif
  }

  /// The processors that the kernel has an emulator for, by the file names that the packages of qemu register.
  private static func handlers(in folder: String) -> Set<String> {
    let names = ["x86_64": "amd64", "aarch64": "arm64", "i386": "386"]
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return Set(
      files.compactMap { file in
        if file.hasPrefix("rosetta") { return names["x86_64"] }
        guard file.hasPrefix("qemu-") else { return nil }
        let name = String(file.dropFirst(5))
        return names[name] ?? name
      })
  }
}

/// One name for the images of several platforms.
extension Engine {
  /// Makes `tag` in its registry an index of `images`, which are there already.
  /// - Throws: `EngineError.failed` when the engine or the registry does not take it.
  public func pushIndex(
    _ tag: String, of images: [String], log: @escaping @Sendable (String) -> Void
  ) async throws(EngineError) {
    if kind == .docker {
      return try await send(
        tag, ["buildx", "imagetools", "create", "--tag=\(tag)"] + images, log: log)
    }
    // A name of its own: an image of the same name may be in the store.
    let list = "localhost/forge-index-" + UUID().uuidString.lowercased()
    do {
      try await send(tag, ["manifest", "create", list], log: { _ in })
      for image in images {
        try await send(
          tag, ["manifest", "add", list, "containers-storage:\(storeName(image))"], log: { _ in })
      }
      try await send(
        tag, ["manifest", "push", "--all"] + encryption(of: tag) + [list, "docker://\(tag)"],
        log: log)
    } catch {
      await removeIndex(list)
      throw error
    }
    await removeIndex(list)
  }

  private func removeIndex(_ list: String) async {
    let command = EngineCommand(
      program: path, arguments: ["manifest", "rm", list], environment: environment)
    await Task { _ = try? await command.reply() }.value
  }
}
