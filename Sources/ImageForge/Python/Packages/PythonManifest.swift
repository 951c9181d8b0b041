import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// What the manifests and lockfiles of a Python service say, each fact from the file that rules.
struct PythonManifest: Sendable {
  private(set) var projectName: String?
  private(set) var pyproject: TOMLDocument?
  /// What the application needs, as declared by the file that rules; other files' declarations are not in here.
  private(set) var dependencies: [PythonDependency] = []
  private(set) var lockfile: PythonLockfile?
  private(set) var requirements: PythonRequirements?
  /// What says which version of the package manager is wanted.
  private(set) var managerVersionSource: String?
  private(set) var packageManager = PackageManager(
    name: .pip, lockfile: nil, source: "default: no manifest")
  /// Constraints on Python's version from manifests and lockfiles.
  private(set) var pythonRanges: [(text: String, location: String)] = []
  private(set) var workspace: Workspace?
  /// `file:line` of what declares it.
  private(set) var workspaceSource: String?
  /// Relative to the root.
  private(set) var inputs: Set<String> = []
  private(set) var findings: [Finding] = []

  private let folder: String
  private let tree: ProjectTree

  /// Nil when the folder holds no manifest of the Python world.
  static func read(_ folder: String, in tree: ProjectTree) throws -> PythonManifest? {
    var manifest = PythonManifest(folder: folder, tree: tree)
    return try manifest.readAll() ? manifest : nil
  }

  private init(folder: String, tree: ProjectTree) {
    self.folder = folder
    self.tree = tree
  }

  // MARK: Questions

  /// The declaration of a package.
  func dependency(_ name: String) -> PythonDependency? {
    dependencies.first { $0.requirement.name == name }
  }

  /// Whether the application will have the package: it is declared, or locked for it.
  func has(_ name: String) -> Bool {
    dependency(name) != nil || lockfile?.packages[name]?.isMain == true
  }

  /// The version that will be installed, where something pins it, and what says so.
  func version(of name: String) -> (version: String, source: String)? {
    if let lockfile, let version = lockfile.packages[name]?.version {
      return (version, lockfile.location(of: name))
    }
    for dependency in dependencies where dependency.requirement.name == name {
      if let version = dependency.requirement.pinnedVersion {
        return (version, dependency.location)
      }
    }
    if let pinned = requirements?.constraints[name], let version = pinned.requirement.pinnedVersion
    {
      return (version, pinned.location)
    }
    return nil
  }

  /// All packages that will be installed, as far as is known, with the extras that are asked for.
  var resolved: [String: Set<String>] {
    var packages: [String: Set<String>] = [:]
    for dependency in dependencies {
      packages[dependency.requirement.name, default: []].formUnion(dependency.requirement.extras)
    }
    for package in lockfile?.packages.values.filter(\.isMain) ?? []
    where packages[package.name] == nil {
      packages[package.name] = []
    }
    return packages
  }

  // MARK: Reading

  private mutating func readAll() throws -> Bool {
    if let source = try tree.read(path("pyproject.toml")) {
      do { pyproject = try TOMLDocument.parse(source) } catch {
        throw AnalysisError.malformed(location: error.location, reason: error.reason)
      }
    }
    let requirementsPath = requirementsFile()
    let locks = try lockfiles()
    guard
      pyproject != nil || requirementsPath != nil || !locks.isEmpty || hasFile("Pipfile")
        || hasFile("setup.py")
        || hasFile("setup.cfg")
    else { return false }
    if let requirementsPath {
      requirements = try PythonRequirements.read(requirementsPath, folder: folder, in: tree)
    }
    readPyproject()
    try choose(locks, requirementsPath)
    return true
  }

  private func path(_ name: String) -> String { ProjectTree.join(folder, name) }
  private func hasFile(_ name: String) -> Bool { tree.hasFile(path(name)) }

  private static let requirementsNames = [
    "requirements.txt", "requirements/prod.txt", "requirements/production.txt",
    "requirements/base.txt",
    "requirements/requirements.txt", "requirements-prod.txt", "requirements.prod.txt",
    "requirements_prod.txt",
    "requirements-base.txt",
  ]

  /// The requirements file of production; development's never.
  private func requirementsFile() -> String? {
    Self.requirementsNames.map(path).first(where: tree.hasFile)
  }

  // MARK: pyproject.toml

