import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgePythonCode
import ForgeSyntax

/// Decides what is installed of a project besides its dependencies.
package struct PythonInstallation {
  /// Nil where nothing says what to install.
  package private(set) var installation: Installation?
  package private(set) var findings: [Finding] = []

  private let manifest: PythonManifest

  package init?(_ manifest: PythonManifest?, _ index: PythonIndex, workers: [BackgroundWorker]) {
    guard let manifest else { return nil }
    self.manifest = manifest
    guard isDeclared else { return }
    func names(_ kind: DependencySet.Kind) -> [String] {
      manifest.chosen.filter { $0.kind == kind }.map(\.name).sorted()
    }
    var installation = Installation(
      extras: names(.extra), groups: names(.group),
      checksLockfile: !manifest.isDynamic && LockCheck(manifest)?.isOlderVersion != true,
      hashed: manifest.lockfile?.packages.values.allSatisfy { $0.isHashed || !$0.isMain } ?? true)
    installation.project = project(index, workers)
    if installation.project != .none { installation.versionVariable = versionVariable() }
    self.installation = installation
  }

  /// Whether a file says what the application needs.
  private var isDeclared: Bool {
    manifest.packageManager.lockfile != nil || manifest.listsDependencies || manifest.isBuildable
      || !manifest.dependencies.isEmpty
  }

  // MARK: The project

  private mutating func project(
    _ index: PythonIndex, _ workers: [BackgroundWorker]
  ) -> Installation.Project {
    let isPip = manifest.managerName == .pip
    if isPip, manifest.packageManager.lockfile == nil, !manifest.listsDependencies {
      return .whole
    }
    guard let reason = reason(index, workers) else { return .none }
    guard manifest.isBuildable else {
      let name = DisplayText.escape(manifest.projectName ?? "")
      findings.note(
        "FORGE-P048", .error,
        "the code asks for the metadata of \(name), its own project, which nothing installs: it "
          + "stops with PackageNotFoundError",
        at: reason,
        fix: "add a [build-system] to pyproject.toml, or catch the error and take a default")
      return .none
    }
    return .itself
  }

  /// What in the code needs the project to be installed.
  private func reason(_ index: PythonIndex, _ workers: [BackgroundWorker]) -> Place? {
    if let place = OwnMetadata(manifest, index).place { return place }
    let scripts = manifest.scripts
    let worker = workers.first { worker in
      worker.command.split(separator: " ").first.map { scripts.contains(String($0)) } == true
    }
    return worker.map { .text($0.source) }
  }

  // MARK: Versions from git

  /// What a tool that asks git for the version is told instead, as its documentation says; by the key that chooses
  /// the tool, and the value that the key has then, where others are possible.
  private static let versionVariables: [(key: [String], value: String?, variable: String)] = [
    (["tool", "setuptools_scm"], nil, "SETUPTOOLS_SCM_PRETEND_VERSION"),
    (["tool", "setuptools-scm"], nil, "SETUPTOOLS_SCM_PRETEND_VERSION"),
    (["tool", "hatch", "version", "source"], "vcs", "SETUPTOOLS_SCM_PRETEND_VERSION"),
    (
      ["tool", "hatch", "version", "source"], "uv-dynamic-versioning",
      "UV_DYNAMIC_VERSIONING_BYPASS"
    ),
    (["tool", "poetry-dynamic-versioning"], nil, "POETRY_DYNAMIC_VERSIONING_BYPASS"),
    (["tool", "pdm", "version", "source"], "scm", "PDM_BUILD_SCM_VERSION"),
  ]

  private mutating func versionVariable() -> String? {
    guard let pyproject = manifest.pyproject else { return nil }
    let tool = Self.versionVariables.first { tool in
      guard let value = pyproject.root[tool.key] else { return false }
      return tool.value == nil || value.string == tool.value
    }
    guard let tool else { return nil }
    findings.note(
      "FORGE-P049", .info,
      "the version of the project comes from git, which the build does not see: its metadata says "
        + "0.0.0",
      at: pyproject.place(tool.key),
      fix: "write the version into pyproject.toml where the code shows it")
    return tool.variable
  }
}

/// Finds where the code asks for the metadata of its own project.
struct OwnMetadata {
  private(set) var place: Place?

  private static let functions: Set<String> = [
    "importlib.metadata.version", "importlib.metadata.metadata", "importlib.metadata.distribution",
    "importlib.metadata.requires", "importlib.metadata.files", "importlib_metadata.version",
    "importlib_metadata.metadata", "importlib_metadata.distribution",
    "pkg_resources.get_distribution", "pkg_resources.require",
  ]
  private static let entryPoints: Set<String> = [
    "importlib.metadata.entry_points", "importlib_metadata.entry_points",
    "pkg_resources.iter_entry_points",
  ]

  private let name: String
  private let groups: Set<String>
  private let index: PythonIndex

  init(_ manifest: PythonManifest, _ index: PythonIndex) {
    name = manifest.projectName.map(Requirement.normalise) ?? ""
    groups = manifest.entryPointGroups
    self.index = index
    guard !name.isEmpty else { return }
    for path in index.paths where !PythonSources.isAside(path, in: index.folder) {
      guard let file = index.files[path] else { continue }
      search(file.module.statements, PythonScope(file: file, function: nil))
      for function in file.allFunctions where place == nil {
        search(function.declaration.body, PythonScope(file: file, function: function))
      }
      if place != nil { return }
    }
  }

  /// Looks at what runs in a scope. Where an error is caught, the code does without.
  private mutating func search(_ statements: [PythonStatement], _ scope: PythonScope) {
    for (statement, isGuarded) in statements.withGuards where !isGuarded && place == nil {
      for expression in statement.expressions {
        expression.walk { inner in
          if place == nil, asks(inner, scope) { place = scope.file.location(inner.offset) }
        }
      }
      switch statement.kind {
      case .block(_, _, let body): search(body, scope)
      case .classDefinition(let type): search(type.body, scope)
      default: break
      }
    }
  }

  private func asks(_ expression: PythonExpression, _ scope: PythonScope) -> Bool {
    guard let (callee, arguments) = expression.call,
      case .external(let function)? = index.origin(of: callee, in: scope.file)
    else { return false }
    if Self.entryPoints.contains(function) {
      let group = arguments["group"] ?? arguments.positional.first
      return group?.string.map(groups.contains) == true
    }
    guard Self.functions.contains(function),
      let value = arguments.positional.first ?? arguments["distribution_name"]
    else { return false }
    return isOwn(value, scope)
  }

  private func isOwn(_ value: PythonExpression, _ scope: PythonScope) -> Bool {
    // `__package__`, `__name__`, `__name__.split(".")[0]`: the package's own name.
    var names: [String] = []
    value.walk { if let name = $0.name { names.append(name) } }
    if names.first == "__package__" || names.first == "__name__" {
      let module = index.module(of: scope.file.path, in: index.folder)
      let top = String(module.prefix { $0 != "." })
      return Requirement.normalise(top) == name
    }
    let text = index.text(of: PythonPlace(expression: value, scope: scope))
    return text.map(Requirement.normalise) == name
  }
}
