/// Reads the cause of a failure from what an engine wrote. The texts are those of docker 20.10 to 28, buildah 1.28 to
/// 1.43 and podman 4.3 to 5.8.
enum FailureDiagnosis {
  static func cause(_ tail: OutputTail) -> EngineFailure.Cause {
    // The last line that says something counts: what came before may have been mended by a retry.
    for line in tail.lines.reversed() {
      if let cause = cause(line, tail.lastBase) { return cause }
    }
    return .step
  }

  /// Whether buildah or podman found a layer in its cache that was gone when it looked closer: another process removed
  /// an image of the same store in that moment. Nothing is wrong then, and the next attempt gets by.
  static func lostItsCache(_ tail: OutputTail) -> Bool {
    guard let line = tail.lines.last(where: { $0.hasPrefix("Error: ") }) else { return false }
    return line.contains("checking if cached image exists from a previous build: ")
      || line.hasSuffix("layer not known")
      || line.hasSuffix("image not known") && line.contains(/[0-9a-f]{64}/)
  }

  private static func cause(_ line: String, _ base: String?) -> EngineFailure.Cause? {
    let text = line.lowercased()
    func says(_ phrases: String...) -> Bool { phrases.contains { text.contains($0) } }

    if says("no space left on device", "disk quota exceeded") { return .diskFull }
    // The last two are what a client says whose daemon ended in the middle of a build.
    if says(
      "cannot connect to the docker daemon", "error during connect",
      "rpc error: code = unavailable",
      "failed to solve: unavailable: ")
    {
      return .daemonUnreachable
    }
    if says("option requires buildkit") { return .needsBuildKit }
    if says(
      "cgroups in hybrid mode", "setrlimit `rlimit", "error setting rlimit", "oci runtime error")
      || says("while running runtime") && says("executable file not found", "no such file")
      || says("finding runtime", "no oci runtime", "could not find a working oci runtime")
    {
      return .runtime
    }
    guard isAboutPulling(text) else { return nil }
    if says(
      "unauthorized", "access denied", "access to the resource is denied",
      "authentication required", "forbidden")
    {
      return .baseImage(name: base, why: .denied)
    }
    if says(
      "manifest unknown", "not found", "image not known", "name unknown",
      "did not resolve to an alias",
      "no such image") && !says("no such host")
    {
      return .baseImage(name: base, why: .notFound)
    }
    return .baseImage(name: base, why: .registryUnreachable)
  }

  /// Whether an error line is about fetching a base image, not about the network of a RUN step.
  private static func isAboutPulling(_ text: String) -> Bool {
    if text.contains("error: creating build container:") { return true }
    // docker's classic builder says no more.
    if text.hasPrefix("get \"https://") && text.contains("/v2/")
      || text.hasPrefix("pull access denied for ") || text.hasPrefix("manifest for ")
    {
      return true
    }
    guard text.contains("error") || text.contains("failed") else { return false }
    return [
      "failed to resolve source metadata", "pinging container registry",
      "initializing source docker://",
      "did not resolve to an alias", "image not known", "pull access denied",
      "failed to do request: head",
      "error response from daemon: get \"https://", "error response from daemon: manifest for",
      "failed to authorize: ",
    ].contains { text.contains($0) }
      || text.contains("failed to create llb definition") && text.contains("not found")
  }
}