  private mutating func readPyproject() {
    guard let pyproject else { return }
    let project = pyproject.root["project"]
    let poetry = pyproject.root[["tool", "poetry"]]
    projectName = project?["name"]?.string ?? poetry?["name"]?.string
    if let range = project?["requires-python"]?.string {
      pythonRanges.append((range, pyproject.location(["project", "requires-python"])))
    }
    if case .string(let range)? = poetry?[["dependencies", "python"]] {
      pythonRanges.append(
        (range, pyproject.location(["tool", "poetry", "dependencies", "python"])))
    }
  }

  /// The dependencies of `[project]` and, for Poetry, of `[tool.poetry.dependencies]`.
  private func declared() -> [PythonDependency] {
    guard let pyproject else { return [] }
    var found: [PythonDependency] = []
    for text in pyproject.root[["project", "dependencies"]]?.strings.prefix(2000) ?? [] {
      guard let requirement = Requirement(text) else { continue }
      found.append(
        PythonDependency(
          requirement: requirement,
          location: pyproject.location(["project", "dependencies"], containing: text)))
    }
    let poetry = ["tool", "poetry", "dependencies"]
    for (name, value) in (pyproject.root[poetry]?.table ?? [:]).sorted(by: { $0.key < $1.key })
    where name != "python" {
      guard value["optional"]?.bool != true else { continue }
      let version = value.string ?? value["version"]?.string ?? ""
      found.append(
        PythonDependency(
          requirement: Requirement(
            name: name, extras: value["extras"]?.strings ?? [],
            // Poetry's bare `1.2` is exact.
            specifier: version.first?.isNumber == true
              ? "==" + version : version == "*" ? "" : version),
          location: pyproject.location(poetry + [name])))
    }
    return found
  }

  // MARK: Lockfiles

  private static let lockfileNames: [(String, PythonLockfile.Kind, PackageManager.Name)] = [
    ("uv.lock", .uv, .uv), ("poetry.lock", .poetry, .poetry), ("pdm.lock", .pdm, .pdm),
    ("Pipfile.lock", .pipenv, .pipenv), ("pylock.toml", .pylock, .uv),
  ]

  private struct Lock {
    let path: String
    let name: String
    let manager: PackageManager.Name
    let lockfile: PythonLockfile
  }

  private mutating func lockfiles() throws -> [Lock] {
    var found: [Lock] = []
    for (name, kind, manager) in Self.lockfileNames {
      guard let source = try tree.read(path(name)) else { continue }
      found.append(
        Lock(path: path(name), name: name, manager: manager, lockfile: try parse(source, kind)))
    }
    if found.isEmpty, pyproject != nil, let root = try workspaceRoot(),
      let source = try tree.read(ProjectTree.join(root, "uv.lock"))
    {
      workspace = Workspace(root: root, kind: "uv")
      workspaceSource = try tree.read(ProjectTree.join(root, "pyproject.toml")).flatMap { source in
        (try? TOMLDocument.parse(source))?.location(["tool", "uv", "workspace"])
      }
      found.append(
        Lock(path: source.name, name: "uv.lock", manager: .uv, lockfile: try parse(source, .uv)))
    }
    return found
  }

  private func parse(_ source: SourceText, _ kind: PythonLockfile.Kind) throws -> PythonLockfile {
    do { return try PythonLockfile.parse(source, kind) } catch {
      throw AnalysisError.malformed(location: error.location, reason: error.reason)
    }
  }

  /// The folder above that declares a uv workspace.
  private func workspaceRoot() throws -> String? {
    var current = folder
    while current != "." {
      current = ProjectTree.parent(current)
      guard let source = try tree.read(ProjectTree.join(current, "pyproject.toml")),
        let document = try? TOMLDocument.parse(source)
      else { continue }
      if document.root[["tool", "uv", "workspace"]] != nil { return current }
    }
    return nil
  }

  // MARK: Which file rules

