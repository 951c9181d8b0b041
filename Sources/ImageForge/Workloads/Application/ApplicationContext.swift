import ForgeBasics
import ForgeCodebase
import Foundation

/// All services of an application beside one another: what decides about their components.
struct ApplicationContext {
  let services: [ServiceComponents]
  let links: [ServiceLink]

  /// What was not found in the code, and what was taken instead.
  var unknowns: [Application.Unknown] { services.flatMap(unknowns) }

  // MARK: Components

  func components(of made: ServiceComponents) -> [Component] {
    let server = component(made, made.workload.server, named: made.server)
    let jobs = zip(made.workload.jobs, made.jobs).map { component(made, $0.0, named: $0.1) }
    return [server] + jobs
  }

  private func component(
    _ made: ServiceComponents, _ process: WorkloadProcess, named name: String
  ) -> Component {
    let service = made.service
    let numbers = made.workload.user.split(separator: ":").compactMap { Int($0) }
    var image = ComponentImage(repository: service.name)
    if process.kind != .server {
      image = ComponentImage(repository: "\(service.name)-\(process.name)", target: process.name)
    }
    var component = Component(
      name: name, service: service.name, path: service.path, kind: Component.Kind(process.kind),
      tool: process.tool, image: image, command: process.entrypoint + process.command,
      user: numbers.first ?? 0, group: numbers.last ?? 0,
      resources: WorkloadClass(process, isNext: service.kind == .nextjs).resources,
      replicas: replicas(made, process), shutdown: shutdown(process),
      sources: ([process.source].compactMap(\.self) + kindEvidence(made, process)).unique)
    if let port = process.port { component.ports = [ComponentPort(name: "http", number: port)] }
    component.probes = probes(made, process)
    component.environment = environment(made, process)
    component.writable = mounts(made, process)
    if process.kind == .server { component.exposure = exposure(of: made) }
    return component
  }

  private func kindEvidence(_ made: ServiceComponents, _ process: WorkloadProcess) -> [String] {
    switch process.kind {
    case .server: made.evidence("kind")
    case .migrate: made.evidence("migrations")
    case .worker, .scheduler, .mcp: []
    }
  }

  // MARK: Replicas

  private func replicas(
    _ made: ServiceComponents, _ process: WorkloadProcess
  ) -> ReplicaPolicy {
    if process.kind == .migrate {
      return ReplicaPolicy(
        count: 1, strategy: .recreate, mayScale: false,
        reason: "it runs once before its server starts", sources: made.evidence("migrations"))
    }
    if process.kind == .scheduler {
      return ReplicaPolicy(
        count: 1, strategy: .recreate, mayScale: false,
        reason: "two schedulers would hand out everything twice",
        sources: [process.source].compactMap(\.self))
    }
    if made.keepsFile {
      return ReplicaPolicy(
        count: 1, strategy: .recreate, mayScale: false,
        reason: "SQLite is a file of one pod: a second one would have data of its own",
        sources: made.evidence("databases"))
    }
    let folders = mounts(made, process).filter { $0.lifetime == .release }
    if !folders.isEmpty {
      return ReplicaPolicy(
        count: 1, strategy: .recreate, mayScale: false,
        reason: "it writes \(folders.map(\.path).joined(separator: ", ")), a volume of one pod",
        sources: folders.flatMap(\.sources).unique)
    }
    if let session = made.servedMCP.first, process.kind == .server || process.kind == .mcp {
      return ReplicaPolicy(
        count: 1, strategy: .rollingUpdate, mayScale: false,
        reason: "sessions of MCP lie in the memory of one pod, unless the server is stateless, "
          + "which the code was not asked",
        sources: [session.source])
    }
    return ReplicaPolicy(
      count: 1, strategy: .rollingUpdate, mayScale: true,
      reason: "nothing was found that only one pod may have", sources: [])
  }

  // MARK: Shutdown

  private func shutdown(_ process: WorkloadProcess) -> GracefulShutdown {
    guard process.port != nil else {
      return GracefulShutdown(
        preStopSeconds: 0, gracePeriodSeconds: 60,
        reason: "time to end what it works on; it gets no requests that could still arrive")
    }
    let preStop = 5
    let drain = process.gracefulShutdown ?? 20
    return GracefulShutdown(
      preStopSeconds: preStop, gracePeriodSeconds: preStop + drain + 5,
      reason:
        "\(preStop) s until no new request arrives, \(drain) s for those that are open, 5 s to end")
  }

  // MARK: Probes

  private func probes(
    _ made: ServiceComponents, _ process: WorkloadProcess
  ) -> ComponentProbes? {
    guard process.port != nil, let question = process.probe?.question else { return nil }
    var path: String?
    var reason = "no route for health was found; pages may ask for a session"
    switch question {
    case .route(let route):
      path = route
      reason = "\(route) answers when it can take requests"
    case .page, .port: break
    }
    // A route of health may ask the database, or another service: what is down there is not mended by a restart here.
    let asksOthers =
      !made.service.databases.isEmpty || links.contains { $0.from == made.service.name }
    var livenessPath = path
    var livenessReason = "a server that does not answer is started anew"
    if asksOthers || path == nil {
      livenessPath = nil
      livenessReason = "only whether it listens: a restart mends no database, and no other service"
    }
    return ComponentProbes(
      startup: probe(path, of: made, every: 2, failures: 60, reason: "up to two minutes to start"),
      readiness: probe(path, of: made, every: 10, failures: 3, reason: reason),
      liveness: probe(livenessPath, of: made, every: 20, failures: 6, reason: livenessReason))
  }

