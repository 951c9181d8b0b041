import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeJavaScript
import ForgeSyntax

/// The environment variables of a Next.js application: from its sources, its example files and its `.npmrc`.
struct NextEnvironment {
  private(set) var variables: [EnvironmentVariable] = []
  private(set) var findings: [Finding] = []

  private struct Reading {
    let path: String
    let line: Int
    /// Nil for a place that only names the variable, such as `.env.example`.
    var use: JSEnvironmentRead.Use?
    /// Whether what is read is fixed when the image is built.
    var isInConfig = false
    /// Whether `next build` loads the code that cannot do without the variable.
    var isNeededByBuild = false
    /// A value that will do for the build.
    var placeholder: String?
    var isInSchema = false

    var place: Place { .source(file: path, line: line) }
  }

  private var readings: [String: [Reading]] = [:]
  /// Places that read a variable whose name is computed.
  private var computed: [Place] = []
  /// Variables of which a value was found that is a secret, whatever their names say.
  private var holdingCredentials: Set<String> = []
  /// Variables that turn the check of the others off.
  private var switches: Set<String> = []
  private let folder: String
  private let config: NextConfig

  /// Set by the image, by Next.js or by the platform, not by whoever deploys.
  private static let platform: Set<String> = [
    "PORT", "HOST", "HOSTNAME", "NODE_ENV", "NODE_OPTIONS", "NEXT_TELEMETRY_DISABLED",
    "NEXT_RUNTIME", "NEXT_PHASE", "KEEP_ALIVE_TIMEOUT", "NEXT_MANUAL_SIG_HANDLE", "CI", "HOME",
    "PATH", "PWD", "TZ", "USER",
    "VERCEL", "VERCEL_ENV", "VERCEL_URL", "NETLIFY", "npm_package_version", "npm_lifecycle_event",
    "JEST_WORKER_ID",
    "VITEST", "KUBERNETES_SERVICE_HOST", "NEXT_PRIVATE_STANDALONE",
  ]
  /// Secrets that only the build needs, or that the build must know too.
  private static let buildSecrets: Set<String> = [
    "SENTRY_AUTH_TOKEN", "NPM_TOKEN", "NODE_AUTH_TOKEN", "GITHUB_TOKEN", "TURBO_TOKEN", actionsKey,
  ]
  /// As create-t3-app and those who copy it name the variable that turns their checks off.
  private static let usualSwitch = "SKIP_ENV_VALIDATION"
  /// Next.js makes a key for server actions at every build unless it gets one: a page that a browser opened before an
  /// update then calls actions that the new image does not know.
  private static let actionsKey = "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY"
  private static let examples = [
    ".env.example", ".env.sample", ".env.template", ".env.dist", "env.example",
  ]
  private static let values = [
    ".env", ".env.local", ".env.production", ".env.production.local", ".env.development",
    ".env.development.local",
  ]

  /// What `next build` copies into the standalone output.
  private static let copied: Set<String> = [".env", ".env.production"]

  /// - Parameters:
  ///   - config: what it reads, and what the files that it imports read, is fixed when the image is built.
  ///   - members: folders of workspace members that the application is built from, its own left out.
  ///   - root: the workspace's root, whose settings count too.
  init(
    _ folder: String, config: NextConfig, members: [String] = [], root: String? = nil,
    in tree: ProjectTree
  ) {
    self.folder = folder
    self.config = config
    scan(([folder] + members).flatMap { NextSourceFiles.all(below: $0, in: tree) }, members, tree)
    for place in [folder, root].compactMap(\.self).uniqued {
      for name in Self.examples {
        readAssignments(ProjectTree.join(place, name), tree, areExamples: true)
      }
      readRegistrySettings(place, tree)
      readTaskRunner(place, tree)
    }
    for member in [folder] + members { readSchemas(member, tree) }
    for name in Self.values {
      readAssignments(ProjectTree.join(folder, name), tree, areExamples: false)
    }
    readVercel(tree)
    for variable in ComposeFile.environment(of: folder, in: tree)
    where EnvironmentName.isValid(variable.name) {
      if let value = variable.value, SecretName.holdsCredentials(value) {
        holdingCredentials.insert(variable.name)
      }
      add(variable.name, Reading(path: variable.path, line: variable.line))
    }
    if let finding = EnvironmentName.computed(computed, id: "FORGE-N045") {
      findings.append(finding)
    }
    for name in phantoms { readings[name] = nil }
    variables = readings.map(variable).sorted { ProjectTree.precedes($0.name, $1.name) }
    noteNeeds()
  }