  private mutating func choose(_ locks: [Lock], _ requirementsPath: String?) throws {
    if locks.count > 1 {
      conflict(
        "there are lockfiles of \(locks.count) package managers: \(locks.map(\.name).joined(separator: ", "))",
        chosen: locks[0].name, at: locks[1].path)
    }
    if let lock = locks.first {
      lockfile = lock.lockfile
      dependencies = declared() + (try pipfile())
      // The tools' own settings say which index is asked, and which authorities are trusted.
      let names = ["pyproject.toml", "Pipfile", "poetry.toml", "pdm.toml", "uv.toml"]
      inputs.formUnion(([lock.path] + names.map(path)).filter(tree.hasFile))
      inputs.formUnion(localFolders(lock.lockfile, from: ProjectTree.parent(lock.path)))
      if let root = workspace?.root {
        let found = members(lock.lockfile, of: root)
        workspace?.members = found
      }
      if let range = lock.lockfile.requiresPython { pythonRanges.append((range, "\(lock.path):1")) }
      let version = version(of: lock)
      managerVersionSource = version?.source
      packageManager = PackageManager(
        name: lock.manager, version: version?.text, lockfile: lock.name, source: "\(lock.path):1")
      if let requirementsPath, requirements?.generator == nil {
        conflict(
          "\(lock.name) and \(ProjectTree.name(requirementsPath)) both say what to install",
          chosen: lock.name, at: requirementsPath)
      }
      return
    }
    if let requirementsPath, let requirements {
      dependencies = requirements.dependencies
      findings += requirements.findings
      inputs.formUnion(requirements.inputs)
      packageManager = PackageManager(
        name: .pip, lockfile: ProjectPath.relative(requirementsPath, to: folder),
        source: "\(requirementsPath):1")
      checkPins(requirementsPath)
      return
    }
    try chooseUnlocked()
  }

  /// Without a lockfile: what is installed changes from day to day.
  private mutating func chooseUnlocked() throws {
    let tools = pyproject?.root["tool"]
    if hasFile("Pipfile") {
      dependencies = try pipfile()
      inputs.insert(path("Pipfile"))
      packageManager = PackageManager(name: .pipenv, lockfile: nil, source: path("Pipfile") + ":1")
      unlocked("Pipfile", fix: "run `pipenv lock` and commit Pipfile.lock")
      return
    }
    if let pyproject {
      dependencies = declared()
      inputs.insert(path("pyproject.toml"))
      let (name, header, fix): (PackageManager.Name, [String], String) =
        if tools?["poetry"] != nil {
          (.poetry, ["tool", "poetry"], "run `poetry lock` and commit poetry.lock")
        } else if tools?["pdm"] != nil {
          (.pdm, ["tool", "pdm"], "run `pdm lock` and commit pdm.lock")
        } else if tools?["uv"] != nil {
          (.uv, ["tool", "uv"], "run `uv lock` and commit uv.lock")
        } else {
          (
            .pip, ["project"],
            "run `uv lock` and commit uv.lock, or `pip-compile` and commit requirements.txt"
          )
        }
      packageManager = PackageManager(name: name, lockfile: nil, source: pyproject.location(header))
      if name == .pip {
        // `pip install .` reads what the metadata refers to.
        for key in ["readme", "license"] {
          let value = pyproject.root[["project", key]]
          if let text = value?.string ?? value?["file"]?.string,
            let file = ProjectPath.resolve(text, from: folder),
            tree.hasFile(file), ProjectPath.isPlain(file)
          {
            inputs.insert(file)
          }
        }
      }
      if !dependencies.isEmpty { unlocked("pyproject.toml", fix: fix) }
    }
    for name in ["setup.py", "setup.cfg"] where hasFile(name) {
      inputs.insert(path(name))
      if pyproject == nil {
        dependencies += name == "setup.py" ? setupDependencies() : configDependencies()
        packageManager = PackageManager(name: .pip, lockfile: nil, source: path(name) + ":1")
      }
    }
  }

  /// `install_requires` in setup.py, where it is a plain list.
  private func setupDependencies() -> [PythonDependency] {
    guard let source = tree.source(path("setup.py")), let module = try? PythonModule.parse(source)
    else { return [] }
    var found: [PythonDependency] = []
    module.statements.forEachExpression { expression in
      guard let list = expression.call?.arguments["install_requires"]?.elements else { return }
      for element in list {
        guard let requirement = element.string.flatMap({ Requirement($0) }) else { continue }
        found.append(
          PythonDependency(requirement: requirement, location: source.location(at: element.offset)))
      }
    }
    return found
  }

