import ForgeCodebase
import ForgeTemplates
import ForgeWorkloads

/// The package managers of the Python world; each installs into `/opt/venv`.
struct PythonInstaller {
  let checks: ServiceChecks
  let bases: BaseTable
  /// Extras and groups, checked.
  private let names: DependencyNames
  /// Whether it adds to what is installed already.
  private var isAddition = false

  private static let pipCache = "/root/.cache/pip"
  private var manager: PackageManager { checks.service.packageManager }
  private var installation: Installation { checks.service.installation ?? Installation() }

  init(_ checks: ServiceChecks, bases: BaseTable) throws(RecipeError) {
    let installation = checks.service.installation
    try self.init(
      checks, bases: bases,
      DependencyNames(
        extras: installation?.extras ?? [], groups: installation?.groups ?? []))
  }

  private init(
    _ checks: ServiceChecks, bases: BaseTable, _ names: DependencyNames
  ) throws(RecipeError) {
    self.checks = checks
    self.bases = bases
    for name in names.extras + names.groups {
      _ = try checks.require(
        name, "name of an extra or a group", DockerText.isVersion,
        expected: "letters, digits and ._-")
    }
    self.names = names
  }

  /// The command that adds extras and groups to what is installed.
  func adding(_ more: DependencyNames) throws(RecipeError) -> String {
    var installer = try PythonInstaller(
      checks, bases: bases,
      DependencyNames(
        extras: names.extras + more.extras, groups: names.groups + more.groups))
    installer.isAddition = true
    return try installer.installer().command ?? ""
  }

  func installer() throws(RecipeError) -> Installer {
    var installer = try dependencies()
    let member = try checks.member()
    if installation.project != .none, !member.isMember {
      installer.projectCommand = try projectCommand()
    }
    return installer
  }

  private func dependencies() throws(RecipeError) -> Installer {
    if manager.name == .pip {
      return Installer(
        setupCache: Self.pipCache, command: try pipCommand(), cacheFolder: Self.pipCache)
    }
    guard [.uv, .poetry, .pdm, .pipenv].contains(manager.name) else {
      throw checks.unsupported(
        "\(manager.name.rawValue) does not install FastAPI",
        instead: "Use pip, uv, poetry, pdm or pipenv")
    }
    guard manager.lockfile != nil else {
      throw checks.unsupported(
        "\(manager.name.rawValue) has no lockfile here",
        instead:
          "Run `\(manager.name.rawValue) lock` and commit the lockfile, so that builds repeat")
    }
    let version = try bases.version(of: manager.name.rawValue, pinned: manager.version)
    var installer = Installer(
      setup: "pip install \(manager.name.rawValue)==\(version)", setupCache: Self.pipCache,
      cacheFolder: Self.pipCache)
    switch manager.name {
    case .uv: try useUV(&installer)
    case .poetry: usePoetry(&installer)
    case .pdm: usePDM(&installer)
    default: installer.command = pipenvCommand
    }
    return installer
  }

  /// `--extra a --extra b`, with a space before each.
  private func flags(_ option: String, _ names: [String]) -> String {
    names.map { " \(option) \($0)" }.joined()
  }

  // MARK: uv

  private func useUV(_ installer: inout Installer) throws(RecipeError) {
    installer.cacheFolder = "/root/.cache/uv"
    if let lockfile = manager.lockfile, lockfile.hasSuffix("pylock.toml") {
      // The lock of PEP 751, which any tool may have written: there is nothing to resolve.
      let path = try checks.path(lockfile, "lockfile")
      installer.command = "uv pip sync --python /opt/venv/bin/python \(path)"
      installer.environment = ["UV_PYTHON_DOWNLOADS=never", "UV_LINK_MODE=copy"]
      return
    }
    installer.environment = [
      "UV_PROJECT_ENVIRONMENT=/opt/venv", "UV_PYTHON=/usr/local/bin/python",
      "UV_PYTHON_DOWNLOADS=never", "UV_LINK_MODE=copy",
    ]
    let sync = uvSync
    guard try checks.member().isMember else {
      installer.command = sync + " --no-install-project"
      return
    }
    let name = try checks.require(
      checks.service.workspace?.package ?? checks.service.name, "package name",
      DockerText.isVersion, expected: "letters, digits and ._-")
    installer.command = sync + " --no-install-workspace --package \(name)"
    var itself = " --no-install-package \(name)"
    if installation.project != .none { itself = "" }
    installer.workspaceCommand = sync + itself + " --package \(name)"
  }

