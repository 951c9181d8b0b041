import ForgeBasics
import ForgeCodebase

extension Application {
  /// What the services of an analysis are in a cluster. A service that nothing can run, or that talks through standard
  /// input and output, is one of `unknowns`.
  /// - Throws: `WorkloadError` where no service can run.
  package init(_ analysis: Analysis, name: String? = nil) throws(WorkloadError) {
    var names = ComponentNames()
    var made: [ServiceComponents] = []
    var unknowns: [Unknown] = []
    var failure: WorkloadError?
    for service in analysis.services {
      do throws(WorkloadError) {
        let workload = try Workload(service)
        guard !workload.server.usesStandardInput else {
          unknowns.append(
            Unknown(
              service: service.name,
              what: "it talks through standard input and output with whoever starts it",
              instead: "It is left out: its client starts it, and a cluster cannot"))
          continue
        }
        made.append(ServiceComponents(service: service, workload: workload, names: &names))
      } catch {
        failure = failure ?? error
        unknowns.append(
          Unknown(
            service: service.name, what: "what it runs: \(error)",
            instead: "It is left out of the chart"))
      }
    }
    if made.isEmpty, let failure { throw failure }
    let context = ApplicationContext(services: made, links: analysis.links)
    let components = made.flatMap { context.components(of: $0) }
    self.init(
      name: ComponentNames.label(
        name ?? Self.commonName(of: analysis.services.map(\.name)), limit: ComponentNames.limit),
      components: components, connections: context.connections(of: components),
      unknowns: unknowns + context.unknowns)
  }

  /// The words that all names begin with. The folder's own name would be another one in every checkout.
  static func commonName(of names: [String]) -> String {
    guard var common = names.first?.split(separator: "-") else { return "application" }
    for name in names.dropFirst() {
      let pairs = zip(common, name.split(separator: "-"))
      common = pairs.prefix { $0.0 == $0.1 }.map(\.0)
    }
    guard !common.isEmpty else { return "application" }
    return common.joined(separator: "-")
  }
}

/// A service, its workload and the labels of its components.
struct ServiceComponents {
  let service: Service
  let workload: Workload
  /// The label of the server.
  let server: String
  /// The label of each job, in the order of the workload's.
  let jobs: [String]

  init(service: Service, workload: Workload, names: inout ComponentNames) {
    self.service = service
    self.workload = workload
    server = names.label(for: service.name)
    jobs = workload.jobs.map { names.label(for: "\(service.name)-\($0.name)") }
  }

  /// The databases that it reaches through the network.
  var remoteDatabases: [String] { service.databases.filter { $0 != "sqlite" } }

  /// Whether its data lie in a file of its own: where a driver of a server stands beside SQLite's, that is for tests.
  var keepsFile: Bool {
    service.databases.contains("sqlite")
      && Set(service.databases).isDisjoint(with: ["postgresql", "mysql", "mongodb"])
  }

  /// What the conclusion about a fact rests on.
  func evidence(_ key: String) -> [String] {
    service.conclusions.first { $0.key == key }?.evidence ?? []
  }

  /// The servers of the Model Context Protocol that it answers HTTP for.
  var servedMCP: [MCPServer] {
    service.mcp.filter { $0.state == .mounted || $0.state == .service }
  }

  /// The variable that says where a database is, by the words of its name.
  func variable(of database: String) -> EnvironmentVariable? {
    let words = Self.words[database, default: []]
    let named = service.environment.filter { variable in
      variable.delivery == .runtime || variable.delivery == .runtimeSecret
    }
    for word in words {
      let found = named.first {
        $0.name.contains(word) && $0.name.hasSuffix("URL") || $0.name.hasSuffix("\(word)_URI")
          || $0.name.hasSuffix("\(word)_DSN")
      }
      if let found { return found }
    }
    return nil
  }

  private static let words = [
    "postgresql": ["POSTGRES", "DATABASE", "PG", "DB"], "mysql": ["MYSQL", "DATABASE", "DB"],
    "mongodb": ["MONGO", "DATABASE", "DB"], "redis": ["REDIS", "CACHE", "BROKER"],
  ]
}
