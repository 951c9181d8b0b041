import ForgeAnalyzer
import ForgeBasics
import ForgeBuilds
import ForgeCodebase
import ForgeEngines
import ForgeImages
import ForgeTracing
import Foundation

/// Starts an image as it will run in a cluster, and looks at what it does: `forge test`.
public struct ImageTrial: Sendable {
  /// What runs the image.
  public var engine = EngineChoice.auto
  /// `NAME=value`, for the container.
  public var environment: [String] = []
  /// Folders that the container may write, besides those that the image declares by the label `forge.writable`.
  public var writable: [String] = []
  /// The URL path of an MCP endpoint.
  public var mcpPath: String?
  /// How long the image has to become healthy, and to stop.
  public var seconds = 30
  /// The text that findings point into, and its name.
  public var dockerfile: (name: String, text: String)?

  /// A trial with the usual settings.
  public init() {}

  /// Tests the images of a folder's services, building them first, or an archive, or an image of the engine's store.
  /// - Throws: `EngineError` and what a build throws. No container and no loaded image is left.
  public func run(_ target: String, log: @escaping @Sendable (String) -> Void) async throws
    -> TrialReport
  {
    let engine = try await runner()
    log("running with \(engine.kind.rawValue) \(engine.version)")
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: target, isDirectory: &isFolder)
    if exists, isFolder.boolValue, !FileManager.default.fileExists(atPath: target + "/oci-layout") {
      return try await services(of: target, engine, log)
    }
    if exists {
      let store = await StoreState(of: target, engine)
      var image: String?
      do {
        let loaded = try await engine.load(target)
        image = loaded
        let result = try await trial(of: loaded, shownAs: target, engine)
        if let left = await store.restore(without: image, engine) {
          log(EngineError.loaded(engine.kind, [left]))
        }
        return TrialReport(engine: engine.kind, images: [result])
      } catch {
        guard let left = await store.restore(without: image, engine) else { throw error }
        if case EngineError.interrupted(let kind, let leftovers, _) = error {
          throw EngineError.interrupted(kind, leftovers: leftovers, images: [left])
        }
        log(EngineError.loaded(engine.kind, [left]))
        throw error
      }
    }
    var reference = target
    for prefix in ["docker:", "podman:"] where target.hasPrefix(prefix) {
      reference = String(target.dropFirst(7))
    }
    guard await engine.hasImage(reference) else {
      throw EngineError.noSuchImage(engine.kind, reference: reference)
    }
    return TrialReport(
      engine: engine.kind, images: [try await trial(of: reference, shownAs: target, engine)])
  }

  /// buildah builds, but runs no image as a container would.
  private func runner() async throws -> Engine {
    guard engine == .auto else { return try await EngineFinder.find(engine) }
    do { return try await EngineFinder.find(.docker) } catch {
      return try await EngineFinder.find(.podman)
    }
  }

  private func services(
    of folder: String, _ engine: Engine, _ log: @escaping @Sendable (String) -> Void
  ) async throws -> TrialReport {
    let analysis = try Analyzer.analyze(folder)
    var builder = ProjectBuilder()
    if engine.kind == .docker { builder.engine = .docker } else { builder.engine = .podman }
    builder.buildArguments = analysis.services.flatMap { Self.placeholders($0, [.buildPublic]) }
    // Under a name of its own: whatever the store holds under the services' names stays.
    builder.tag = "localhost/forge-trial-\(UUID().uuidString.prefix(8).lowercased()):latest"
    let report = try await builder.build(folder, log: log)
    do {
      var images: [TrialReport.Image] = []
      for (service, built) in zip(analysis.services, report.services) {
        images.append(
          try await trial(
            of: service, in: analysis.root, engine.storeNameForRun(built.tag), engine, log))
      }
      await remove(report, engine)
      return TrialReport(engine: engine.kind, images: images)
    } catch {
      await remove(report, engine)
      throw error
    }
  }

  /// The layers stay in the engine's cache: the next build is quick.
  private func remove(_ report: BuildReport, _ engine: Engine) async {
    for built in report.services { await engine.removeImage(engine.storeNameForRun(built.tag)) }
  }

  private func trial(
    of service: Service, in folder: String, _ image: String, _ engine: Engine,
    _ log: @escaping @Sendable (String) -> Void
  ) async throws -> TrialReport.Image {
    var trial = self
    let given = Set(environment.map { $0.prefix { $0 != "=" } })
    let made = Self.placeholders(service, [.runtime, .runtimeSecret]).filter {
      !given.contains($0.prefix { $0 != "=" })
    }
    if !made.isEmpty {
      log("\(service.name): made up for the test: \(made.joined(separator: " "))")
    }
    trial.environment += made
    trial.mcpPath =
      mcpPath ?? service.mcp.first { $0.mounted && $0.transport == .streamableHTTP }?.path
    let path = ProjectPath.join(service.path, "Dockerfile")
    if let text = try? BuildSources.text(ofDockerfile: folder + "/" + path) {
      trial.dockerfile = (path, text)
    }
    return try await trial.trial(of: image, shownAs: service.name, engine)
  }

  /// Values for what a service requires, so that it starts.
  private static func placeholders(
    _ service: Service, _ scopes: Set<EnvironmentVariable.Scope>
  ) -> [String] {
    service.environment.filter { $0.required && scopes.contains($0.scope) }.map { variable in
      let name = variable.name
      if let text = variable.buildPlaceholder { return "\(name)=\(text)" }
      guard ["URL", "URI", "DSN"].contains(where: name.hasSuffix) else {
        return "\(name)=forge-test"
      }
      var scheme = "http"
      if name.contains("DB") || name.contains("DATABASE"), let database = service.databases.first {
        scheme = database
      }
      return "\(name)=\(scheme)://forge@127.0.0.1:1/forge"
    }
  }
}

