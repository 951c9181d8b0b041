/// The classes of workloads that have default resources of their own.
enum WorkloadClass: String {
  case nextServer = "Next.js server"
  case fileServer = "server of static files"
  case pythonServer = "Python server"
  case job = "job that ends"
  case worker = "worker"

  init(_ process: WorkloadProcess, isNext: Bool) {
    switch process.kind {
    case .migrate: self = .job
    case .worker, .scheduler: self = .worker
    case .mcp: self = .pythonServer
    case .server where process.tool == "nginx": self = .fileServer
    case .server where isNext: self = .nextServer
    case .server: self = .pythonServer
    }
  }

  /// Starting points, which `kubectl top` of a running release should replace.
  var resources: ComponentResources {
    switch self {
    case .nextServer: resources(cpu: "100m", memory: "256Mi", limit: "512Mi")
    case .fileServer: resources(cpu: "20m", memory: "32Mi", limit: "64Mi")
    case .pythonServer: resources(cpu: "100m", memory: "192Mi", limit: "512Mi")
    case .job: resources(cpu: "50m", memory: "128Mi", limit: "512Mi")
    case .worker: resources(cpu: "100m", memory: "192Mi", limit: "512Mi")
    }
  }

  private func resources(cpu: String, memory: String, limit: String) -> ComponentResources {
    ComponentResources(
      defaultsOf: rawValue, cpuRequest: cpu, memoryRequest: memory, memoryLimit: limit,
      storageRequest: "64Mi", storageLimit: "1Gi")
  }
}
