/// The command lines of the three engines.
extension Engine {
  /// - Parameters:
  ///   - ignoreFile: `<dockerfile>.dockerignore`, where there is one. docker finds it by itself.
  ///   - network: what docker gives to RUN steps; nil leaves its own choice.
  ///   - rewritten: the file that gets the image with its times rewritten, instead of docker's store.
  func buildArguments(
    _ request: BuildRequest, ignoreFile: String?, isolation: String?, network: String? = nil,
    rewritten: String? = nil
  ) -> [String] {
    var arguments = ["build", "--file=\(request.dockerfile)", "--tag=\(storeName(request.tag))"]
    switch kind {
    case .docker:
      if isClassic(builder: request.builder) {
        arguments += ["--rm", "--force-rm"]
      } else {
        arguments.append("--progress=plain")
      }
      if let network { arguments.append("--network=\(network)") }
      if let builder = request.builder { arguments.append("--builder=\(builder)") }
      // A builder chosen by the user may keep its result to itself.
      if request.builder != nil || environment["BUILDX_BUILDER"] != nil {
        arguments.append("--load")
      }
      if let date = request.sourceDate, !isClassic(builder: request.builder) {
        arguments.append("--build-arg=SOURCE_DATE_EPOCH=\(date)")
        // What BuildKit says about a build holds its time.
        if majorVersion >= 24 { arguments.append("--provenance=false") }
      }
      if let rewritten {
        arguments.append("--output=type=docker,dest=\(rewritten),rewrite-timestamp=true")
      }
    case .podman, .buildah:
      // docker's format, since OCI's has no HEALTHCHECK; layers, since they are the cache.
      arguments += ["--format=docker", "--layers", "--rm", "--force-rm"]
      if let date = request.sourceDate { arguments.append("--timestamp=\(date)") }
      if let isolation { arguments.append("--isolation=\(isolation)") }
      if let ignoreFile { arguments.append("--ignorefile=\(ignoreFile)") }
    }
    if let platform = request.platform { arguments.append("--platform=\(platform)") }
    if let target = request.target { arguments.append("--target=\(target)") }
    if !request.usesCache { arguments.append("--no-cache") }
    arguments += request.cacheFrom.map { "--cache-from=\($0)" }
    arguments += request.cacheTo.map { "--cache-to=\($0)" }
    arguments += request.labels.map { "--label=\($0)" }
    arguments += request.buildArguments.map { "--build-arg=\($0)" }
    arguments += request.secrets.map { "--secret=\($0)" }
    return arguments + [request.context]
  }

  var majorVersion: Int { Int(version.prefix { $0.isNumber }) ?? 0 }

  /// Whether docker's classic builder builds: the user's choice, since it has neither mounts nor secrets, and reads no
  /// ignore file but the context's own. A builder of buildx is always BuildKit.
  package func isClassic(builder: String?) -> Bool {
    guard kind == .docker, builder == nil, environment["BUILDX_BUILDER"] == nil else {
      return false
    }
    // As Go's ParseBool reads it.
    return ["0", "f", "F", "false", "False", "FALSE"].contains(environment["DOCKER_BUILDKIT"])
  }

  func buildEnvironment(builder: String?) -> [String: String] {
    guard kind == .docker else { return environment }
    var environment = environment
    environment["DOCKER_BUILDKIT"] = "1"
    if isClassic(builder: builder) { environment["DOCKER_BUILDKIT"] = "0" }
    return environment
  }

  /// Writes a docker-archive to the file that docker finds as its standard output, podman and buildah as their
  /// standard input. Those two want a path: not the user's, since in `docker-archive:PATH:NAME` none can hold a colon;
  /// nor standard output's, since podman writes there through a pipe and calls a full disk a broken pipe.
  func exportArguments(_ reference: String) -> [String] {
    switch kind {
    case .docker: ["save", reference]
    case .podman: ["save", "--quiet", "--format=docker-archive", "--output=/dev/fd/0", reference]
    case .buildah: ["push", "--quiet", reference, "docker-archive:/dev/fd/0"]
    }
  }

  func imageIDArguments(_ reference: String) -> [String] {
    switch kind {
    case .docker, .podman: ["image", "inspect", "--format={{.Id}}", reference]
    case .buildah: ["inspect", "--type=image", "--format={{.FromImageID}}", reference]
    }
  }

  /// Lists the working containers, those of builds included, by their full ids.
  var containerListArguments: [String]? {
    switch kind {
    case .docker: nil
    case .podman: ["ps", "--all", "--external", "--no-trunc", "--quiet"]
    case .buildah: ["containers", "--all", "--notruncate", "--quiet"]
    }
  }

  /// The words that remove a container. podman wants force where its file system is still mounted, as a killed build
  /// leaves it.
  static func removal(by kind: Kind) -> [String] {
    switch kind {
    case .podman: ["rm", "--force"]
    case .docker, .buildah: ["rm"]
    }
  }

  /// A name as the store of podman and buildah keeps it: `localhost/` before a name without a registry. They would add
  /// it themselves, but not before reading `dir:x` or `oci:x` as an order to write a folder.
  func storeName(_ tag: String) -> String {
    guard kind != .docker else { return tag }
    let parts = tag.split(separator: "/", maxSplits: 1)
    let hasRegistry =
      parts.count == 2 && (parts[0] == "localhost" || parts[0].contains { $0 == "." || $0 == ":" })
    if hasRegistry { return tag }
    return "localhost/\(tag)"
  }
}