/// What the names and the image of an archive stand for in a store before it is loaded: they do so again afterwards.
private struct StoreState {
  private var names: [String: Engine.StoredImage] = [:]
  /// Of the image, the digest of its config; nil where the archive does not tell.
  private var id: String?
  /// What stood under that ID.
  private var image = Engine.StoredImage.absent

  init(of archive: String, _ engine: Engine) async {
    // What cannot be read here, the engine will not load.
    guard let image = try? ImageStore.open(archive) else { return }
    for name in image.references {
      names[name] = await engine.storedImage(engine.storeNameForRun(name))
    }
    id = image.config.digest.hex
    self.image = await engine.storedImage(image.config.digest.hex)
  }

  /// - Parameter loaded: the name or ID by which the engine loaded it.
  /// - Returns: the image, if it could not be removed.
  func restore(without loaded: String?, _ engine: Engine) async -> String? {
    for (name, before) in names { await engine.restoreTag(name, to: before) }
    // Without its names it would stay where these were there before. docker's store of containerd knows it by another
    // ID, but there an image goes with its names.
    guard image == .absent else { return nil }
    var left = id
    if names.isEmpty, let loaded { left = loaded }
    guard let left, await !engine.removeImage(left) else { return nil }
    return left
  }
}

extension ImageTrial {
  /// What the engine says about an image.
  private struct Facts: Decodable {
    struct Empty: Decodable {}
    struct Health: Decodable {
      let test: [String]?

      enum CodingKeys: String, CodingKey { case test = "Test" }
    }
    let user: String?
    let exposedPorts: [String: Empty]?
    let healthcheck: Health?
    let labels: [String: String]?

    /// The words of a health check of the exec form; empty where there is none.
    var healthCommand: [String] {
      guard let test = healthcheck?.test, test.first == "CMD" else { return [] }
      return Array(test.dropFirst())
    }

    enum CodingKeys: String, CodingKey {
      case user = "User"
      case exposedPorts = "ExposedPorts"
      case healthcheck = "Healthcheck"
      case labels = "Labels"
    }
  }

  fileprivate func trial(of image: String, shownAs name: String, _ engine: Engine) async throws
    -> TrialReport.Image
  {
    let facts = await facts(of: image, engine)
    var checks = [user(facts)]
    var request = ContainerRequest(image: image)
    request.environment = environment
    request.user = facts?.user ?? ""
    request.port = facts?.exposedPorts?.keys.compactMap { Int($0.prefix { $0 != "/" }) }.min()
    request.writable =
      (facts?.labels?["forge.writable"] ?? "").split(separator: " ").map(String.init) + writable
    let container: RunningContainer
    do { container = try await engine.start(request) } catch {
      guard case .failed(let failure) = error, failure.cause == .step else { throw error }
      checks.append(
        failed(
          "starts", "it cannot be started: \(failure.status)",
          fix: "mend what the last lines say", at: "CMD"))
      return TrialReport.Image(image: name, checks: checks, log: failure.lastLines)
    }
    do {
      checks += await watch(container, facts, engine)
      try Task.checkCancellation()
    } catch {
      await engine.remove(container: container.name)
      throw EngineError.interrupted(engine.kind, leftovers: [])
    }
    let log = await engine.logs(of: container.name, lines: 200)
    checks.append(readOnly(log))
    await engine.remove(container: container.name)
    guard checks.contains(where: { $0.outcome == .failed }) else {
      return TrialReport.Image(image: name, checks: checks, log: [])
    }
    return TrialReport.Image(image: name, checks: checks, log: Array(log.suffix(15)))
  }