  private func probe(
    _ path: String?, of made: ServiceComponents, every period: Int, failures: Int, reason: String
  ) -> ComponentProbe {
    var host: String?
    // Where Starlette's TrustedHostMiddleware is used, the address of a pod would be refused.
    if path != nil, made.service.kind != .nextjs { host = "localhost" }
    return ComponentProbe(
      path: path, port: "http", host: host, periodSeconds: period, timeoutSeconds: 5,
      failureThreshold: failures, reason: reason)
  }

  // MARK: Environment

  private func environment(
    _ made: ServiceComponents, _ process: WorkloadProcess
  ) -> [ComponentVariable] {
    var variables = made.service.environment.compactMap { variable(made, $0, process) }
    let names = Set(variables.map(\.name))
    if made.service.kind == .nextjs, process.kind == .server, process.tool == "node" {
      let fixed = [
        ("HOSTNAME", "0.0.0.0", "a cluster sets it to the pod's name, and Next.js listens there"),
        ("PORT", process.port.map(String.init) ?? "", "the port of the Service"),
      ]
      for (name, value, reason) in fixed where !names.contains(name) {
        variables.append(
          ComponentVariable(
            name: name, origin: .platform, requirement: .required, value: value, reason: reason,
            sources: []))
      }
    }
    return variables.sorted { $0.name < $1.name }
  }

  private func variable(
    _ made: ServiceComponents, _ variable: EnvironmentVariable, _ process: WorkloadProcess
  ) -> ComponentVariable? {
    // A name that is none could end the line of a file, or its meaning.
    guard PlainText.isVariableName(variable.name) else { return nil }
    func value(
      _ origin: ComponentVariable.Origin, _ reason: String,
      change: (inout ComponentVariable) -> Void = { _ in }
    ) -> ComponentVariable {
      var result = ComponentVariable(
        name: variable.name, origin: origin, requirement: variable.requirement,
        default: variable.default, reason: reason, sources: variable.sources)
      change(&result)
      return result
    }
    let isPublic = variable.name.hasPrefix("NEXT_PUBLIC_")
    let runsToo = variable.isAlsoReadAtRunTime && !isPublic
    switch variable.delivery {
    case .refused: return nil
    case .buildArgument where runsToo: return value(.config, "read by the build and at run time")
    case .buildSecret where runsToo: return value(.secret, "read by the build and at run time")
    case .buildArgument:
      return value(.build, "fixed in the image by --build-arg") { $0.build = .argument }
    case .buildSecret:
      return value(.build, "read by the build, from a mounted secret") {
        $0.build = .secret
        $0.default = nil
      }
    case .runtime:
      let link = links.first {
        $0.from == made.service.name && $0.variable == variable.name && !$0.baked
          && $0.internalAddress != nil
      }
      if let link, let target = services.first(where: { $0.service.name == link.to }) {
        return value(.address, "the address of \(target.server)") { $0.component = target.server }
      }
      return value(.config, "read at run time")
    case .runtimeSecret:
      return value(.secret, "read at run time, and secret") { $0.default = nil }
    case .platform:
      guard variable.name == "PORT", let port = process.port else { return nil }
      return value(.platform, "the port of the Service") {
        $0.value = String(port)
        $0.default = nil
      }
    }
  }

  // MARK: Folders

  /// The folder of a volume where the code does not tell where its file lies.
  static let dataFolder = "/data"

  private func mounts(
    _ made: ServiceComponents, _ process: WorkloadProcess
  ) -> [WritableMount] {
    var paths = Set(process.writable)
    if process.kind != .server || process.tool != "nginx" { paths.insert("/tmp") }
    let written = Set(made.workload.folders.mountable)
    let keeps = made.keepsFile && process.kind != .mcp
    var mounts = paths.map { path in
      let sources = made.service.writes.filter { path.hasSuffix($0.folder) }.map(\.source).unique
      guard written.contains(path), !path.hasPrefix("/tmp"), !path.hasSuffix("/cache") else {
        return WritableMount(
          path: path, lifetime: .pod, reason: "everything else is read-only", sources: sources)
      }
      return WritableMount(
        path: path, lifetime: .release, reason: "the code writes it, and may read it again later",
        sources: sources)
    }
    if keeps, !mounts.contains(where: { $0.lifetime == .release }) {
      mounts.append(
        WritableMount(
          path: Self.dataFolder, lifetime: .release, reason: "the file of SQLite",
          sources: made.evidence("databases")))
    }
    return mounts.sorted { $0.path < $1.path }
  }
}

extension Component.Kind {
  init(_ kind: WorkloadProcess.Kind) {
    switch kind {
    case .server: self = .server
    case .migrate: self = .migration
    case .worker: self = .worker
    case .scheduler: self = .scheduler
    case .mcp: self = .mcp
    }
  }
}

extension [String] {
  /// Each once, sorted.
  var unique: [String] { Set(self).sorted() }
}
