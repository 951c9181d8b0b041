import ForgeBasics
import Foundation
import SystemPackage

extension Engine {
  /// Builds an image and writes it to `request.archive` as a docker-archive.
  ///
  /// All or nothing: unless this returns, the archive's path and the tag are as they were before, and no working
  /// container is left. Layers that were built stay in the engine's cache.
  /// - Parameter log: gets the engine's output line by line as it comes, safe to print.
  /// - Throws: `EngineError`; `interrupted` when the surrounding task is cancelled, after the engine and all it
  ///   started have ended.
  public func build(
    _ request: BuildRequest, log: @escaping @Sendable (String) -> Void
  ) async throws(EngineError) {
    let request = try absolute(request)
    // Opened first: a build of minutes must not end at a folder that cannot be written.
    let archive = try PendingArchive(request.archive)
    let before = await storedImage(storeName(request.tag))
    do {
      try await buildImage(request, log: log)
      try await export(storeName(request.tag), to: archive, log: log)
      try archive.commit()
    } catch {
      archive.discard()
      await restoreTag(request.tag, to: before)
      throw error
    }
  }

  /// Writes an image of the engine's store to `archive` as a docker-archive.
  /// - Throws: `EngineError.noSuchImage` when the store has none of that name; nothing is pulled.
  public func save(
    reference: String, to archive: String, log: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(EngineError) {
    // Where the engine does not say whether it has the image, the export itself will tell why.
    if await storedImage(reference) == .absent { throw .noSuchImage(kind, reference: reference) }
    let archive = try PendingArchive(archive)
    do {
      try await export(reference, to: archive, log: log)
      try archive.commit()
    } catch {
      archive.discard()
      throw error
    }
  }

  /// Whether the engine's store holds an image of that name or id. Nothing is pulled.
  public func hasImage(_ reference: String) async -> Bool {
    if case .id = await storedImage(reference) { true } else { false }
  }

  // MARK: Steps

  private func buildImage(
    _ request: BuildRequest, log: @escaping @Sendable (String) -> Void
  ) async throws(EngineError) {
    var rewritten: String?
    if await rewritesTimes(request) { rewritten = Self.temporaryFile() }
    defer { if let rewritten { try? FileManager.default.removeItem(atPath: rewritten) } }
    let arguments = buildArguments(
      request, ignoreFile: Self.existing(request.dockerfile + ".dockerignore"),
      isolation: Isolation.choose(
        environment: environment, host: Isolation.host(environment: environment)),
      network: await networkOfSteps(request), rewritten: rewritten)
    let command = EngineCommand(
      program: path, arguments: arguments, environment: buildEnvironment(builder: request.builder))
    let containers = await workingContainers()
    let action = EngineFailure.Action.build(tag: request.tag)
    for attemptsLeft in (0..<Self.attempts).reversed() {
      let (ending, tail) = try await attempt(action) {
        try await command.stream(plan: buildStopPlan, log: log)
      }
      if ending.isSuccess {
        if let rewritten { try await load(rewritten, action, log: log) }
        return
      }
      // podman exits by itself on a signal, and leaves its containers all the same.
      let isUnfinished = ending.wasKilled || ending.stop != nil
      if attemptsLeft > 0, !isUnfinished, FailureDiagnosis.lostItsCache(tail) {
        log("another process removed layers that this build found in the cache; building again")
        continue
      }
      var leftovers: [String] = []
      if isUnfinished { leftovers = await removeContainers(since: containers) }
      throw failure(action, ending, tail, leftovers)
    }
  }

  private var buildStopPlan: RunningChild.StopPlan {
    switch kind {
    case .docker: .interrupt
    case .podman, .buildah: .stepsFirst
    }
  }

  private static func existing(_ path: String) -> String? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    return path
  }

  /// Of one build, whose cached layers others may remove while it looks at them.
  private static let attempts = 4

  private func load(
    _ archive: String, _ action: EngineFailure.Action, log: @escaping @Sendable (String) -> Void
  ) async throws(EngineError) {
    let command = EngineCommand(
      program: path, arguments: ["load", "--input=\(archive)"], environment: environment)
    let (ending, tail) = try await attempt(action) {
      try await command.stream(plan: .interrupt, log: log)
    }
    guard ending.isSuccess else { throw failure(action, ending, tail, []) }
  }

  private static func temporaryFile() -> String {
    FileManager.default.temporaryDirectory.appending(path: "forge-\(UUID().uuidString).tar").path()
  }

  private func rewritesTimes(_ request: BuildRequest) async -> Bool {
    guard request.sourceDate != nil else { return false }
    return await rewritesTimes(builder: request.builder)
  }

  /// Whether a build whose times are fixed comes out the same, to the byte. BuildKit 0.13 rewrites the times of files,
  /// but not into a store: into an archive, which docker's own builder writes where it has the image store of containerd.
  package func rewritesTimes(builder: String?) async -> Bool {
    guard kind == .docker, majorVersion >= 26, isOwnBuilder(builder), !isClassic(builder: builder)
    else { return false }
    // A path in a list of options.
    guard !Self.temporaryFile().contains(where: { ",\"=".contains($0) }) else { return false }
    let command = EngineCommand(
      program: path, arguments: ["info", "--format={{json .DriverStatus}}"],
      environment: environment)
    guard let reply = try? await command.reply(), reply.ending.isSuccess else { return false }
    return reply.output.contains("io.containerd.snapshotter")
  }