  private func facts(of image: String, _ engine: Engine) async -> Facts? {
    guard let json = await engine.inspect(image, "{{json .Config}}") else { return nil }
    guard var facts = try? JSONDecoder().decode(Facts.self, from: Data(json.utf8)) else {
      return nil
    }
    // podman keeps a check of the docker format beside the configuration.
    if facts.healthcheck == nil, engine.kind == .podman,
      let json = await engine.inspect(image, "{{json .HealthCheck}}"),
      let health = try? JSONDecoder().decode(Facts.Health.self, from: Data(json.utf8))
    {
      facts = Facts(
        user: facts.user, exposedPorts: facts.exposedPorts, healthcheck: health,
        labels: facts.labels)
    }
    return facts
  }

  private func watch(
    _ container: RunningContainer, _ facts: Facts?, _ engine: Engine
  ) async -> [TrialReport.Check] {
    var checks: [TrialReport.Check] = []
    let isUp = await becomesHealthy(container, facts, engine, &checks)
    checks.append(await privileges(container, engine))
    if let port = container.port {
      checks.append(answers(port))
      if let mcpPath, isUp { checks.append(initialize(mcpPath, port)) }
    }
    checks.append(await stops(container, engine))
    return checks
  }

  // MARK: Checks

  private func user(_ facts: Facts?) -> TrialReport.Check {
    let user = facts?.user ?? ""
    let id = user.prefix { $0 != ":" }
    let number = Int(id)
    if let number, (1...Int(Int32.max)).contains(number) {
      return .passed("user", "runs as \(user)")
    }
    var message = "the user \(user) is a name: Kubernetes cannot see that it is not root"
    if id.isEmpty || id == "root" || number == 0 { message = "runs as root" }
    return failed(
      "user", message, fix: "end the Dockerfile's last stage with USER 10001:10001", at: "USER")
  }

  /// Waits until the image's own health check says yes; without one, until its port answers, or it has run a while and is
  /// at rest: a program that is still loading may not have said yet what SIGTERM is to do.
  private func becomesHealthy(
    _ container: RunningContainer, _ facts: Facts?, _ engine: Engine,
    _ checks: inout [TrialReport.Check]
  ) async -> Bool {
    let words = facts?.healthCommand ?? []
    let start = ContinuousClock.now
    let deadline = start + .seconds(seconds)
    var work = ProcessorTime(of: await engine.inspect(container.name, "{{.State.Pid}}"))
    while ContinuousClock.now < deadline, !Task.isCancelled {
      if await engine.inspect(container.name, "{{.State.Running}}") != "true" {
        let code = await engine.inspect(container.name, "{{.State.ExitCode}}") ?? "?"
        checks.append(
          failed(
            "starts", "it ended by itself with exit code \(code)",
            fix: "mend what its last lines say", at: "CMD"))
        return false
      }
      let isUp: Bool
      if !words.isEmpty {
        isUp = await engine.execute(words, in: container.name, within: .seconds(10))
      } else if let port = container.port {
        isUp = LoopbackHTTP.request(port: port, path: "/") != nil
      } else {
        // Some are never at rest: their work has begun by then.
        let isBusy = work.hasMoved() && ContinuousClock.now - start < .seconds(min(seconds - 1, 15))
        isUp = ContinuousClock.now - start > .seconds(2) && !isBusy
      }
      if isUp {
        let time = (ContinuousClock.now - start).formatted(
          .units(allowed: [.seconds], fractionalPart: .show(length: 1)))
        checks.append(.passed("starts", "read-only, without capabilities"))
        if words.isEmpty {
          checks.append(.skipped("health", "the image has no health check of the exec form"))
        } else {
          checks.append(.passed("health", "healthy after \(time)"))
        }
        return true
      }
      try? await Task.sleep(for: .milliseconds(250))
    }
    let instruction = if words.isEmpty { "CMD" } else { "HEALTHCHECK" }
    checks.append(
      failed(
        "health", "not healthy after \(seconds) s",
        fix: "see its last lines; raise --timeout if it is only slow", at: instruction))
    return false
  }

  /// From the kernel, where the container runs on this machine.
  private func privileges(_ container: RunningContainer, _ engine: Engine) async
    -> TrialReport.Check
  {
    guard let pid = await engine.inspect(container.name, "{{.State.Pid}}").flatMap(Int.init),
      pid > 0,
      let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    else {
      return .skipped("privileges", "the process cannot be seen from here")
    }
    func field(_ name: String) -> String? {
      status.split(separator: "\n").first { $0.hasPrefix(name + ":") }?.split(separator: "\t")
        .dropFirst().first
        .map(String.init)
    }
    let uid = field("Uid") ?? "?"
    let capabilities = field("CapEff") ?? "?"
    let isSafe = uid != "0" && capabilities.allSatisfy { $0 == "0" } && field("NoNewPrivs") == "1"
    let message = "process 1 has uid \(uid), capabilities \(capabilities)"
    if isSafe { return .passed("privileges", message) }
    return failed(
      "privileges", message, fix: "run as an ordinary user, and let nothing change that",
      at: "USER")
  }

