import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgePythonPackages
import ForgeSyntax

/// What a server is to be started with.
struct FastAPIEntrypoint: Sendable {
  /// `pkg.mod`.
  let module: String
  let name: String
  let isFactory: Bool
  /// Relative to the service.
  let appDir: String
  /// The application object, or the line that names it.
  let place: Place
  /// The calls of `FastAPI(…)` behind it; empty when it could not be found in the code.
  let constructors: [PythonPlace]
  /// The setting or command that names it; nil where it was found by looking.
  var namedBy: Place?
  /// The file that binds it, where it was found.
  var file: String?

  var text: String { "\(module):\(name)" }
}

/// Finds the application to serve, in the order: `forge.yaml`, `[tool.fastapi]`, Procfile, `uvicorn.run` in the code, the paths that
/// the fastapi command looks at, everything else.
struct FastAPIEntrypointFinder {
  let folder: String
  let index: PythonIndex
  let tree: ProjectTree
  let manifest: PythonManifest?
  let applications: [FastAPIObjects.Application]
  private(set) var findings: [Finding] = []
  /// The finding that another application could be meant.
  private var ambiguity: Finding?
  /// What the command that starts the service says.
  private(set) var start = PythonStartCommand()
  private let commands: [PythonStartCommand]
  /// What `forge.yaml` says that it is.
  private let declared: Written<String>?
  /// Another framework, of whose application a command says that it is the service.
  private(set) var other: Written<String>?

  init(
    folder: String, index: PythonIndex, tree: ProjectTree, manifest: PythonManifest?,
    declared: Written<String>?
  ) {
    self.folder = folder
    self.index = index
    self.tree = tree
    self.manifest = manifest
    self.declared = declared
    applications = FastAPIObjects.applications(in: index)
    commands = PythonStartCommand.all(folder, in: tree, index)
    start = commands.first ?? PythonStartCommand()
  }

  /// Nil when there is no application.
  mutating func find() -> FastAPIEntrypoint? {
    if let declared { return found(declared) }
    if let pyproject = manifest?.pyproject,
      let text = pyproject.root[["tool", "fastapi", "entrypoint"]]?.string
    {
      let location = pyproject.place(["tool", "fastapi", "entrypoint"])
      if var found = named(text, appDir: ".", factory: false, location) {
        found.namedBy = location
        return found
      }
    }
    for command in commands {
      guard var found = find(command), !isOther(found, command), isFastAPI(found) else { continue }
      start = command
      found.namedBy = command.location
      return found
    }
    return scanned()
  }

  /// What `forge.yaml` says counts, whatever the code shows.
  private mutating func found(_ declared: Written<String>) -> FastAPIEntrypoint? {
    let command = commands.first { $0.target == .name(declared.value) }
    if let command { start = command }
    if var found = named(
      declared.value, appDir: command?.appDir ?? ".", factory: false, declared.place)
    {
      found.namedBy = declared.place
      return found
    }
    let parts = declared.value.split(separator: ":").map(String.init)
    guard parts.count == 2 else { return nil }
    return FastAPIEntrypoint(
      module: parts[0], name: parts[1], isFactory: false, appDir: ".", place: declared.place,
      constructors: [], namedBy: declared.place)
  }

  /// Whether what a command starts is an application of another framework.
  private mutating func isOther(
    _ entrypoint: FastAPIEntrypoint, _ command: PythonStartCommand
  ) -> Bool {
    guard entrypoint.constructors.isEmpty, let path = entrypoint.file,
      let file = index.files[path]
    else { return false }
    let scope = PythonScope(file: file, function: nil)
    for binding in file.bindings[entrypoint.name] ?? [] {
      let place = PythonPlace(expression: binding.value, scope: scope)
      guard let framework = PythonFramework.making(place, in: index) else { continue }
      other = other ?? framework
      return true
    }
    return false
  }

  /// An object whose making is not seen is FastAPI's only where the service declares or imports FastAPI. A number or
  /// a text is none at all.
  private func isFastAPI(_ entrypoint: FastAPIEntrypoint) -> Bool {
    if !entrypoint.constructors.isEmpty { return true }
    if isLiteral(entrypoint) { return false }
    if manifest?.dependency("fastapi") != nil { return true }
    return index.paths.contains { path in
      !PythonSources.isAside(path, in: folder)
        && index.files[path]?.imports(package: "fastapi") == true
    }
  }

  private func isLiteral(_ entrypoint: FastAPIEntrypoint) -> Bool {
    guard let bindings = entrypoint.file.flatMap({ index.files[$0]?.bindings[entrypoint.name] }),
      !bindings.isEmpty
    else { return false }
    return bindings.allSatisfy { binding in
      switch binding.value.kind {
      case .string, .bytes, .formatted, .number, .bool, .none, .list, .tuple, .set, .dictionary:
        true
      default: false
      }
    }
  }