  /// Whether docker's daemon builds, not a builder of buildx that brings its own.
  private func isOwnBuilder(_ builder: String?) -> Bool {
    (builder ?? environment["BUILDX_BUILDER"] ?? "default") == "default"
  }

  /// A daemon without a bridge (`dockerd --bridge none`, as on machines whose network must stay as it is) has only the
  /// host's network for RUN steps, and does not take it by itself.
  private func networkOfSteps(_ request: BuildRequest) async -> String? {
    guard kind == .docker, isOwnBuilder(request.builder) else { return nil }
    let command = EngineCommand(
      program: path, arguments: ["network", "inspect", "--format={{.Name}}", "bridge"],
      environment: environment)
    guard let reply = try? await command.reply(), !reply.ending.isSuccess, reply.ending.stop == nil
    else { return nil }
    let says = reply.errorOutput.lowercased()
    guard says.contains("network bridge not found") || says.contains("no such network") else {
      return nil
    }
    return "host"
  }

  private func export(
    _ reference: String, to archive: PendingArchive, log: @escaping @Sendable (String) -> Void
  ) async throws(EngineError) {
    let action = EngineFailure.Action.export(reference: reference)
    let command = EngineCommand(
      program: path, arguments: exportArguments(reference), environment: environment)
    let (ending, tail) = try await attempt(action) {
      try await command.export(to: archive.file, asInput: kind != .docker, log: log)
    }
    guard ending.isSuccess else { throw failure(action, ending, tail, []) }
  }

  private func attempt<Value>(
    _ action: EngineFailure.Action, _ run: () async throws -> Value
  ) async throws(EngineError) -> Value {
    do { return try await run() } catch {
      if error is CancellationError { throw .interrupted(kind, leftovers: []) }
      let reason = "\(DisplayText.escape(path)) cannot be run: \(DisplayText.escape("\(error)"))"
      throw .failed(
        EngineFailure(
          engine: kind, action: action, cause: .cannotRun(reason), status: reason, lastLines: []))
    }
  }

  private func failure(
    _ action: EngineFailure.Action, _ ending: EngineCommand.Ending, _ tail: OutputTail,
    _ leftovers: [String]
  ) -> EngineError {
    if ending.stop == .cancelled { return .interrupted(kind, leftovers: leftovers) }
    return .failed(
      EngineFailure(
        engine: kind, action: action, cause: FailureDiagnosis.cause(tail), status: ending.text,
        lastLines: tail.lines,
        leftovers: leftovers))
  }

  // MARK: The request

  /// The request with absolute paths, which every engine understands alike, and none takes for an option or an
  /// address.
  private func absolute(_ request: BuildRequest) throws(EngineError) -> BuildRequest {
    var request = request
    request.context = Self.absolute(request.context)
    request.dockerfile = Self.absolute(request.dockerfile)
    request.archive = Self.absolute(request.archive)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: request.context, isDirectory: &isFolder),
      isFolder.boolValue
    else {
      throw .invalidRequest(
        "the build context \(shown(request.context)) is not a folder: name the project's folder")
    }
    guard FileManager.default.isReadableFile(atPath: request.dockerfile),
      FileManager.default.fileExists(atPath: request.dockerfile, isDirectory: &isFolder),
      !isFolder.boolValue
    else {
      throw .invalidRequest(
        "there is no readable Dockerfile at \(shown(request.dockerfile)): write one, or let `forge generate` do it"
      )
    }
    try Self.check(tag: request.tag)
    for argument in request.buildArguments where argument.isEmpty || argument.hasPrefix("=") {
      throw .invalidRequest(
        "the build argument \"\(shown(argument))\" has no name: write NAME=value")
    }
    for secret in request.secrets
    where !secret.split(separator: ",").contains(where: { $0.hasPrefix("id=") }) {
      // The text may hold the secret itself, where someone took the option for one of values.
      throw .invalidRequest("a build secret has no id: write id=NAME,src=FILE")
    }
    try checkClassic(request)
    return request
  }

  private func checkClassic(_ request: BuildRequest) throws(EngineError) {
    guard isClassic(builder: request.builder) else { return }
    let lacking: String
    if !request.secrets.isEmpty {
      lacking = "--secret"
    } else if !request.cacheTo.isEmpty {
      lacking = "--cache-to"
    } else {
      return
    }
    throw .invalidRequest(
      "docker's classic builder, which DOCKER_BUILDKIT=0 asks for, has no \(lacking): build with BuildKit, without that "
        + "variable, or leave \(lacking) out")
  }

  /// Whether a text is an image's name, so that this can be said before anything is done.
  /// - Throws: `EngineError.invalidRequest`.
  package static func check(tag: String) throws(EngineError) {
    guard !ImageName.isValid(tag) else { return }
    throw .invalidRequest(
      "\(DisplayText.escape(tag)) is not an image name: use lower case letters, digits and . _ - in parts separated by /, "
        + "and a tag after a colon, as in team/todo-backend:1.2")
  }

  private static func absolute(_ path: String) -> String {
    FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(path)).lexicallyNormalized()
      .string
  }

  private func shown(_ text: String) -> String { DisplayText.escape(text) }
}