  // MARK: Sources

  private mutating func scan(_ paths: [String], _ members: [String], _ tree: ProjectTree) {
    // Reading and tokenizing is all of the work, and each file's is its own.
    let configFiles = config.files
    let results = Concurrently.map(paths) { path in
      NextSource.read(path, isConfig: configFiles.contains(path), tree)
    }
    var sources: [NextSource] = []
    for (path, result) in zip(paths, results) {
      switch result {
      case .success(let source): sources.append(source)
      case .failure(let error):
        // Data and bundles that lie among the sources are large; nobody reads the environment in them.
        guard case .unreadable = error, findings.count < 100 else { continue }
        findings.append(
          error.passedOver(path, id: "FORGE-N046", "what it reads of the environment"))
      }
    }
    let modules = NextModules(
      folder, members: members, configFiles: configFiles,
      specifiers: Dictionary(sources.map { ($0.path, $0.specifiers) }) { first, _ in first },
      in: tree)
    for source in sources { add(source, modules) }
    for source in sources {
      guard let line = source.serverActions else { continue }
      add(
        Self.actionsKey, Reading(path: source.path, line: line, use: .tested, isInConfig: true))
      break
    }
  }

  private mutating func add(_ source: NextSource, _ modules: NextModules) {
    let isLoaded = modules.loaded.contains(source.path)
    for read in source.facts.reads {
      let line = source.line(at: read.offset)
      guard !read.name.isEmpty else {
        computed.append(.source(file: source.path, line: line))
        continue
      }
      var reading = Reading(path: source.path, line: line, use: read.use)
      reading.isInConfig = isInConfig(read, source.path, modules)
      reading.placeholder = read.example
      reading.isInSchema = read.isInSchema
      if let setting = client(read, source.facts.calls) {
        reading.use = .demanded
        reading.placeholder = setting.placeholder
        reading.isNeededByBuild = isLoaded
      } else if isLoaded, read.isAtLoad {
        reading.isNeededByBuild = read.use == .demanded || isHandedToCall(read, source.facts.calls)
      }
      let isTool = NextSourceFiles.isTool(source.path, below: folder) && !isLoaded
      if isTool, reading.use == .demanded || reading.use == .asserted { reading.use = .plain }
      add(read, reading)
    }
    for call in source.facts.calls {
      for setting in NodeClients.ownVariables(of: call) {
        guard let name = setting.variable else { continue }
        let line = source.line(at: call.range.lowerBound)
        add(
          name,
          Reading(
            path: source.path, line: line, use: .demanded, isNeededByBuild: isLoaded,
            placeholder: setting.placeholder))
      }
    }
    guard isLoaded else { return }
    var switches = source.facts.switches
    switches += source.facts.reads.filter { $0.name == Self.usualSwitch && $0.use == .tested }.map {
      JSEnvironmentFacts.Switch(name: $0.name, value: "1", offset: $0.offset)
    }
    for one in switches where self.switches.insert(one.name).inserted {
      let line = source.line(at: one.offset)
      add(
        one.name,
        Reading(
          path: source.path, line: line, use: .tested, isNeededByBuild: true,
          placeholder: one.value))
    }
  }

  /// What the configuration alone reads is fixed when the image is built; what the application's own modules read, or a
  /// schema of the whole environment, is read again when it runs.
  private func isInConfig(_ read: JSEnvironmentRead, _ path: String, _ modules: NextModules) -> Bool
  {
    guard config.files.contains(path) else { return false }
    if path == config.file { return true }
    return !read.isInSchema && !modules.routed.contains(path)
  }