  private var uvSync: String {
    // The lockfile is held against the metadata, which only the sources give where it is dynamic.
    var words = "uv sync " + (installation.checksLockfile ? "--locked" : "--frozen")
    if isAddition { words += " --inexact" }
    if !names.groups.contains("dev") { words += " --no-dev" }
    return words + " --no-editable" + flags("--extra", names.extras)
      + flags("--group", names.groups.filter { $0 != "dev" })
  }

  // MARK: Poetry, pdm, pipenv

  private func usePoetry(_ installer: inout Installer) {
    let groups = (["main"] + names.groups).joined(separator: ",")
    installer.command =
      "poetry install --only \(groups)" + flags("--extras", names.extras)
      + " --no-root --no-interaction --no-ansi"
    installer.cacheFolder = "/root/.cache/pypoetry"
    installer.environment = ["VIRTUAL_ENV=/opt/venv"]
  }

  private func usePDM(_ installer: inout Installer) {
    installer.setup? += " \"hishel<2\""
    installer.setupNote = "hishel 2 has lost what pdm calls."
    // pdm takes --prod and groups of development for a contradiction; named groups leave out the others.
    let production = names.groups.isEmpty ? " --prod" : ""
    installer.command =
      "pdm sync" + production + flags("--group", names.extras + names.groups)
      + " --no-self --no-editable"
    installer.cacheFolder = "/root/.cache/pdm"
    installer.environment = ["VIRTUAL_ENV=/opt/venv", "PDM_CHECK_UPDATE=false"]
  }

  private var pipenvCommand: String {
    var words = "pipenv requirements"
    // pip wants hashes for all packages or for none, and what comes from git has none.
    if installation.hashed { words += " --hash" }
    if !names.groups.isEmpty {
      words += " --categories \"\((["packages"] + names.groups).joined(separator: " "))\""
    }
    // What is locked is all that there is: pip would look for more, as on the machine that it runs on.
    return words + " > /tmp/requirements.txt \\\n    && "
      + pip("/tmp/requirements.txt", "--no-deps ")
  }

  // MARK: pip

  /// From a requirements file; without one, from the dependencies that `pyproject.toml` lists.
  private func pipCommand() throws(RecipeError) -> String? {
    if let lockfile = manager.lockfile, lockfile != "pyproject.toml" {
      return pip(try checks.path(lockfile, "requirements file"))
    }
    guard let installation = checks.service.installation else {
      throw checks.unsupported(
        "nothing declares what it needs",
        instead: "Add a requirements.txt with fastapi, uvicorn and what else the code imports")
    }
    guard installation.project != .whole else { return nil }
    return "python -c \"\(script)\" > /tmp/requirements.txt \\\n    && "
      + pip("/tmp/requirements.txt")
  }

  /// Prints the requirements of `pyproject.toml`, a line each.
  private var script: String {
    // The standard library reads TOML since 3.11; pip brings a reader along.
    let isOld = ["3.9", "3.10"].contains { checks.service.runtime.version.hasPrefix($0) }
    let library = isOld ? "from pip._vendor import tomli as tomllib" : "import tomllib"
    let load = "tomllib.load(open('pyproject.toml', 'rb'))"
    guard !names.extras.isEmpty || !names.groups.isEmpty else {
      return "\(library); print(*\(load)['project']['dependencies'], sep=chr(10))"
    }
    var lists = ["*p['project'].get('dependencies', [])"]
    lists += names.extras.map { "*p['project']['optional-dependencies']['\($0)']" }
    lists += names.groups.map { "*f('\($0)')" }
    let group =
      "f = lambda n: [r for e in p['dependency-groups'][n] "
      + "for r in (f(e['include-group']) if isinstance(e, dict) else [e])]"
    return "\(library); p = \(load); \(group); "
      + "print(\(lists.joined(separator: ", ")), sep=chr(10))"
  }

  private func pip(_ requirements: String, _ flags: String = "") -> String {
    "pip --python /opt/venv/bin/python install \(flags)--no-compile --requirement \(requirements)"
  }

  // MARK: The project itself

  /// From a copy, since a build leaves its own files beside the source.
  private func projectCommand() throws(RecipeError) -> String {
    var version = ""
    if let variable = installation.versionVariable {
      version = try checks.variable(variable) + "=0.0.0 "
    }
    let dependencies = installation.project == .whole ? "" : " --no-deps"
    return [
      "cp -R /source /tmp/project",
      "\(version)pip --python /opt/venv/bin/python install\(dependencies) --no-compile /tmp/project",
      "rm -r /tmp/project",
    ].joined(separator: " \\\n    && ")
  }
}
