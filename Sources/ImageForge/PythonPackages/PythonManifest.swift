import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// What the manifests and lockfiles of a Python service say, each fact from the file that rules.
package struct PythonManifest: Sendable {
  package private(set) var projectName: String?
  package private(set) var pyproject: TOMLDocument?
  /// What the application needs, as declared by the file that rules; other files' declarations are not in here.
  private(set) var dependencies: [PythonDependency] = []
  /// Extras and groups, which are installed only when they are asked for.
  private(set) var sets: [DependencySet] = []
  /// Those of them that are installed.
  private(set) var chosen: [DependencySet] = []
  private(set) var lockfile: PythonLockfile?
  private(set) var requirements: PythonRequirements?
  /// The name of the package manager that installs.
  private(set) var managerName = PackageManager.Name.pip
  /// The file that shows which package manager installs.
  package private(set) var managerPlace: Place?
  private var managerVersion: Written<String>?
  /// The name of the lockfile, or of the requirements file, that rules.
  private var managerLockfile: String?
  /// Findings that files of several package managers stand beside one another.
  private var conflicts: [Finding] = []
  /// Constraints on Python's version from manifests and lockfiles.
  private(set) var pythonRanges: [Written<String>] = []
  /// The minor versions of Python 3 that the classifiers list, and where.
  private(set) var classifiedPythons: Written<[Int]>?
  package private(set) var workspace: Workspace?
  /// What declares it.
  package private(set) var workspacePlace: Place?
  /// Relative to the root.
  package private(set) var inputs: Set<String> = []
  package private(set) var findings: [Finding] = []

  private let folder: String
  private let tree: ProjectTree

  /// Nil when the folder holds no manifest of the Python world.
  package static func read(_ folder: String, in tree: ProjectTree) throws -> PythonManifest? {
    var manifest = PythonManifest(folder: folder, tree: tree)
    return try manifest.readAll() ? manifest : nil
  }

  private init(folder: String, tree: ProjectTree) {
    self.folder = folder
    self.tree = tree
  }

  // MARK: Questions

  /// The declaration of a package.
  package func dependency(_ name: String) -> PythonDependency? {
    dependencies.first { $0.requirement.name == name }
  }

  /// Whether the application will have the package: it is declared, or locked for it.
  package func has(_ name: String) -> Bool {
    dependency(name) != nil || lockfile?.packages[name]?.isMain == true
  }

  /// The version that will be installed, where something pins it, and what says so.
  package func version(of name: String) -> Written<String>? {
    if let lockfile, let version = lockfile.packages[name]?.version {
      return Written(version, at: lockfile.place(of: name))
    }
    for dependency in dependencies where dependency.requirement.name == name {
      if let version = dependency.requirement.pinnedVersion {
        return Written(version, at: dependency.location)
      }
    }
    if let pinned = requirements?.constraints[name], let version = pinned.requirement.pinnedVersion
    {
      return Written(version, at: pinned.location)
    }
    return nil
  }

  /// All packages that will be installed, as far as is known, with the extras that are asked for.
  package var resolved: [String: Set<String>] {
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

  // MARK: The package manager

  private mutating func setManager(
    _ name: PackageManager.Name, lockfile: String? = nil, at place: Place
  ) {
    managerName = name
    managerLockfile = lockfile
    managerPlace = place
  }

  package var packageManager: PackageManager {
    PackageManager(
      name: managerName, version: managerVersion?.value, lockfile: managerLockfile,
      source: managerPlace?.description ?? "default: no manifest")
  }

  package var managerNameFact: Fact<String> {
    guard let managerPlace else {
      return .assumed(managerName.rawValue, why: "default: no manifest")
    }
    var fact = Fact.certain(managerName.rawValue, at: managerPlace)
    for conflict in conflicts { fact.doubt(conflict) }
    return fact
  }

  package var managerVersionFact: Fact<String?> {
    if let managerVersion { return .certain(managerVersion.value, at: managerVersion.place) }
    guard let managerPlace else { return .assumed(nil, why: "default: no manifest") }
    return Fact(nil, .unknown, evidence: [managerPlace], why: "nothing pins or bounds it")
  }

  // MARK: Reading

  private mutating func readAll() throws -> Bool {
    pyproject = try document(path("pyproject.toml"))
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
    if projectName == nil { projectName = setupName }
    if let pyproject { sets = DependencySets(pyproject: pyproject, manager: managerName).sets }
    if managerName == .pipenv, let pipfile = try document(path("Pipfile")) {
      sets = DependencySets(pipfile: pipfile).sets
    }
    return true
  }

  /// Counts extras and groups among what the application needs.
  package mutating func install(_ selection: PythonSelection) throws {
    findings += selection.findings
    guard !selection.chosen.isEmpty else { return }
    chosen = selection.chosen
    dependencies += chosen.flatMap(\.dependencies)
    guard let lockfile, let source = try tree.read(lockfile.name) else { return }
    self.lockfile = try parse(source, lockfile.kind, chosen.choice)
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
    if let usual = dynamicFiles.first ?? Self.requirementsNames.map(path).first(where: tree.hasFile)
    {
      return usual
    }
    let isDeclared =
      listsDependencies || hasFile("Pipfile")
      || pyproject?.root[["tool", "poetry", "dependencies"]] != nil
    guard !isDeclared else { return nil }
    return PythonRequirementsFinder.find(folder, in: tree)
  }

  /// Whether the dependencies are not in pyproject.toml itself.
  var isDynamic: Bool {
    pyproject?.root[["project", "dynamic"]]?.strings.contains("dependencies") == true
  }

  /// The requirements files that the build of the project takes its dependencies from.
  private var dynamicFiles: [String] {
    guard isDynamic, let root = pyproject?.root else { return [] }
    let tables = [
      root[["tool", "setuptools", "dynamic", "dependencies", "file"]],
      root[["tool", "hatch", "metadata", "hooks", "requirements_txt", "files"]],
    ]
    let names = tables.compactMap(\.self).flatMap { ($0.string.map { [$0] } ?? []) + $0.strings }
    return names.compactMap { ProjectPath.resolve($0, from: folder) }.filter {
      tree.hasFile($0) && ProjectPath.isPlain($0) && ProjectPath.relative($0, to: folder) != nil
    }
  }

  // MARK: pyproject.toml

  private mutating func readPyproject() {
    guard let pyproject else { return }
    let project = pyproject.root["project"]
    let poetry = pyproject.root[["tool", "poetry"]]
    projectName = project?["name"]?.string ?? poetry?["name"]?.string
    readClassifiers(pyproject)
    if let range = project?["requires-python"]?.string {
      pythonRanges.append(
        Written(range, at: pyproject.place(["project", "requires-python"])))
    }
    if case .string(let range)? = poetry?[["dependencies", "python"]] {
      pythonRanges.append(
        Written(range, at: pyproject.place(["tool", "poetry", "dependencies", "python"])))
    }
  }

  private static let classifier = "Programming Language :: Python :: 3."

  private mutating func readClassifiers(_ pyproject: TOMLDocument) {
    for key in [["project", "classifiers"], ["tool", "poetry", "classifiers"]] {
      let minors = (pyproject.root[key]?.strings ?? []).compactMap { text in
        text.hasPrefix(Self.classifier) ? Int(text.dropFirst(Self.classifier.count)) : nil
      }
      guard !minors.isEmpty else { continue }
      classifiedPythons = Written(minors, at: pyproject.place(key))
      return
    }
  }

  /// The dependencies of `[project]` and, for Poetry, of `[tool.poetry.dependencies]`.
  var declared: [PythonDependency] {
    guard let pyproject else { return [] }
    var found: [PythonDependency] = []
    for text in pyproject.root[["project", "dependencies"]]?.strings.prefix(2000) ?? [] {
      guard let requirement = Requirement(text) else { continue }
      found.append(
        PythonDependency(
          requirement: requirement,
          location: pyproject.place(["project", "dependencies"], containing: text)))
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
          location: pyproject.place(poetry + [name])))
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
    if found.isEmpty, pyproject != nil, let root = try Self.workspace(above: folder, in: tree),
      let source = try tree.read(ProjectTree.join(root, "uv.lock"))
    {
      workspace = Workspace(root: root, kind: "uv")
      workspacePlace = try tree.read(ProjectTree.join(root, "pyproject.toml")).flatMap { source in
        (try? TOMLDocument.parse(source))?.place(["tool", "uv", "workspace"])
      }
      found.append(
        Lock(path: source.name, name: "uv.lock", manager: .uv, lockfile: try parse(source, .uv)))
    }
    return found
  }

  private func parse(
    _ source: SourceText, _ kind: PythonLockfile.Kind,
    _ chosen: DependencyChoice = DependencyChoice()
  ) throws -> PythonLockfile {
    do { return try PythonLockfile.parse(source, kind, chosen) } catch {
      throw AnalysisError.malformed(location: error.location, reason: error.reason)
    }
  }

  private func document(_ path: String) throws -> TOMLDocument? {
    guard let source = try tree.read(path) else { return nil }
    do { return try TOMLDocument.parse(source) } catch {
      throw AnalysisError.malformed(location: error.location, reason: error.reason)
    }
  }

  /// The folder above that declares a uv workspace.
  package static func workspace(above folder: String, in tree: ProjectTree) throws -> String? {
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
      dependencies = declared + (try pipfile())
      // The tools' own settings say which index is asked, and which authorities are trusted.
      let names = ["pyproject.toml", "Pipfile", "poetry.toml", "pdm.toml", "uv.toml"]
      inputs.formUnion(([lock.path] + names.map(path)).filter(tree.hasFile))
      inputs.formUnion(localFolders(lock.lockfile, from: ProjectTree.parent(lock.path)))
      inputs.formUnion(dynamicFiles)
      noteOutside(lock.lockfile, from: ProjectTree.parent(lock.path))
      if let root = workspace?.root {
        let found = members(lock.lockfile, of: root)
        workspace?.members = found
      }
      if let range = lock.lockfile.requiresPython {
        pythonRanges.append(Written(range, at: .source(file: lock.path, line: 1)))
      }
      managerVersion = version(of: lock)
      readRequiredVersion(lock.manager)
      setManager(lock.manager, lockfile: lock.name, at: .source(file: lock.path, line: 1))
      if let requirementsPath, requirements?.generator == nil, contradicts(requirementsPath) {
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
      setManager(
        .pip, lockfile: ProjectPath.relative(requirementsPath, to: folder),
        at: .source(file: requirementsPath, line: 1))
      checkPins(requirementsPath)
      return
    }
    try chooseUnlocked()
  }

  /// Whether a requirements file stands beside a lockfile that was not made from it. One of an unusual name may be
  /// there for something else.
  private func contradicts(_ requirementsPath: String) -> Bool {
    !dynamicFiles.contains(requirementsPath)
      && Self.requirementsNames.map(path).contains(requirementsPath)
  }

  /// Without a lockfile: what is installed changes from day to day.
  private mutating func chooseUnlocked() throws {
    let tools = pyproject?.root["tool"]
    if hasFile("Pipfile") {
      dependencies = try pipfile()
      inputs.insert(path("Pipfile"))
      setManager(.pipenv, at: .source(file: path("Pipfile"), line: 1))
      unlocked("Pipfile", fix: "run `pipenv lock` and commit Pipfile.lock")
      return
    }
    if let pyproject {
      dependencies = declared
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
      setManager(name, at: pyproject.place(header))
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
      if pyproject == nil || isDynamic {
        dependencies += name == "setup.py" ? setupDependencies() : configDependencies()
        setManager(.pip, at: .source(file: path(name), line: 1))
      }
    }
  }

  private var setupModule: PythonModule? {
    tree.source(path("setup.py")).flatMap { try? PythonModule.parse($0) }
  }

  /// `name=` of `setup(…)` in setup.py.
  private var setupName: String? {
    var name: String?
    setupModule?.statements.forEachExpression { expression in
      guard let (callee, arguments) = expression.call, callee.dotted?.last == "setup" else {
        return
      }
      name = name ?? arguments["name"]?.string
    }
    return name
  }

  /// Whether a build makes a distribution of the project.
  var isBuildable: Bool {
    if pyproject?.root[["tool", "poetry", "package-mode"]]?.bool == false { return false }
    return hasFile("setup.py") || hasFile("setup.cfg") || pyproject?.root["build-system"] != nil
  }

  /// The commands that an installation of the project makes.
  var scripts: Set<String> {
    let tables = [["project", "scripts"], ["tool", "poetry", "scripts"]]
    return Set(tables.flatMap { pyproject?.root[$0]?.table.map { Array($0.keys) } ?? [] })
  }

  /// The groups of entry points by which others find parts of the project.
  var entryPointGroups: Set<String> {
    let tables = [["project", "entry-points"], ["tool", "poetry", "plugins"]]
    return Set(tables.flatMap { pyproject?.root[$0]?.table.map { Array($0.keys) } ?? [] })
  }

  /// Whether the dependencies are written in pyproject.toml.
  var listsDependencies: Bool { pyproject?.root[["project", "dependencies"]] != nil }

  /// `install_requires` in setup.py, where it is a plain list.
  private func setupDependencies() -> [PythonDependency] {
    guard let module = setupModule else { return [] }
    let source = module.source
    var found: [PythonDependency] = []
    module.statements.forEachExpression { expression in
      guard let list = expression.call?.arguments["install_requires"]?.elements else { return }
      for element in list {
        guard let requirement = element.string.flatMap({ Requirement($0) }) else { continue }
        found.append(
          PythonDependency(requirement: requirement, location: source.place(at: element.offset)))
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
      let location = source.place(line: index + 1)
      switch key {
      case "install_requires":
        guard let requirement = Requirement(value) else { continue }
        found.append(PythonDependency(requirement: requirement, location: location))
      case "python_requires": pythonRanges.append(Written(value, at: location))
      case "name" where section == "[metadata]": projectName = projectName ?? value
      default: break
      }
    }
    return found
  }

  private mutating func pipfile() throws -> [PythonDependency] {
    guard let document = try document(path("Pipfile")) else { return [] }
    for key in ["python_full_version", "python_version"] {
      guard let version = document.root[["requires", key]]?.string else { continue }
      pythonRanges.append(
        Written(VersionSpecifier.matching(version), at: document.place(["requires", key])))
      break
    }
    return (document.root["packages"]?.table ?? [:]).sorted { $0.key < $1.key }.map { name, value in
      let version = value.string ?? value["version"]?.string ?? "*"
      return PythonDependency(
        requirement: Requirement(
          name: name, extras: value["extras"]?.strings ?? [],
          specifier: version == "*" ? "" : version),
        location: document.place(["packages", name]))
    }
  }

  /// The exact version of the tool that wrote the lockfile.
  private func version(of lock: Lock) -> Written<String>? {
    if let version = lock.lockfile.toolVersion {
      return Written(version, at: .source(file: lock.path, line: 1))
    }
    return nil
  }

  /// The versions of the package manager that the project demands: what else is installed refuses to work.
  private mutating func readRequiredVersion(_ manager: PackageManager.Name) {
    guard let (written, place) = requiredVersion(of: manager) else { return }
    if let known = managerVersion.flatMap({ VersionSpecifier.numbers($0.value) }),
      VersionSpecifier(written)?.allows(known) == true
    {
      return
    }
    // A bare version is meant exactly.
    let range = written.first?.isNumber == true ? "==" + written : written
    if let set = VersionSpecifier(range),
      let version = PythonReleases.table.newest(manager, in: set)
    {
      managerVersion = Written(version, at: place)
      return
    }
    findings.note(
      "FORGE-P046", .error,
      "no known version of \(manager.rawValue) is in \"\(DisplayText.escape(written))\": the one that is "
        + "installed refuses to work",
      at: place, fix: "allow a version that is published")
  }

  private func requiredVersion(of manager: PackageManager.Name) -> (String, Place)? {
    let own = (try? document(path("uv.toml"))) ?? nil
    let places: [(TOMLDocument?, [String])]
    switch manager {
    case .uv:
      places = [(own, ["required-version"]), (pyproject, ["tool", "uv", "required-version"])]
    case .poetry: places = [(pyproject, ["tool", "poetry", "requires-poetry"])]
    default: return nil
    }
    for case (let document?, let key) in places {
      if let text = document.root[key]?.string { return (text, document.place(key)) }
    }
    return nil
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

  /// Packages in folders that the build context does not hold.
  private mutating func noteOutside(_ lockfile: PythonLockfile, from base: String) {
    let context = workspace?.root ?? folder
    for package in lockfile.packages.values.sorted(by: { $0.name < $1.name }) {
      // uv wants to see every package that is locked.
      guard let directory = package.directory, package.isMain || lockfile.kind == .uv else {
        continue
      }
      let path = ProjectPath.resolve(directory, from: base)
      guard path.flatMap({ ProjectPath.relative($0, to: context) }) == nil else { continue }
      findings.note(
        "FORGE-P011", .error,
        "\"\(DisplayText.escape(directory))\", where \(DisplayText.escape(package.name)) is, leaves the "
          + "service's folder; it is not in the build context",
        at: place(ofSource: package.name, in: lockfile), subject: .package(package.name),
        fix: "move it into the service's folder, or make both members of one uv workspace")
    }
  }

  /// Where the manifest says from where a package comes.
  private func place(ofSource name: String, in lockfile: PythonLockfile) -> Place {
    let keys = [["tool", "uv", "sources"], ["tool", "poetry", "dependencies"]]
    for key in keys {
      let written = (pyproject?.root[key]?.table ?? [:]).keys.first {
        Requirement.normalise($0) == name
      }
      if let written, let pyproject { return pyproject.place(key + [written]) }
    }
    return lockfile.place(of: name)
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
    let finding = findings.note(
      "FORGE-P020", .warning, "\(message); \(chosen) is taken",
      at: .source(file: path, line: 1),
      fix: "keep the files of one package manager, or export one from the other with a tool that "
        + "says so in its header")
    conflicts.append(finding)
  }

  private mutating func unlocked(_ name: String, fix: String) {
    findings.append(
      Finding(
        id: "FORGE-P021", severity: .warning,
        message: "\(name) has no lockfile: what is installed changes from build to build",
        at: .source(file: path(name), line: 1),
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
        at: first.location, fix: "pin all of them, with `pip-compile` or `uv pip compile`"))
  }
}