  /// What a client that is made when the module is loaded cannot do without, where the value is handed to it.
  private func client(
    _ read: JSEnvironmentRead, _ calls: [JSEnvironmentFacts.ImportedCall]
  ) -> NodeClients.Setting? {
    guard read.use == .plain || read.use == .asserted else { return nil }
    for call in calls where read.usedAt.contains(where: call.range.contains) {
      if let setting = NodeClients.settings(of: call).first { return setting }
    }
    return nil
  }

  private func isHandedToCall(
    _ read: JSEnvironmentRead, _ calls: [JSEnvironmentFacts.ImportedCall]
  ) -> Bool {
    read.use == .asserted
      && calls.contains { call in read.usedAt.contains(where: call.range.contains) }
  }

  private mutating func add(_ read: JSEnvironmentRead, _ reading: Reading) {
    add(read.name, reading)
    if case .defaulted(let text?) = read.use {
      checkDefault(text, of: read.name, at: reading.place)
    }
    if !read.isInlined, read.name.hasPrefix("NEXT_PUBLIC_") {
      findings.note(
        "FORGE-N043", .warning,
        "\(read.name) is read in a way that Next.js does not replace: it is empty in browsers",
        at: reading.place, subject: .variable(read.name),
        fix: "write process.env.\(read.name) in full")
    }
  }

  private mutating func checkDefault(_ text: String, of name: String, at place: Place) {
    let holdsCredentials = SecretName.holdsCredentials(text)
    if holdsCredentials { holdingCredentials.insert(name) }
    guard holdsCredentials || SecretName.isSecret(name), !text.isEmpty else { return }
    findings.note(
      "FORGE-N041", .warning,
      "the default of \(name) stands in the code: whoever reads the image knows it", at: place,
      subject: .variable(name), fix: "take the default away, and fail where the variable is not set"
    )
  }

  private mutating func add(_ name: String, _ reading: Reading) {
    readings[name, default: []].append(reading)
  }

  // MARK: Files of variables

  /// The names in a file of `NAME=value` lines. Values are never kept: they are examples or secrets.
  private mutating func readAssignments(_ path: String, _ tree: ProjectTree, areExamples: Bool) {
    let name = ProjectTree.name(path)
    guard let source = try? tree.read(path, limit: 1 << 20) else { return }
    let rows = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    var hasValue = false
    for (index, row) in rows.enumerated().prefix(5_000) {
      var text = row.drop { $0 == " " || $0 == "\t" }
      if text.hasPrefix("export ") { text = text.dropFirst(7) }
      let key = String(text.prefix { $0 != "=" && $0 != " " })
      let rest = text.dropFirst(key.count).drop { $0 == " " }
      guard rest.first == "=", EnvironmentName.isValid(key) else { continue }
      let value = rest.dropFirst()
      hasValue = hasValue || !value.allSatisfy(\.isWhitespace)
      if !areExamples, SecretName.holdsCredentials(String(value)) { holdingCredentials.insert(key) }
      add(key, Reading(path: path, line: index + 1))
    }
    if Self.copied.contains(name), hasValue {
      findings.note(
        "FORGE-N042", .warning,
        "\(name) holds values, and Next.js copies it into its standalone output",
        at: source.place(line: 1),
        fix: "keep it out of the build: pass public values as build arguments, and the others when "
          + "the container runs")
    }
  }

