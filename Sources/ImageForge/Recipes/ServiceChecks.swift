import ForgeBasics
import ForgeCodebase
import ForgeMigration
import ForgeTemplates
import ForgeWorkloads

/// The values of a service that enter its files, checked. Each answer is safe to write into a Dockerfile.
struct ServiceChecks {
  let service: Service
  var options = RecipeOptions()
  /// What is kept of the Dockerfile that was there.
  var existing: ExistingDockerfile?

  var book: RecipeBook { RecipeBook(folder: options.recipes) }

  func template(_ file: String) -> Template { Template(file: file, book: book) }

  /// A template's text that is a part of one line.
  func line(_ file: String, _ values: Any) throws(RecipeError) -> String {
    let text = try template(file).render(values)
    return text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  /// The flags of HEALTHCHECK, where those that are kept count for more than the workload's own.
  func healthFlags(_ probe: HealthProbe?) -> String {
    let probe = probe ?? HealthProbe(.port)
    let own = [
      ("interval", "\(probe.interval)s"), ("timeout", "\(probe.timeout)s"),
      ("start-period", "\(probe.startPeriod)s"), ("retries", "\(probe.retries)"),
    ]
    let kept = existing?.server.healthFlags ?? []
    let flags = own.map { name, value in
      kept.first { $0.hasPrefix("--\(name)=") } ?? "--\(name)=\(value)"
    }
    return (flags + kept.filter { !flags.contains($0) }).joined(separator: " ")
  }

  func unsupported(_ what: String, instead: String) -> RecipeError {
    .unsupported(service: service.name, what: what, instead: instead)
  }

  /// The base images that were asked for, or the recipe's own choice.
  func images(
    _ bases: BaseTable.Bases, _ base: BaseChoice?, runtime: String, version: String, remedy: String
  ) throws(RecipeError) -> BaseImages {
    if let images = bases.images(for: version, base) {
      return images.replaced(by: existing?.base.image).pinned(options.pins)
    }
    let kind = base.map { " of the kind \($0.name)" } ?? ""
    let versions = bases.versions(of: base).joined(separator: ", ")
    var instead = "Ask for one of \(versions) in \(remedy)"
    if options.base != nil { instead += ", or take another --base" }
    throw unsupported("\(runtime) \(version) has no base image\(kind)", instead: instead)
  }

  /// `--link` lets BuildKit put a layer on whatever base it finds, without reading that first.
  var link: String { options.dialect == .buildkit ? " --link" : "" }

  /// Whether RUN may have mounts, for the caches of package managers and compilers.
  var mountsCaches: Bool { options.dialect != .classic }

  /// The folder of the service inside its build context, and whether that context is a workspace's.
  func member() throws(RecipeError) -> (path: String, isMember: Bool) {
    guard service.isMember, let workspace = service.workspace else { return (".", false) }
    guard let folder = service.folderInContext else {
      throw unsupported(
        "its folder \(service.path) lies outside of its workspace \(workspace.root)",
        instead: "Move it inside")
    }
    return (try path(folder, "path"), true)
  }

  func require(
    _ value: String, _ what: String, _ isValid: (String) -> Bool, expected: String
  ) throws(RecipeError) -> String {
    guard isValid(value) else {
      throw .invalidValue(service: service.name, what: what, value: value, expected: expected)
    }
    return value
  }

  func path(_ value: String, _ what: String) throws(RecipeError) -> String {
    try require(
      value, what, PlainText.isRelativePath,
      expected: "a path inside the service, of letters, digits and ._@+~/-")
  }

  /// A command of words that need no shell.
  func words(_ command: String) throws(RecipeError) -> String {
    try require(
      command, "command", { PlainText.words($0) != nil },
      expected: "a command of plain words, without quotes or operators of a shell")
  }

  func variable(_ value: String) throws(RecipeError) -> String {
    try require(
      value, "environment variable", PlainText.isVariableName,
      expected: "a name of letters, digits and underscores")
  }

  func urlPath(_ value: String, _ what: String) throws(RecipeError) -> String {
    try require(value, what, PlainText.isURLPath, expected: "a URL path that starts with a slash")
  }

  /// `Next.js 16.3.4`, for the comment at the top.
  func framework(_ title: String) -> String {
    guard let version = service.framework.version, DockerText.isVersion(version) else {
      return title
    }
    return "\(title) \(version)"
  }

  /// The Debian packages that `apt-get install` gets; nil when there are none.
  func systemPackages(_ which: KeyPath<SystemPackages, [String]>) throws(RecipeError) -> String? {
    let names = service.systemPackages[keyPath: which]
    guard !names.isEmpty else { return nil }
    return try packages(names).joined(separator: " ")
  }

  func packages(_ names: [String]) throws(RecipeError) -> [String] {
    var checked: [String] = []
    for name in names {
      checked.append(
        try require(
          name, "system package", DockerText.isDebianPackage,
          expected: "the name of a Debian package"))
    }
    return checked
  }

  /// The `COPY` lines that bring the installation's inputs, each to its own place. Manifests beside each other share
  /// one line; anything else gets its own, because `COPY folder ./` would spill the folder's contents.
  func installCopies() throws(RecipeError) -> [String] {
    var manifests: [String] = []
    var others: [String] = []
    for input in service.installInputs {
      let path = try path(input.removing(suffix: "/"), "installation input")
      if input.hasSuffix("/") || path.contains("/") || !Self.isManifest(path) {
        others.append("COPY \(path) ./\(path)")
      } else {
        manifests.append(path)
      }
    }
    guard !manifests.isEmpty else { return others }
    return ["COPY \(manifests.joined(separator: " ")) ./"] + others
  }

  private static func isManifest(_ name: String) -> Bool {
    let endings = [
      ".json", ".lock", ".lockb", ".toml", ".txt", ".in", ".yaml", ".yml", ".cfg", ".md", ".npmrc",
      ".yarnrc", ".cjs",
      ".mjs", ".python-version", "Pipfile", "setup.py", "LICENSE",
    ]
    return endings.contains(where: name.hasSuffix)
  }

  /// The secrets of the build. Those that a package manager's own settings name are needed by the installation.
  func buildSecrets() throws(RecipeError) -> (install: [BuildSecret], build: [BuildSecret]) {
    var install: [BuildSecret] = []
    var build: [BuildSecret] = []
    for variable in service.environment where isMounted(variable) {
      let secret = secret(try self.variable(variable.name))
      build.append(secret)
      if Self.isForInstallation(variable), variable.delivery == .buildSecret {
        install.append(secret)
      }
    }
    return (install, build)
  }

  private static func isForInstallation(_ variable: EnvironmentVariable) -> Bool {
    variable.sources.contains(where: isInstallSetting) || isIndexSetting(variable.name)
  }

  /// Docker's classic builder cannot mount anything: what the code may do without is left out there. Whether an index
  /// answers without its token is not known.
  private func isMounted(_ variable: EnvironmentVariable) -> Bool {
    switch variable.delivery {
    case .buildSecret:
      mountsCaches || variable.requirement != .optional || Self.isForInstallation(variable)
    case .runtimeSecret: mountsCaches && variable.buildPlaceholder != nil
    case .buildArgument, .refused, .runtime, .platform: false
    }
  }

  /// What the step that builds exports where nobody passes a value: its code cannot do without one.
  func buildPlaceholders() throws(RecipeError) -> [String] {
    var exports: [String] = []
    for variable in service.environment {
      guard let text = variable.buildPlaceholder else { continue }
      let name = try self.variable(variable.name)
      let value = try require(
        text, "placeholder of \(name)", PlainText.isPlaceholder,
        expected: "a text of letters, digits and _-./:@,+=")
      exports.append("export \(name)=\"${\(name):-\(value)}\"")
    }
    return exports
  }

  /// BuildKit sets the variable itself.
  private func secret(_ name: String) -> BuildSecret {
    switch options.dialect {
    case .buildkit: .variable(name)
    case .portable, .classic: .file(name)
    }
  }

  /// The variables that may be build arguments, and those that are left out because their names say secret.
  /// - Parameter explanation: says above each argument why it is declared.
  func buildArguments(_ explanation: Explanation) throws(RecipeError) -> (
    passed: [BuildArgument], refused: [String]
  ) {
    var passed: [BuildArgument] = []
    var refused: [String] = []
    for variable in service.environment {
      switch variable.delivery {
      case .buildArgument:
        let name = try self.variable(variable.name)
        passed.append(
          BuildArgument(
            name: name, required: variable.required,
            kept: existing?.lines.arguments[variable.name]?.text,
            reason: explanation.comment(on: variable)))
      case .refused: refused.append(try self.variable(variable.name))
      case .buildSecret, .runtime, .runtimeSecret, .platform: break
      }
    }
    return (passed, refused)
  }

  /// An index's address, which pip and uv take from the environment of the step.
  private static func isIndexSetting(_ name: String) -> Bool {
    ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"].contains(name)
      || name.hasPrefix("UV_") && name.contains("INDEX")
  }

  private static func isInstallSetting(_ source: String) -> Bool {
    let file = source.split(separator: "/").last?.prefix { $0 != ":" } ?? ""
    return file.hasSuffix("npmrc") || file.hasSuffix(".yarnrc.yml") || file == "bunfig.toml"
      || ["pnpm-workspace.yaml", "pyproject.toml", "Pipfile"].contains(String(file))
      || (file.hasSuffix(".txt") && file.contains("requirements"))
  }
}

/// A public value that the build writes into the browser's code.
struct BuildArgument: Sendable {
  let name: String
  /// The argument as ARG takes it, with a default that is kept.
  let declaration: String
  /// The comment above it.
  let reason: String?
  /// The shell's word that stops the build when a required value is not passed; an empty one will do.
  let check: String?

  /// - Parameter kept: the whole instruction of the Dockerfile that was there.
  init(name: String, required: Bool, kept: String?, reason: String?) {
    self.name = name
    self.reason = reason
    declaration = kept.map { String($0.trimmingPrefix("ARG ")) } ?? name
    guard required else {
      check = nil
      return
    }
    check = "\"${\(name)?is not set: pass --build-arg \(name)=VALUE}\""
  }
}