  /// The commands that start an entry point, the one that names it among them.
  func commands(starting entrypoint: FastAPIEntrypoint) -> [PythonStartCommand] {
    commands.filter { command in
      switch command.target {
      case nil: true
      case .name(let text):
        text.split(separator: ":").last.map(String.init) == entrypoint.name
          && text.prefix { $0 != ":" }.split(separator: ".").last
            == entrypoint.module.split(separator: ".").last
          || command.location?.description == entrypoint.namedBy?.description
      case .object(let file, _): file == entrypoint.file
      }
    }
  }

  /// Where an application is made that no server can be pointed at: inside of a function that does not return it.
  var hidden: Place? {
    for path in index.paths where !PythonSources.isAside(path, in: folder) {
      guard let file = index.files[path] else { continue }
      var found: Place?
      PythonIndex.forEachScope(file) { scope, statements in
        statements.flattened.forEachOwnExpression { expression in
          let place = PythonPlace(expression: expression, scope: scope)
          if found == nil, index.isConstructor(place, FastAPIObjects.application) {
            found = place.location
          }
        }
      }
      if let found { return found }
    }
    return nil
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
        return command.origin == .code ? widened(found) : found
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

  /// A name in the code may hold only in the code's own folder, while the imports of the file need one above it.
  private mutating func widened(_ named: FastAPIEntrypoint) -> FastAPIEntrypoint {
    guard let file = named.file, let known = application(named: named.name, in: file),
      known.file == file, let own = entrypoint(of: known),
      own.appDir != named.appDir, ProjectPath.relative(named.appDir, to: own.appDir) != nil
    else { return named }
    return own
  }

  // MARK: Named in a file

  /// `pkg.mod:name` as a file names it, checked against the code.
  private mutating func named(_ text: String, appDir: String, factory: Bool, _ location: Place?)
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
          at: location,
          fix: "write it as `package.module:app`"))
      return nil
    }
    // What `--app-dir` or PYTHONPATH add may stand only in the image: `src` is tried too.
    var places = [base, ProjectTree.join(folder, "src")].map { ($0, module[...]) }
    if let package = index.package, module.first.map(String.init) == package, module.count > 1 {
      places.append((folder, module.dropFirst()))
    }
    for (root, parts) in places {
      let stem = ProjectTree.join(root, parts.joined(separator: "/"))
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
              "\(path) binds no `\(name)` that could be found; \(location?.description ?? "") says that it is the application",
            at: .source(file: path, line: 1), fix: "check the name"))
      }
      return FastAPIEntrypoint(
        module: module.joined(separator: "."), name: name,
        isFactory: factory || known?.isFactory == true,
        appDir: ProjectPath.relative(root, to: folder) ?? ".",
        place: known?.location ?? location ?? .source(file: path, line: 1),
        constructors: known?.constructors ?? [], file: path)
    }
    findings.append(
      Finding(
        id: "FORGE-F003", severity: .error,
        message:
          "there is no module \(module.joined(separator: ".")) for the entry point \(DisplayText.escape(text))",
        at: location, fix: "name the module as it is imported from the service's folder"))
    return nil
  }

  /// The application that a file binds, or imports, under a name.
  private func application(named name: String, in path: String) -> FastAPIObjects.Application? {
    if let own = applications.first(where: { $0.file == path && $0.name == name }) { return own }
    guard let file = index.files[path] else { return nil }
    guard case .member(let other, let original)? = index.origin(ofName: name, in: file) else {
      return nil
    }
    if let known = applications.first(where: { $0.file == other && $0.name == original }) {
      return known
    }
    return alias(original, in: other, answering: path)
  }

  /// `api = app`: the application under another of its names.
  private func alias(
    _ name: String, in other: String, answering path: String
  ) -> FastAPIObjects.Application? {
    guard let file = index.files[other] else { return nil }
    let scope = PythonScope(file: file, function: nil)
    for binding in file.bindings[name] ?? [] {
      let place = PythonPlace(expression: binding.value, scope: scope)
      let (constructors, isWrapper) = FastAPIObjects.constructors(of: place, in: index)
      guard !constructors.isEmpty else { continue }
      return FastAPIObjects.Application(
        file: path, name: name, isFactory: false, constructors: constructors,
        location: file.location(binding.offset), isWrapper: isWrapper)
    }
    return nil
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
    let file = entrypoint.constructors.isEmpty ? nil : entrypoint.place.sourceFile
    return rivals(of: entrypoint.constructors, in: file, graph).prefix(5).map { rival in
      Conclusion.Alternative(
        value: DisplayText.escape("\(index.module(of: rival.file, in: folder)):\(rival.name)"),
        at: rival.location)
    }
  }

  /// What the choice of the entry point rests on.
  func fact(of entrypoint: FastAPIEntrypoint, _ graph: FastAPIRoutes) -> Fact<String> {
    let others = alternatives(to: entrypoint, graph)
    let why: String
    if entrypoint.namedBy != nil {
      why = "what starts the service names it"
    } else if others.isEmpty {
      why = "the only application in the code"
    } else {
      why = "by its place, its name and what hangs on it, in the fastapi command's order"
    }
    var fact = Fact(
      entrypoint.text, entrypoint.namedBy != nil || others.isEmpty ? .certain : .likely,
      evidence: [entrypoint.namedBy, entrypoint.place].compactMap(\.self).uniqued,
      alternatives: others.filter { $0.value != entrypoint.text }, why: why)
    if let ambiguity { fact.doubt(ambiguity) }
    return fact
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
      let others = rivals.prefix(5).map(\.location.description).joined(separator: ", ")
      let rivalRank = candidates.first { $0.0.location == rival.location }?.rank ?? []
      let isClear = bestRank.prefix(4) != rivalRank.prefix(4)
      ambiguity = findings.note(
        "FORGE-F004", isClear ? .info : .warning,
        "there are several FastAPI applications; \(entrypoint.text) is taken, not \(others)",
        at: best.location,
        fix: "say which one in pyproject.toml: `[tool.fastapi]` `entrypoint = \"module:app\"`")
    }
    return entrypoint
  }

  /// Smaller is better: place by the fastapi command's list, mounted in another, routes, wrapper, name, depth.
  private func rank(_ application: FastAPIObjects.Application, _ graph: FastAPIRoutes) -> [Int] {
    let relative = ProjectPath.relative(application.file, to: folder) ?? application.file
    let place = Self.defaultPaths.firstIndex(of: relative) ?? 10
    let name = ["app", "api"].firstIndex(of: application.name) ?? 2
    return [
      graph.isMounted(application) ? 1 : 0, application.isFactory ? 1 : 0,
      isCalledByAnother(application) ? 1 : 0, place,
      -graph.weight(of: application), application.isWrapper ? 0 : 1, name,
      relative.split(separator: "/").count,
    ]
  }

  /// Whether another factory of the file makes its application by this one.
  private func isCalledByAnother(_ application: FastAPIObjects.Application) -> Bool {
    guard application.isFactory, let file = index.files[application.file] else { return false }
    return candidates.contains { other in
      guard other.isFactory, other.file == application.file, other.name != application.name,
        let function = file.functions[other.name]
      else { return false }
      var calls = false
      function.declaration.body.forEachExpression { expression in
        if expression.call?.function.name == application.name { calls = true }
      }
      return calls
    }
  }

  /// How a server imports an application: from the first folder that is no package (fastapi's rule), or from one above
  /// it, where the file's own imports need that.
  private mutating func entrypoint(of application: FastAPIObjects.Application) -> FastAPIEntrypoint?
  {
    var root = ProjectTree.parent(application.file)
    while root != folder, root != ".", tree.hasFile(ProjectTree.join(root, "__init__.py")) {
      root = ProjectTree.parent(root)
    }
    if let file = index.files[application.file] {
      root = index.importRoot(
        of: file, atLeast: root, isInstalled: InstalledModules(manifest).contains)
    }
    guard let path = ProjectPath.relative(application.file, to: root),
      let appDir = ProjectPath.relative(root, to: folder), ProjectPath.isPlain(appDir)
    else { return refuse(application) }
    var parts = path.dropLast(3).split(separator: "/")
    if parts.last == "__init__" { parts.removeLast() }
    if let package = index.package, appDir == ".", needs(package, application.file) {
      parts.insert(package[...], at: 0)
    }
    guard !parts.isEmpty, parts.allSatisfy(FastAPIObjects.isIdentifier) else {
      return refuse(application)
    }
    return FastAPIEntrypoint(
      module: parts.joined(separator: "."), name: application.name,
      isFactory: application.isFactory, appDir: appDir,
      place: application.location, constructors: application.constructors,
      file: application.file)
  }

  /// Whether a file can be imported only as a part of the package that the service's folder is.
  private func needs(_ package: String, _ path: String) -> Bool {
    guard let file = index.files[path] else { return false }
    if file.imports(package: package) { return true }
    let depth = (ProjectPath.relative(path, to: folder) ?? path).split(separator: "/").count
    return file.imports.values.contains { imported in
      guard case .member(let level, _, _) = imported else { return false }
      return level >= depth
    }
  }

  private mutating func refuse(_ application: FastAPIObjects.Application) -> FastAPIEntrypoint? {
    findings.append(
      Finding(
        id: "FORGE-F005", severity: .error,
        message:
          "the application in \(DisplayText.escape(application.file)) cannot be imported: a part of its path is no "
          + "Python name",
        at: application.location, fix: "rename the file or folder"))
    return nil
  }
}