  /// `//host/:_authToken=${NPM_TOKEN}` in `.npmrc`: a secret of the installation.
  private mutating func readRegistrySettings(_ place: String, _ tree: ProjectTree) {
    for name in [".npmrc", ".yarnrc.yml", "bunfig.toml"] {
      let path = ProjectTree.join(place, name)
      guard let source = try? tree.read(path, limit: 1 << 20) else { continue }
      let rows = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      for (index, row) in rows.enumerated().prefix(5_000)
      where !row.hasPrefix("#") && !row.hasPrefix(";") {
        var rest = row[...]
        while let open = rest.firstRange(of: "${"),
          let close = rest[open.upperBound...].firstIndex(of: "}")
        {
          let whole = rest[open.upperBound..<close]
          let key = whole.prefix { $0 != ":" && $0 != "-" && $0 != "?" }
          if EnvironmentName.isValid(String(key)) {
            var reading = Reading(path: path, line: index + 1, use: .demanded, isInConfig: true)
            // `${NPM_TOKEN-}` and `${NPM_TOKEN?}` do without it.
            if key != whole { reading.use = .tested }
            add(String(key), reading)
          }
          rest = rest[close...]
        }
        let isToken = ["_authToken", "_password", "npmAuthToken"].contains { row.contains($0) }
        if isToken, !row.contains("${") {
          findings.note(
            "FORGE-N044", .error, "a registry token is written into the file",
            at: source.place(line: index + 1),
            fix: "revoke it, and write ${NPM_TOKEN} in its place")
        }
      }
    }
  }

  /// `turbo.json`: what tasks may see of the environment. It names variables, and says nothing about their use.
  private mutating func readTaskRunner(_ place: String, _ tree: ProjectTree) {
    for name in ["turbo.json", "turbo.jsonc"] {
      guard let source = try? tree.read(ProjectTree.join(place, name), limit: 1 << 20),
        let root = try? JSON.parse(source, .projectWithComments)
      else { continue }
      let tasks = (root["tasks"] ?? root["pipeline"])?.members.map(\.value) ?? []
      let lists =
        ["globalEnv", "globalPassThroughEnv"].map { root[$0] }
        + tasks.flatMap { [$0["env"], $0["passThroughEnv"]] }
      for element in lists.flatMap({ $0?.elements ?? [] }).prefix(5_000) {
        guard var name = element.string else { continue }
        // Before version 1.10 variables stood as `$NAME`.
        if name.hasPrefix("$") { name.removeFirst() }
        addMention(name, source, element.offset)
      }
    }
  }

  /// `url = env("DATABASE_URL")` in the schema of Prisma.
  private mutating func readSchemas(_ place: String, _ tree: ProjectTree) {
    for path in tree.files(below: place) where path.hasSuffix(".prisma") {
      guard let source = try? tree.read(path, limit: 4 << 20) else { continue }
      let rows = source.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      for (index, row) in rows.enumerated().prefix(100_000) {
        guard let call = row.firstRange(of: "env(\""),
          !row.prefix(upTo: call.lowerBound).contains("//")
        else {
          continue
        }
        let name = String(row[call.upperBound...].prefix { $0 != "\"" })
        guard EnvironmentName.isValid(name) else { continue }
        var reading = Reading(path: path, line: index + 1)
        // Other addresses are for the tool alone.
        if row.drop(while: \.isWhitespace).hasPrefix("url") { reading.use = .demanded }
        add(name, reading)
      }
    }
  }

  /// `vercel.json`: `env` and `build.env`.
  private mutating func readVercel(_ tree: ProjectTree) {
    guard let source = try? tree.read(ProjectTree.join(folder, "vercel.json"), limit: 1 << 20),
      let root = try? JSON.parse(source, .projectWithComments)
    else { return }
    for member in (root["env"]?.members ?? []) + (root["build"]?["env"]?.members ?? []) {
      addMention(member.key, source, member.keyOffset)
    }
  }

  /// Patterns and exclusions (`NEXT_PUBLIC_*`, `!CI`) name no variable.
  private mutating func addMention(_ name: String, _ source: SourceText, _ offset: Int) {
    guard EnvironmentName.isValid(name) else { return }
    add(name, Reading(path: source.name, line: source.line(at: offset)))
  }

  // MARK: Variables