  /// `install_requires` and `python_requires` of setup.cfg's `[options]`.
  private mutating func configDependencies() -> [PythonDependency] {
    guard let source = tree.source(path("setup.cfg")) else { return [] }
    var found: [PythonDependency] = []
    var section = ""
    var key = ""
    for (index, row) in source.text.split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline
    ).enumerated()
      .prefix(10_000)
    {
      let text = row.trimmingSpaces
      guard !text.isEmpty, !text.hasPrefix("#"), !text.hasPrefix(";") else { continue }
      var value = text
      if text.hasPrefix("[") {
        (section, key) = (text, "")
        continue
      } else if row.first?.isWhitespace != true {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        key = parts[0].trimmingSpaces
        value = parts.count > 1 ? parts[1].trimmingSpaces : ""
      }
      guard section == "[options]" || section == "[metadata]" else { continue }
      let location = "\(source.name):\(index + 1)"
      switch key {
      case "install_requires":
        guard let requirement = Requirement(value) else { continue }
        found.append(PythonDependency(requirement: requirement, location: location))
      case "python_requires": pythonRanges.append((value, location))
      case "name" where section == "[metadata]": projectName = projectName ?? value
      default: break
      }
    }
    return found
  }

  private mutating func pipfile() throws -> [PythonDependency] {
    guard let source = try tree.read(path("Pipfile")) else { return [] }
    let document: TOMLDocument
    do { document = try TOMLDocument.parse(source) } catch {
      throw AnalysisError.malformed(location: error.location, reason: error.reason)
    }
    for key in ["python_full_version", "python_version"] {
      guard let version = document.root[["requires", key]]?.string else { continue }
      pythonRanges.append(("==" + version, document.location(["requires", key])))
      break
    }
    return (document.root["packages"]?.table ?? [:]).sorted { $0.key < $1.key }.map { name, value in
      let version = value.string ?? value["version"]?.string ?? "*"
      return PythonDependency(
        requirement: Requirement(
          name: name, extras: value["extras"]?.strings ?? [],
          specifier: version == "*" ? "" : version),
        location: document.location(["packages", name]))
    }
  }

  /// The exact version of the tool that the project asks for.
  private func version(of lock: Lock) -> (text: String, source: String)? {
    if let version = lock.lockfile.toolVersion { return (version, "\(lock.path):1") }
    guard let pyproject else { return nil }
    guard lock.manager == .uv,
      let wanted = pyproject.root[["tool", "uv", "required-version"]]?.string,
      wanted.hasPrefix("=="), let numbers = VersionSpecifier.numbers(wanted.dropFirst(2)),
      numbers.count == 3
    else { return nil }
    return (
      numbers.map(String.init).joined(separator: "."),
      pyproject.location(["tool", "uv", "required-version"])
    )
  }

  private func localFolders(_ lockfile: PythonLockfile, from base: String) -> [String] {
    lockfile.packages.values.compactMap { package in
      guard package.isMain, let directory = package.directory,
        let path = ProjectPath.resolve(directory, from: base),
        path != folder, path != base, ProjectPath.relative(path, to: folder) != nil,
        tree.hasFolder(path),
        ProjectPath.isPlain(path)
      else { return nil }
      return path
    }
  }

  /// The members of a workspace that the service is built from, its own folder among them, relative to the root.
  private func members(_ lockfile: PythonLockfile, of root: String) -> [String] {
    var found = Set([ProjectPath.relative(folder, to: root)].compactMap(\.self))
    var waiting = dependencies.map(\.requirement.name)
    while let name = waiting.popLast() {
      guard let directory = lockfile.packages[name]?.directory,
        let path = ProjectPath.resolve(directory, from: root), tree.hasFolder(path),
        ProjectPath.isPlain(path),
        let member = ProjectPath.relative(path, to: root), found.insert(member).inserted
      else { continue }
      waiting += lockfile.packages[name]?.dependencies ?? []
    }
    return found.sorted(by: ProjectTree.precedes)
  }

  // MARK: Findings

  private mutating func conflict(_ message: String, chosen: String, at path: String) {
    findings.append(
      Finding(
        id: "FORGE-P020", severity: .warning, message: "\(message); \(chosen) is taken",
        location: "\(path):1",
        fix:
          "keep the files of one package manager, or export one from the other with a tool that says so in its header"
      ))
  }

  private mutating func unlocked(_ name: String, fix: String) {
    findings.append(
      Finding(
        id: "FORGE-P021", severity: .warning,
        message: "\(name) has no lockfile: what is installed changes from build to build",
        location: "\(path(name)):1",
        fix: fix))
  }

  private mutating func checkPins(_ path: String) {
    let loose = dependencies.filter {
      $0.requirement.pinnedVersion == nil && $0.requirement.url == nil
        && requirements?.constraints[$0.requirement.name]?.requirement.pinnedVersion == nil
    }
    guard let first = loose.first else { return }
    findings.append(
      Finding(
        id: "FORGE-P021", severity: .warning,
        message:
          "\(loose.count) of \(dependencies.count) requirements are not pinned (\(first.requirement.name) and so on): what is "
          + "installed changes from build to build",
        location: first.location, fix: "pin all of them, with `pip-compile` or `uv pip compile`"))
  }
}
