import ForgeBasics

extension Engine {
  /// Sends an image of the store to the registry that its name says.
  /// - Parameter id: the image that is sent, whatever the name stands for meanwhile. Docker sends by name alone.
  /// - Throws: `EngineError.failed` when the registry does not take it.
  public func push(
    _ tag: String, id: String? = nil, log: @escaping @Sendable (String) -> Void
  ) async throws(EngineError) {
    let name = storeName(tag)
    var image = [name]
    if let id, kind != .docker { image = [id, "docker://\(name)"] }
    try await send(tag, ["push"] + encryption(of: tag) + image, log: log)
  }

  /// A registry of this machine may speak without encryption, as docker has it by itself.
  func encryption(of tag: String) -> [String] {
    let host = tag.split(separator: "/").first?.prefix { $0 != ":" } ?? ""
    guard kind != .docker, tag.contains("/"),
      host == "localhost" || host.wholeMatch(of: /127(\.[0-9]{1,3}){3}/) != nil
    else { return [] }
    return ["--tls-verify=false"]
  }

  /// Runs a command that sends something to a registry.
  func send(
    _ tag: String, _ arguments: [String], log: @escaping @Sendable (String) -> Void
  ) async throws(EngineError) {
    let command = EngineCommand(program: path, arguments: arguments, environment: environment)
    let ending: EngineCommand.Ending
    let tail: OutputTail
    do { (ending, tail) = try await command.stream(plan: .interrupt, log: log) } catch {
      if error is CancellationError { throw .interrupted(kind, leftovers: []) }
      let reason = "\(DisplayText.escape(path)) cannot be run: \(DisplayText.escape("\(error)"))"
      throw .failed(
        EngineFailure(
          engine: kind, action: .push(reference: tag), cause: .cannotRun(reason), status: reason,
          lastLines: []))
    }
    if ending.stop == .cancelled { throw .interrupted(kind, leftovers: []) }
    guard ending.isSuccess else {
      throw .failed(
        EngineFailure(
          engine: kind, action: .push(reference: tag), cause: FailureDiagnosis.cause(tail),
          status: ending.text,
          lastLines: tail.lines))
    }
  }

  /// The layers of an image of the store, by the digests of their plain tars; empty when there is none.
  public func layers(of tag: String) async -> Set<String> {
    let name = storeName(tag)
    let arguments =
      switch kind {
      case .buildah:
        ["inspect", "--type=image", "--format={{range .OCIv1.RootFS.DiffIDs}}{{.}} {{end}}", name]
      case .docker, .podman: ["image", "inspect", "--format={{json .RootFS.Layers}}", name]
      }
    let command = EngineCommand(program: path, arguments: arguments, environment: environment)
    guard let reply = try? await command.reply(), reply.ending.isSuccess else { return [] }
    return Set(reply.output.matches(of: /sha256:[0-9a-f]{64}/).map { String($0.output) })
  }
}
