import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// What a server is to be started with.
struct FastAPIEntrypoint: Sendable {
  /// `pkg.mod`.
  let module: String
  let name: String
  let isFactory: Bool
  /// Relative to the service.
  let appDir: String
  /// `file:line` of the application object, or of the line that names it.
  let source: String
  /// The calls of `FastAPI(…)` behind it; empty when it could not be found in the code.
  let constructors: [PythonPlace]
  /// `file:line` of the setting or command that names it; nil where it was found by looking.
  var namedBy: String?

  var text: String { "\(module):\(name)" }
}

/// Finds the application to serve, in the order: `[tool.fastapi]`, Procfile, `uvicorn.run` in the code, the paths that
/// the fastapi command looks at, everything else.
struct FastAPIEntrypointFinder {
  let folder: String
  let index: PythonIndex
  let tree: ProjectTree
  let manifest: PythonManifest?
  let applications: [FastAPIObjects.Application]
  private(set) var findings: [Finding] = []
  /// What the command that starts the service says.
  private(set) var start = PythonStartCommand()

  init(folder: String, index: PythonIndex, tree: ProjectTree, manifest: PythonManifest?) {
    self.folder = folder
    self.index = index
    self.tree = tree
    self.manifest = manifest
    applications = FastAPIObjects.applications(in: index)
  }

  /// Nil when there is no application.
  mutating func find() -> FastAPIEntrypoint? {
    let commands = PythonStartCommand.all(folder, in: tree, index)
    start = commands.first ?? PythonStartCommand()
    if let pyproject = manifest?.pyproject,
      let text = pyproject.root[["tool", "fastapi", "entrypoint"]]?.string
    {
      let location = pyproject.location(["tool", "fastapi", "entrypoint"])
      if var found = named(text, appDir: ".", factory: false, location) {
        found.namedBy = location
        return found
      }
    }
    for command in commands {
      if var found = find(command) {
        start = command
        found.namedBy = command.location
        return found
      }
    }
    return scanned()
  }

  private mutating func find(_ command: PythonStartCommand) -> FastAPIEntrypoint? {
    switch command.target {
    case .name(let text):
      // The code may be meant to be started in its own folder; then the name is only a hint.
      let known = findings
      let places = [command.appDir] + (command.ownFolder.map { [$0] } ?? [])
      for place in places {
        guard let found = named(text, appDir: place, factory: command.isFactory, command.location)
        else { continue }
        if place != command.appDir { findings = known }
        return found
      }
      if command.ownFolder != nil { findings = known }
      return nil
    case .object(let file, let name):
      let found =
        name.map { application(named: $0, in: file) } ?? applications.first { $0.file == file }
      return found.flatMap { entrypoint(of: $0) }
    case nil: return nil
    }
  }

  // MARK: Named in a file

  /// `pkg.mod:name` as a file names it, checked against the code.
  private mutating func named(_ text: String, appDir: String, factory: Bool, _ location: String)
    -> FastAPIEntrypoint?
  {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = parts.count > 1 ? String(parts[1].replacing("()", with: "")) : "app"
    let module = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    guard !module.isEmpty, module.allSatisfy(FastAPIObjects.isIdentifier),
      FastAPIObjects.isIdentifier(name),
      let base = ProjectPath.resolve(appDir, from: folder),
      ProjectPath.relative(base, to: folder) != nil,
      ProjectPath.isPlain(base)
    else {
      findings.append(
        Finding(
          id: "FORGE-F001", severity: .error,
          message: "\"\(DisplayText.escape(String(text.prefix(100))))\" is no entry point",
          location: location,
          fix: "write it as `package.module:app`"))
      return nil
    }
    // What `--app-dir` or PYTHONPATH add may stand only in the image: `src` is tried too.
    for root in [base, ProjectTree.join(folder, "src")] {
      let stem = ProjectTree.join(root, module.joined(separator: "/"))
      guard let path = [stem + ".py", stem + "/__init__.py"].first(where: index.allPaths.contains)
      else { continue }
      let known = application(named: name, in: path)
      if known == nil, index.files[path]?.functions[name] == nil,
        index.files[path]?.bindings[name] == nil
      {
        findings.append(
          Finding(
            id: "FORGE-F002", severity: .warning,
            message:
              "\(path) binds no `\(name)` that could be found; \(location) says that it is the application",
            location: "\(path):1", fix: "check the name"))
      }
      return FastAPIEntrypoint(
        module: module.joined(separator: "."), name: name,
        isFactory: factory || known?.isFactory == true,
        appDir: ProjectPath.relative(root, to: folder) ?? ".", source: known?.location ?? location,
        constructors: known?.constructors ?? [])
    }
    findings.append(
      Finding(
        id: "FORGE-F003", severity: .error,
        message:
          "there is no module \(module.joined(separator: ".")) for the entry point \(DisplayText.escape(text))",
        location: location, fix: "name the module as it is imported from the service's folder"))
    return nil
  }

