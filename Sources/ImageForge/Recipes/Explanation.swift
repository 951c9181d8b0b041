import ForgeBasics
import ForgeCodebase
import ForgeTemplates

/// Writes above the instructions of a Dockerfile what they rest on: the places of the source that made them so.
struct Explanation {
  private let service: Service

  /// The base that was asked for.
  private let choice: BaseChoice?

  init(of service: Service, base: BaseChoice? = nil) {
    self.service = service
    choice = base
  }

  /// The Dockerfile with a comment `# Why: …` above each instruction that rests on something found.
  func comment(_ dockerfile: String) -> String {
    var out: [Substring] = []
    var continues = false
    for line in dockerfile.split(separator: "\n", omittingEmptySubsequences: false) {
      let isInstruction = !continues && !line.isEmpty && !line.hasPrefix("#")
      let isSilent = out.last?.hasPrefix("#") != true || out.count == 1
      if isInstruction, let reason = reason(for: line) ?? (isSilent ? purpose(of: line) : nil) {
        // What tells hadolint to be silent must stand right above the instruction.
        let place = out.last?.hasPrefix("# hadolint ") == true ? out.count - 1 : out.count
        out.insert("# Why: \(DisplayText.escape(String(reason.prefix(400))))", at: place)
      }
      out.append(line)
      if !line.hasPrefix("#") { continues = line.hasSuffix("\\") }
    }
    return out.joined(separator: "\n")
  }

  private func reason(for line: Substring) -> String? {
    let words = line.split(separator: " ")
    guard let instruction = words.first, words.count > 1 else { return nil }
    switch instruction {
    case "FROM" where words.contains("build"):
      return
        "\(service.runtime.name.rawValue) \(service.runtime.version) (\(service.runtime.source))"
    case "FROM" where words.count > 1 && (words[1].contains(":") || words[1].contains("@")):
      return base
    case "COPY" where !line.contains("--from") && words.last?.hasPrefix("./") == true:
      return
        "\(service.packageManager.name.rawValue) installs from these (\(service.packageManager.source))"
    case "RUN" where line.contains("apt-get"):
      return "dependencies that load or compile against system libraries"
    case "ARG":
      return service.environment.first { $0.name == words[1] }.map {
        "read in \($0.sources.joined(separator: ", "))"
      }
    case "EXPOSE": return "the port of the start command, or the framework's own"
    case "HEALTHCHECK":
      return service.healthPath.map { "the route \($0)" } ?? "there is no health route"
    case "CMD":
      if let migrations = service.migrations,
        line.contains(migrations.command.split(separator: " ")[0])
      {
        return "\(migrations.tool) keeps the database's schema"
      }
      return command
    default: return nil
    }
  }

  /// What an instruction is for, where no comment of the recipe says it.
  private func purpose(of line: Substring) -> String? {
    let purposes: [(start: String, purpose: String)] = [
      ("FROM runtime", "the same layers, with another command"),
      ("FROM build", "goes on from the build stage"),
      ("FROM", "the base of the image: --base asks for another, --pin fixes its digest"),
      ("WORKDIR", "one place in every image, whatever the base works in"),
      ("ENV NEXT_TELEMETRY_DISABLED", "builds call nobody"),
      ("ENV PIP_", "no notices of pip's own in the log of the build"),
      ("ENV NODE_ENV", "libraries leave their development behind; the port is the service's"),
      (
        "ENV PATH",
        "the virtual environment's programs first; logs at once, and nothing written beside the source"
      ),
      ("ENV", "settings of the tools that this stage runs"),
      ("COPY --", "only what runs leaves the build stage"),
      ("COPY .", "the source, without what the ignore file leaves out"),
      (
        "COPY",
        "what the next step reads, and nothing else: it is done again only when these change"
      ),
      (
        "RUN --mount=type=cache",
        "exactly what the lockfile names; the cache stays with the builder"
      ),
      ("RUN --mount=type=secret", "the secret is there for this step alone, and in no layer"),
      ("RUN chmod", "the image's user may read it, whatever the umask of the checkout"),
      ("RUN find", "times and modes that are the same in every build, so that the layers are"),
      ("RUN mkdir", "times and modes that are the same in every build, so that the layers are"),
      ("RUN printf", "the settings of the server"),
      ("USER", "nobody who breaks in is root"),
      (
        "LABEL forge.writable",
        "what the server writes to: forge test gives it that, and nothing else"
      ),
      ("LABEL", "kept from before"),
      ("EXPOSE", "the port of the server"),
      ("ENTRYPOINT", "the base's own would read the command as its arguments"),
      (
        "HEALTHCHECK",
        "docker and compose ask whether the server answers; Kubernetes has probes of its own"
      ),
      ("ARG", "given by --build-arg"),
      ("CMD", "the program itself, without a shell: it gets the signals"),
    ]
    return purposes.first { line.hasPrefix($0.start) }?.purpose
  }

  /// Why the image stands on this base.
  private var base: String {
    if service.next?.output == .export {
      return "static files need a server of files, and no Node.js"
    }
    if let choice { return "the base that was asked for, \(choice.name)" }
    let glibc = service.nativePackages.filter { !$0.libc.contains(.musl) }
    let only = glibc.prefix(3).map { "\($0.name) (\($0.source))" }.joined(separator: ", ")
    let debian = (service.systemPackages.build + service.systemPackages.runtime).prefix(3).joined(
      separator: ", ")
    if service.kind != .nextjs {
      let musl =
        glibc.isEmpty ? "" : "; --base alpine is not possible: nothing for musl from \(only)"
      return "slim, since every wheel has a build for glibc" + musl
    }
    if !glibc.isEmpty { return "slim, since nothing is published for musl from \(only)" }
    if !debian.isEmpty { return "slim, since the dependencies need Debian packages: \(debian)" }
    return service.nativePackages.isEmpty
      ? "alpine, the smallest, since no dependency has native code"
      : "alpine, the smallest, since all native dependencies have builds for musl"
  }

  private var command: String? {
    if let fastapi = service.fastapi {
      return "\(fastapi.entrypoint) (\(fastapi.source)), served by \(fastapi.server)"
    }
    if let next = service.next {
      return "output \(next.output.rawValue)"
        + (next.configFile.map { " (\($0))" } ?? ", the default")
    }
    return service.mcp.first { !$0.mounted }.map { "\($0.entrypoint) (\($0.source))" }
  }
}
