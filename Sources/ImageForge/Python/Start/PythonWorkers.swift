import ForgeBasics
import ForgeCodebase
import ForgePythonCode
import ForgeSyntax

/// Finds the processes that the code runs beside the server.
enum PythonWorkers {
  private static let celery: Set<String> = [
    "celery.Celery", "celery.app.Celery", "celery.app.base.Celery",
  ]
  private static let taskiq = "taskiq"
  private static let maximum = 20

  /// - Parameter appDir: what goes on the import path, relative to the service, where that is known.
  static func find(
    _ index: PythonIndex, folder: String, appDir: String?, in tree: ProjectTree
  ) -> [BackgroundWorker] {
    let base = appDir.flatMap { ProjectPath.resolve($0, from: folder) } ?? folder
    var found: [BackgroundWorker] = procfile(folder, in: tree)
    for path in index.paths where !PythonSources.isAside(path, in: folder) && found.count < maximum
    {
      guard let file = index.files[path] else { continue }
      let isBelow = ProjectPath.relative(path, to: base) != nil
      found += workers(of: file, index, folder: isBelow ? base : folder)
    }
    // One command for each tool and object; what a Procfile says stands first.
    var seen: Set<String> = []
    return found.filter { seen.insert($0.command).inserted }.sorted { $0.command < $1.command }
  }

  private static func workers(of file: PythonFile, _ index: PythonIndex, folder: String)
    -> [BackgroundWorker]
  {
    let module = index.module(of: file.path, in: folder)
    guard !module.isEmpty, module.split(separator: ".").allSatisfy(FastAPIObjects.isIdentifier)
    else { return [] }
    var found: [BackgroundWorker] = []
    func add(_ tool: String, _ command: String, _ offset: Int) {
      found.append(
        BackgroundWorker(tool: tool, command: command, source: file.location(offset).description))
    }
    let scope = PythonScope(file: file, function: nil)
    for (name, bindings) in file.bindings.sorted(by: { $0.key < $1.key })
    where FastAPIObjects.isIdentifier(name) {
      guard let binding = bindings.first(where: { $0.value.call != nil }) else { continue }
      let place = PythonPlace(expression: binding.value, scope: scope)
      if !index.constructors(of: place, celery).isEmpty {
        add("celery", "celery -A \(module):\(name) worker", binding.offset)
        if hasSchedule(file, name) {
          add("celery", "celery -A \(module):\(name) beat", binding.offset)
        }
      } else if isBroker(place, index) {
        add(taskiq, "taskiq worker \(module):\(name)", binding.offset)
      }
    }
    // arq runs a class with a list `functions`; its name is free, but nobody calls it otherwise.
    for type in file.classes.values.sorted(by: { $0.name < $1.name })
    where FastAPIObjects.isIdentifier(type.name) {
      let fields = type.body.flatMap(\.assignments)
      guard type.arguments.isEmpty || type.name == "WorkerSettings",
        let field = fields.first(where: { $0.name == "functions" || $0.name == "cron_jobs" }),
        type.name.hasSuffix("Settings") || fields.contains(where: { $0.name == "redis_settings" })
      else { continue }
      add("arq", "arq \(module).\(type.name)", field.value.offset)
    }
    let actor = file.allFunctions.first { function in
      function.declaration.decorators.contains { decorator in
        let callee = decorator.call?.function ?? decorator
        if case .external("dramatiq.actor")? = index.origin(of: callee, in: file) { return true }
        return false
      }
    }
    if let actor { add("dramatiq", "dramatiq \(module)", actor.offset) }
    return found
  }

  /// `ListQueueBroker(…)` of taskiq or one of its plug-ins; a broker in memory needs no worker.
  private static func isBroker(_ place: PythonPlace, _ index: PythonIndex) -> Bool {
    var call = place.expression
    // `Broker(…).with_result_backend(…)`
    while case .call(let callee, _) = call.kind, case .attribute(let base, _) = callee.kind,
      base.call != nil
    {
      call = base
    }
    guard let callee = call.call?.function,
      case .external(let name)? = index.origin(of: callee, in: place.scope.file)
    else { return false }
    return name.hasPrefix("taskiq") && name.hasSuffix("Broker") && !name.hasSuffix("InMemoryBroker")
  }

  /// `app.conf.beat_schedule = …`.
  private static func hasSchedule(_ file: PythonFile, _ name: String) -> Bool {
    var found = false
    file.module.statements.forEachDeep { statement in
      if case .assignment(let targets, _) = statement.kind,
        targets.contains(where: { $0.dotted == [name, "conf", "beat_schedule"] })
      {
        found = true
      }
    }
    return found
  }

  private static let tools: Set<String> = [
    "celery", "arq", "taskiq", "dramatiq", "rq", "huey_consumer",
  ]

  /// The lines of a Procfile other than `web`.
  private static func procfile(_ folder: String, in tree: ProjectTree) -> [BackgroundWorker] {
    PythonStartFiles.procfile(folder, in: tree).prefix(100).compactMap { line in
      let parts = line.text.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0] != "web" else { return nil }
      let command = parts[1].trimmingSpaces
      guard let tool = command.split(separator: " ").map(String.init).first(where: tools.contains)
      else { return nil }
      return BackgroundWorker(
        tool: tool, command: DisplayText.escape(command), source: line.place.description)
    }
  }
}