  /// The application that a file binds, or imports, under a name.
  private func application(named name: String, in path: String) -> FastAPIObjects.Application? {
    if let own = applications.first(where: { $0.file == path && $0.name == name }) { return own }
    guard let file = index.files[path] else { return nil }
    guard case .member(let other, let original)? = index.origin(ofName: name, in: file) else {
      return nil
    }
    return applications.first { $0.file == other && $0.name == original }
  }

  // MARK: Found in the code

  /// In the order in which the fastapi command looks.
  private static let defaultPaths = [
    "main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py",
  ]

  /// The applications that could be served, without tests and examples.
  private var candidates: [FastAPIObjects.Application] {
    let main = applications.filter { !PythonSources.isAside($0.file, in: folder) }
    let objects = main.filter { !$0.isFactory }
    // A function is an entry point only where nothing calls it to make an object.
    let made = Set(objects.flatMap { $0.constructors.map(\.identity) })
    return objects
      + main.filter { $0.isFactory && made.isDisjoint(with: $0.constructors.map(\.identity)) }
  }

  /// Applications that stand beside the one that is taken, neither mounted in another nor the same under another name.
  func rivals(of constructors: [PythonPlace], in file: String?, _ graph: FastAPIRoutes)
    -> [FastAPIObjects.Application]
  {
    let own = Set(constructors.map(\.identity))
    return candidates.filter { rival in
      rival.file != file && own.isDisjoint(with: rival.constructors.map(\.identity))
        && !graph.isMounted(rival)
    }
  }

  /// The same as the answers that were not taken.
  func alternatives(to entrypoint: FastAPIEntrypoint, _ graph: FastAPIRoutes) -> [Conclusion
    .Alternative]
  {
    let file =
      entrypoint.constructors.isEmpty ? nil : String(entrypoint.source.prefix { $0 != ":" })
    return rivals(of: entrypoint.constructors, in: file, graph).prefix(5).map { rival in
      Conclusion.Alternative(
        value: DisplayText.escape("\(index.module(of: rival.file, in: folder)):\(rival.name)"),
        source: rival.location)
    }
  }

  private mutating func scanned() -> FastAPIEntrypoint? {
    let graph = FastAPIRoutes(index)
    let candidates = candidates.map { application in
      (application, rank: rank(application, graph))
    }.sorted { $0.rank.lexicographicallyPrecedes($1.rank) }
    guard let (best, bestRank) = candidates.first else { return nil }
    guard let entrypoint = entrypoint(of: best) else { return nil }
    let others = Set(rivals(of: best.constructors, in: best.file, graph).map(\.location))
    let rivals = candidates.map(\.0).filter { others.contains($0.location) }
    if let rival = rivals.first {
      let others = rivals.prefix(5).map(\.location).joined(separator: ", ")
      let rivalRank = candidates.first { $0.0.location == rival.location }?.rank ?? []
      let isClear = bestRank.prefix(3) != rivalRank.prefix(3)
      findings.append(
        Finding(
          id: "FORGE-F004", severity: isClear ? .info : .warning,
          message:
            "there are several FastAPI applications; \(entrypoint.text) is taken, not \(others)",
          location: best.location,
          fix: "say which one in pyproject.toml: `[tool.fastapi]` `entrypoint = \"module:app\"`"))
    }
    return entrypoint
  }

