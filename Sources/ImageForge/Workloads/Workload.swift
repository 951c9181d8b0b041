import ForgeBasics
import ForgeCodebase

/// What the image of a service runs, and what that needs: the one value that the recipes render to a Dockerfile and that
/// a chart can render to manifests. Every text in it is checked, and can stand in such a file as it is.
package struct Workload: Sendable, Equatable {
  /// The service's name, which names its image too.
  package let name: String
  /// What runs where nothing else is asked for.
  package var server: WorkloadProcess
  /// What runs from the same layers before the server or beside it, each with a name of its own.
  package let jobs: [WorkloadProcess]
  /// Tools whose workers are none of `jobs`, because their commands need a shell; sorted.
  package let leftOut: [String]
  /// What the code reads from its environment, sorted as the service's variables are.
  package let environment: [EnvironmentVariable]
  /// The folders that the code writes.
  package let folders: WritableFolders
  /// `UID:GID` of every process.
  package var user = ImageUser.user

  /// The number of the user's group.
  package var group: String { String(user.split(separator: ":").last ?? "") }

  /// The label of an image that lists, separated by blanks, the folders that it writes.
  package static let writableLabel = "forge.writable"

  /// - Throws: `WorkloadError` for a service that nothing can run, or whose values cannot stand in a generated file.
  package init(_ service: Service) throws(WorkloadError) {
    name = try service.checkedName()
    environment = service.environment
    switch service.kind {
    case .nextjs:
      let next = try NextWorkload(service)
      folders = try next.folders()
      server = try next.server()
      server.writable += folders.mountable
      jobs = try next.migration().map { [$0] } ?? []
      leftOut = []
    case .fastapi, .mcp:
      let python = PythonWorkload(service: service)
      let folders = WritableFolders(service, home: PythonWorkload.home, at: "/app")
      self.folders = folders
      server = try python.server()
      server.writable += folders.mountable
      jobs = try python.jobs().map { job in
        var job = job
        job.writable += folders.mountable.filter { !job.writable.contains($0) }
        return job
      }
      leftOut = python.leftOut
    }
  }

  /// The process of a kind that runs before the server or beside it.
  package func job(_ kind: WorkloadProcess.Kind) -> WorkloadProcess? {
    jobs.first { $0.kind == kind }
  }

  /// The variables whose values reach the code in one way.
  package func variables(_ delivery: VariableDelivery) -> [EnvironmentVariable] {
    environment.filter { $0.delivery == delivery }
  }
}

/// Why no workload can be made of a service.
package enum WorkloadError: ForgeError, Equatable {
  /// Nothing can run a project of this shape.
  case unsupported(service: String, what: String, instead: String)
  /// A value of the project that cannot stand in a generated file without changing the file's meaning.
  case invalidValue(service: String, what: String, value: String, expected: String)

  package var exitCode: ExitCode {
    switch self {
    case .unsupported: .usage
    case .invalidValue: .unreadableInput
    }
  }

  package var description: String {
    switch self {
    case .unsupported(let service, let what, let instead):
      "\(DisplayText.escape(service)) cannot be run: \(DisplayText.escape(what)). \(instead)"
    case .invalidValue(let service, let what, let value, let expected):
      "the \(what) of \(DisplayText.escape(service)) is “\(DisplayText.escape(value))”, but must be "
        + "\(expected). Change it in the project"
    }
  }
}

extension Service {
  func unsupported(_ what: String, instead: String) -> WorkloadError {
    .unsupported(service: name, what: what, instead: instead)
  }

  /// `value`, if it is what it should be.
  func checked(
    _ value: String, as what: String, by isValid: (String) -> Bool, expected: String
  ) throws(WorkloadError) -> String {
    guard isValid(value) else {
      throw .invalidValue(service: name, what: what, value: value, expected: expected)
    }
    return value
  }

  func checkedName() throws(WorkloadError) -> String {
    try checked(
      name, as: "name", by: PlainText.isServiceName, expected: "lower-case letters, digits and ._-")
  }

  func checkedPath(_ path: String, as what: String) throws(WorkloadError) -> String {
    try checked(
      path, as: what, by: PlainText.isRelativePath,
      expected: "a path inside the service, of letters, digits and ._@+~/-")
  }

  func checkedURLPath(_ path: String, as what: String) throws(WorkloadError) -> String {
    try checked(
      path, as: what, by: PlainText.isURLPath, expected: "a URL path that starts with a slash")
  }

  func checkedPort() throws(WorkloadError) -> Int {
    guard (1...65535).contains(port) else {
      throw .invalidValue(service: name, what: "port", value: "\(port)", expected: "1 to 65535")
    }
    return port
  }

  /// The words of the migrations' command.
  func migrationWords(_ migrations: Migrations) throws(WorkloadError) -> [String] {
    guard let words = PlainText.words(migrations.command) else {
      throw .invalidValue(
        service: name, what: "migration command", value: migrations.command,
        expected: "a command of plain words, without quotes or operators of a shell")
    }
    return words
  }
}