  private func variable(_ name: String, _ readings: [Reading]) -> EnvironmentVariable {
    let scope = scope(name, readings)
    let isSecret = scope == .buildSecret || scope == .runtimeSecret || isSecret(name)
    let requirement = requirement(readings, scope)
    let defaults = readings.compactMap { reading -> String? in
      guard case .defaulted(let text) = reading.use else { return nil }
      return text
    }
    var variable = EnvironmentVariable(
      name: name, scope: scope, requirement: requirement, places: places(readings))
    if !isSecret, requirement != .required { variable.default = defaults.first }
    if scope == .buildPublic || scope == .buildSecret {
      let isReadWhenRunning = readings.contains { $0.use != nil && !$0.isInConfig }
      variable.isAlsoReadAtRunTime =
        isReadWhenRunning && !name.hasPrefix("NEXT_PUBLIC_") && !Self.buildSecrets.contains(name)
    }
    if scope == .runtime || scope == .runtimeSecret {
      let needs = readings.filter(\.isNeededByBuild)
      variable.buildPlaceholder = needs.first.map { _ in
        BuildPlaceholder.text(for: name, examples: needs.compactMap(\.placeholder))
      }
    }
    return variable
  }

  private func requirement(
    _ readings: [Reading], _ scope: EnvironmentVariable.Scope
  ) -> EnvironmentVariable.Requirement {
    if scope == .platform { return .optional }
    let uses = readings.compactMap(\.use)
    if uses.contains(.demanded) || uses.contains(.asserted) { return .required }
    if uses.isEmpty || uses.contains(.plain) { return .unknown }
    return .optional
  }

  /// Keys of `env` in the configuration: Next.js puts what stands there in the place of `process.env.KEY`. Where the
  /// configuration does not itself read a variable of that name, there is none.
  private var phantoms: [String] {
    guard case .object(let object)? = config.root["env"] else { return [] }
    return object.entries.compactMap { entry in
      guard case .value(let key, _, _) = entry,
        readings[key]?.contains(where: { config.files.contains($0.path) }) != true
      else { return nil }
      return key
    }
  }

  private mutating func noteNeeds() {
    for variable in variables where variable.buildPlaceholder != nil {
      let needs = (readings[variable.name] ?? []).filter { $0.isNeededByBuild && $0.use != .tested }
      if let need = needs.first(where: { !$0.isInSchema }) {
        findings.note(
          "FORGE-N047", .info,
          "next build loads this module, which cannot do without \(variable.name): the build gets a "
            + "placeholder, and the container needs the real value",
          at: need.place, subject: .variable(variable.name),
          fix: "make the client in a function that runs with the first request, so that the build "
            + "needs nothing")
      } else if let need = needs.first, need.placeholder == nil, switches.isEmpty {
        findings.note(
          "FORGE-N048", .warning,
          "next build checks \(variable.name) by a schema that asks for more than is understood here: "
            + "the placeholder that the build gets may not pass",
          at: need.place, subject: .variable(variable.name),
          fix: "pass a value that passes as a build secret, or give createEnv "
            + "skipValidation: !!process.env.SKIP_ENV_VALIDATION")
      }
    }
  }

  /// By file, then by line.
  private func places(_ readings: [Reading]) -> [Place] {
    let sorted = readings.sorted {
      $0.path == $1.path ? $0.line < $1.line : ProjectTree.precedes($0.path, $1.path)
    }
    return sorted.reduce(into: []) { found, reading in
      if found.last != reading.place { found.append(reading.place) }
    }
  }

  private func isSecret(_ name: String) -> Bool {
    SecretName.isSecret(name) || holdingCredentials.contains(name)
  }

  private func scope(_ name: String, _ readings: [Reading]) -> EnvironmentVariable.Scope {
    if Self.platform.contains(name) { return .platform }
    if switches.contains(name) { return .runtime }
    if name.hasPrefix("NEXT_PUBLIC_") { return .buildPublic }
    if Self.buildSecrets.contains(name) { return .buildSecret }
    switch (isSecret(name), readings.contains(where: \.isInConfig)) {
    case (true, true): return .buildSecret
    case (true, false): return .runtimeSecret
    case (false, true): return .buildPublic
    case (false, false): return .runtime
    }
  }
}