  private func answers(_ port: Int) -> TrialReport.Check {
    guard let answer = LoopbackHTTP.request(port: port, path: "/") else {
      return failed(
        "port", "nothing answers at its port",
        fix: "listen on 0.0.0.0, at the port that EXPOSE names", at: "EXPOSE")
    }
    let message = "GET / answers \(answer.status)"
    if answer.status < 500 { return .passed("port", message) }
    return failed("port", message, fix: "see its last lines", at: "CMD")
  }

  private func initialize(_ path: String, _ port: Int) -> TrialReport.Check {
    let body =
      #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"#
      + #""clientInfo":{"name":"forge","version":"1"}}}"#
    let answer = LoopbackHTTP.request(
      port: port, method: "POST", path: path,
      headers: [
        ("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"),
      ], body: body)
    let message = "initialize at \(path) answers \(answer.map { "\($0.status)" } ?? "nothing")"
    switch answer?.status {
    case 200? where answer?.body.contains("protocolVersion") == true:
      return .passed("mcp", message)
    // Misdirected Request: the server refuses the name by which it was called.
    case 421?:
      return failed(
        "mcp", message,
        fix: "allow the host names of the service in the MCP server's transport security",
        at: "CMD")
    default:
      return failed(
        "mcp", message, fix: "mount the MCP application, and enter its lifespan", at: "CMD")
    }
  }

  private func readOnly(_ log: [String]) -> TrialReport.Check {
    let line = log.first { line in
      ["EROFS", "Read-only file system", "read-only file system", "No usable temporary directory"]
        .contains(where: line.contains)
    }
    guard let line else { return .passed("read-only", "writes nothing outside of its folders") }
    return failed(
      "read-only", "it wants to write: \(line.prefix(120))",
      fix: "declare the folder: LABEL forge.writable=\"/folder\", and mount a volume there",
      at: "LABEL")
  }

  private func stops(_ container: RunningContainer, _ engine: Engine) async -> TrialReport.Check {
    guard await engine.inspect(container.name, "{{.State.Running}}") == "true" else {
      return .skipped("stops", "it was not running")
    }
    let start = ContinuousClock.now
    await engine.stop(container.name, grace: 10)
    let time = (ContinuousClock.now - start).formatted(
      .units(allowed: [.seconds], fractionalPart: .show(length: 1)))
    let code = await engine.inspect(container.name, "{{.State.ExitCode}}") ?? "?"
    let message = "SIGTERM ends it after \(time) with exit code \(code)"
    if ["0", "143", "130"].contains(code) { return .passed("stops", message) }
    return failed(
      "stops", message,
      fix: "start the server itself in the exec form, CMD [\"program\", …]: a shell or npm keeps "
        + "the signal to itself", at: "CMD")
  }

  private func failed(
    _ id: String, _ message: String, fix: String, at instruction: String
  ) -> TrialReport.Check {
    TrialReport.Check(
      id: id, outcome: .failed, message: message, fix: fix, location: location(of: instruction))
  }

  /// The last line of the Dockerfile with that instruction, else the last stage's FROM.
  private func location(of instruction: String) -> String {
    guard let dockerfile else { return instruction }
    let lines = dockerfile.text.split(separator: "\n", omittingEmptySubsequences: false)
    let index =
      lines.lastIndex { $0.hasPrefix(instruction + " ") }
      ?? lines.lastIndex { $0.hasPrefix("FROM ") }
    return "\(dockerfile.name):\((index ?? 0) + 1)"
  }
}

/// The processor's time that a process has used, from the kernel, where it runs on this machine.
private struct ProcessorTime {
  private let path: String?
  private var last = 0
  /// When it was last seen to work, or first looked at.
  private var worked: ContinuousClock.Instant?

  init(of pid: String?) {
    guard let number = pid.flatMap(Int.init), number > 0 else {
      path = nil
      return
    }
    path = "/proc/\(number)/stat"
  }

  /// Whether it has worked within the last second; false where that cannot be seen.
  mutating func hasMoved() -> Bool {
    guard let path, let text = try? String(contentsOfFile: path, encoding: .utf8),
      let close = text.lastIndex(of: ")")
    else { return false }
    // proc(5): after the name come the state and ten more fields, then `utime` and `stime` in ticks of 10 ms.
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
      return false
    }
    let now = ContinuousClock.now
    // What waits still looks around now and then.
    if worked == nil || user + system > last + 2 { worked = now }
    last = user + system
    return worked.map { now - $0 < .seconds(1) } ?? true
  }
}