  /// Smaller is better: place by the fastapi command's list, mounted in another, routes, wrapper, name, depth.
  private func rank(_ application: FastAPIObjects.Application, _ graph: FastAPIRoutes) -> [Int] {
    let relative = ProjectPath.relative(application.file, to: folder) ?? application.file
    let place = Self.defaultPaths.firstIndex(of: relative) ?? 10
    let name = ["app", "api"].firstIndex(of: application.name) ?? 2
    return [
      graph.isMounted(application) ? 1 : 0, application.isFactory ? 1 : 0, place,
      -graph.weight(of: application), application.isWrapper ? 0 : 1, name,
      relative.split(separator: "/").count,
    ]
  }

  /// How a server imports an application: from the first folder that is no package (fastapi's rule), or from one above
  /// it, where the file's own imports need that.
  private mutating func entrypoint(of application: FastAPIObjects.Application) -> FastAPIEntrypoint?
  {
    var root = ProjectTree.parent(application.file)
    while root != folder, root != ".", tree.hasFile(ProjectTree.join(root, "__init__.py")) {
      root = ProjectTree.parent(root)
    }
    if let file = index.files[application.file] { root = importRoot(of: file, atLeast: root) }
    guard let path = ProjectPath.relative(application.file, to: root),
      let appDir = ProjectPath.relative(root, to: folder), ProjectPath.isPlain(appDir)
    else { return refuse(application) }
    var parts = path.dropLast(3).split(separator: "/")
    if parts.last == "__init__" { parts.removeLast() }
    guard !parts.isEmpty, parts.allSatisfy(FastAPIObjects.isIdentifier) else {
      return refuse(application)
    }
    return FastAPIEntrypoint(
      module: parts.joined(separator: "."), name: application.name,
      isFactory: application.isFactory, appDir: appDir,
      source: application.location, constructors: application.constructors)
  }

  private mutating func refuse(_ application: FastAPIObjects.Application) -> FastAPIEntrypoint? {
    findings.append(
      Finding(
        id: "FORGE-F005", severity: .error,
        message:
          "the application in \(DisplayText.escape(application.file)) cannot be imported: a part of its path is no "
          + "Python name",
        location: DisplayText.escape(application.location), fix: "rename the file or folder"))
    return nil
  }

  /// The folder from which the imports of a file can be found.
  private func importRoot(of file: PythonFile, atLeast nearest: String) -> String {
    var wanted: Set<String> = []
    var climbs = 0
    file.module.statements.forEachDeep { statement in
      switch statement.kind {
      case .imports(let names): wanted.formUnion(names.map(\.name))
      case .importFrom(0, let module, _): wanted.insert(module)
      case .importFrom(let level, _, _): climbs = max(climbs, level)
      default: break
      }
    }
    var best = nearest
    var bestCount = -1
    var current = nearest
    while true {
      let count = wanted.count { module in
        let stem = ProjectTree.join(current, module.replacing(".", with: "/"))
        return index.allPaths.contains(stem + ".py")
          || index.allPaths.contains(stem + "/__init__.py")
          || tree.hasFolder(stem)
      }
      let depth =
        (ProjectPath.relative(file.path, to: current) ?? "").split(separator: "/").count - 1
      if depth >= climbs, count > bestCount { (best, bestCount) = (current, count) }
      if current == folder || current == "." { return best }
      current = ProjectTree.parent(current)
    }
  }
}
