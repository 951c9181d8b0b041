/// One process that an image can run.
package struct WorkloadProcess: Sendable, Equatable {
  package enum Kind: String, Sendable, CaseIterable {
    /// Answers requests, or serves files.
    case server
    /// Brings the database's schema up to date, and ends: before the server starts.
    case migrate
    /// Works on what a queue holds.
    case worker
    /// Hands out what is due; two of them would do it twice.
    case scheduler
    /// A server of the Model Context Protocol beside the application.
    case mcp
  }

  package let kind: Kind
  /// `server`, `migrate`, `worker-2`: unique in its workload, and the build's target that gives its image.
  package let name: String
  /// Which tool or framework it is of, as the project calls it: `alembic`, `celery`, `uvicorn`.
  package let tool: String
  /// `file:line` that says so; nil where nothing does.
  package let source: String?
  /// The words of the command, with the programs of the runtime on the PATH. No shell reads them.
  package var command: [String]
  /// What starts the command instead of the kernel, such as an init process; empty for nothing.
  package var entrypoint: [String] = []
  /// The TCP port that it listens on.
  package var port: Int?
  package var probe: HealthProbe?
  /// Absolute paths of the folders that it writes.
  package var writable: [String] = []
  /// Seconds after SIGTERM until requests that are still open are cut; nil: the program decides.
  package var gracefulShutdown: Int?
  /// Where it starts, relative to the service.
  package var workingFolder = "."
  /// Extras and groups of a Python project that it needs, where the server does without.
  package var installation: DependencyNames?
  /// Python's folder of imports, relative to the service.
  package var importFolder = "."
  /// Whether it talks through standard input and output with whoever starts it.
  package var usesStandardInput = false

  package init(
    kind: Kind, name: String, tool: String, source: String? = nil, command: [String]
  ) {
    self.kind = kind
    self.name = name
    self.tool = tool
    self.source = source
    self.command = command
  }
}

/// Parts of a Python project's dependencies, by their names.
package struct DependencyNames: Sendable, Equatable {
  package let extras: [String]
  package let groups: [String]

  package init(extras: [String], groups: [String]) {
    self.extras = extras
    self.groups = groups
  }
}

/// How one sees that a process answers.
package struct HealthProbe: Sendable, Equatable {
  package enum Question: Sendable, Equatable {
    /// A request for this URL path must be answered by a success.
    case route(String)
    /// A request for this URL path may be answered by anything but an error of the server.
    case page(String)
    /// The port must take a connection.
    case port
  }

  package let question: Question
  /// Seconds, but for the last.
  package var interval = 30
  package var timeout = 5
  package var startPeriod = 20
  package var retries = 3

  package init(_ question: Question) { self.question = question }
}
