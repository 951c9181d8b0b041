import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// The environment variables of a Next.js application: from its sources, its example files and its `.npmrc`.
struct NextEnvironment {
  private(set) var variables: [EnvironmentVariable] = []
  private(set) var findings: [Finding] = []

  private struct Reading {
    let path: String
    let line: Int
    var use = JSEnvironmentRead.Use.tested
    /// Whether what is read is fixed when the image is built.
    var isInConfig = false

    var place: Place { .source(file: path, line: line) }
  }

  private var readings: [String: [Reading]] = [:]
  /// Places that read a variable whose name is computed.
  private var computed: [Place] = []
  /// Variables of which a value was found that is a secret, whatever their names say.
  private var holdingCredentials: Set<String> = []
  private let folder: String
  private let configFiles: Set<String>

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
    "SENTRY_AUTH_TOKEN", "NPM_TOKEN", "NODE_AUTH_TOKEN", "GITHUB_TOKEN", "TURBO_TOKEN",
    "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY",
  ]
  private static let extensions: Set<Substring> = [
    "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts",
  ]
  private static let testFolders: Set<Substring> = [
    "tests", "test", "__tests__", "e2e", "integration", "playwright-tests", "cypress", "playwright",
    "__mocks__", "mocks", ".storybook", "stories", "coverage",
  ]
  private static let testMarks = [
    ".test.", ".spec.", ".stories.", ".d.ts", "jest.", "vitest.", "playwright.", "cypress.",
  ]
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
  ///   - configFiles: `next.config.*` and what it imports: what they read is fixed when the image is built.
  ///   - members: folders of workspace members that the application is built from, its own left out.
  ///   - root: the workspace's root, whose settings count too.
  init(
    _ folder: String, configFiles: Set<String>, members: [String] = [], root: String? = nil,
    in tree: ProjectTree
  ) {
    self.folder = folder
    self.configFiles = configFiles
    for place in [folder] + members {
      let packages = Self.nestedPackages(place, tree)
      scan(tree.files(below: place).filter { Self.isSource($0, place, packages) }, tree)
    }
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
    variables = readings.map(variable).sorted { ProjectTree.precedes($0.name, $1.name) }
  }

  // MARK: Sources

  /// Folders below the service with a manifest of their own: other packages, which read what is theirs.
  private static func nestedPackages(_ folder: String, _ tree: ProjectTree) -> [String] {
    tree.packageFolders.filter { $0 != folder && ProjectPath.relative($0, to: folder) != nil }.map {
      $0 + "/"
    }
  }

  private static func isSource(_ path: String, _ folder: String, _ packages: [String]) -> Bool {
    guard let dot = path.lastIndex(of: "."), extensions.contains(path[path.index(after: dot)...])
    else { return false }
    if !packages.isEmpty, packages.contains(where: path.hasPrefix) { return false }
    let name = ProjectTree.name(path)
    if testMarks.contains(where: { $0.hasPrefix(".") ? name.contains($0) : name.hasPrefix($0) }) {
      return false
    }
    let below = folder == "." ? path[...] : path.dropFirst(folder.count + 1)
    return !below.split(separator: "/").dropLast().contains { testFolders.contains($0) }
  }

  private mutating func scan(_ paths: [String], _ tree: ProjectTree) {
    // Reading and tokenizing is all of the work, and each file's is its own.
    let results = Concurrently.map(paths) { path in Self.reads(in: path, tree) }
    for (path, result) in zip(paths, results) {
      switch result {
      case .success(let reads): for (read, line) in reads { add(read, path, line) }
      case .failure(let error):
        // Data and bundles that lie among the sources are large; nobody reads the environment in them.
        guard case .unreadable = error, findings.count < 100 else { continue }
        findings.append(
          error.passedOver(path, id: "FORGE-N046", "what it reads of the environment"))
      }
    }
  }

  /// What a source file reads of the environment, each with its line.
  private static func reads(in path: String, _ tree: ProjectTree) -> Result<
    [(JSEnvironmentRead, Int)], AnalysisError
  > {
    let bytes: [UInt8]?
    do throws(AnalysisError) {
      bytes = try tree.bytes(path, limit: ProjectTree.maximumSourceSize)
    } catch { return .failure(error) }
    guard let bytes, bytes.contains("process") else { return .success([]) }
    let source = SourceText(name: path, bytes: bytes)
    let isPlainTypeScript = [".ts", ".mts", ".cts"].contains(where: path.hasSuffix)
    let reads = JSEnvironmentRead.find(in: source, jsx: !isPlainTypeScript).filter {
      $0.name.isEmpty || EnvironmentName.isValid($0.name)
    }
    return .success(reads.map { ($0, source.line(at: $0.offset)) })
  }

  private mutating func add(_ read: JSEnvironmentRead, _ path: String, _ line: Int) {
    let reading = Reading(
      path: path, line: line, use: read.use, isInConfig: configFiles.contains(path))
    if read.name.isEmpty {
      computed.append(reading.place)
      return
    }
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
          let key = rest[open.upperBound..<close].prefix { $0 != ":" && $0 != "-" && $0 != "?" }
          if EnvironmentName.isValid(String(key)) {
            add(String(key), Reading(path: path, line: index + 1, use: .plain, isInConfig: true))
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
        add(name, Reading(path: path, line: index + 1, use: .plain))
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
    var defaults: [String] = []
    var isDefaulted = false
    var isNeeded = false
    for reading in readings {
      switch reading.use {
      case .plain: isNeeded = true
      case .defaulted(let text):
        isDefaulted = true
        if let text { defaults.append(text) }
      case .tested: break
      }
    }
    return EnvironmentVariable(
      name: name, scope: scope, required: isNeeded && !isDefaulted && scope != .platform,
      default: isSecret ? nil : defaults.first, places: places(readings))
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
