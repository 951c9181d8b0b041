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
    let use: JSEnvironmentRead.Use
    let isInConfig: Bool

    var source: String { "\(path):\(line)" }
  }

  private var readings: [String: [Reading]] = [:]
  /// Places that read a variable whose name is computed.
  private var computed: [String] = []
  /// Variables of which a value was found that is a secret, whatever their names say.
  private var holdingCredentials: Set<String> = []
  private let folder: String
  private let configFiles: Set<String>

  /// Set by the image, by Next.js or by the platform, not by whoever deploys.
  private static let platform: Set<String> = [
    "PORT", "HOST", "HOSTNAME", "NODE_ENV", "NODE_OPTIONS", "NEXT_TELEMETRY_DISABLED",
    "NEXT_RUNTIME", "NEXT_PHASE",
    "KEEP_ALIVE_TIMEOUT", "NEXT_MANUAL_SIG_HANDLE", "CI", "HOME", "PATH", "PWD", "TZ", "USER",
    "VERCEL", "VERCEL_ENV",
    "VERCEL_URL", "NETLIFY", "npm_package_version", "npm_lifecycle_event", "JEST_WORKER_ID",
    "VITEST",
    "KUBERNETES_SERVICE_HOST", "NEXT_PRIVATE_STANDALONE",
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
    "__mocks__",
    "mocks", ".storybook", "stories",
    "coverage",
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
    for place in [folder] + (root.map { [$0] } ?? []) {
      for name in Self.examples {
        readAssignments(ProjectTree.join(place, name), tree, areExamples: true)
      }
      readRegistrySettings(place, tree)
      readTaskRunner(place, tree)
      if root == folder { break }
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
      add(
        variable.name,
        Reading(path: variable.path, line: variable.line, use: .tested, isInConfig: false))
    }
    findings += EnvironmentName.computed(computed, id: "FORGE-N045").map { [$0] } ?? []
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
    let found = Concurrently.map(paths) {
      path -> Result<[(JSEnvironmentRead, Int)], AnalysisError> in
      let bytes: [UInt8]
      do throws(AnalysisError) {
        guard let found = try tree.bytes(path, limit: ProjectTree.maximumSourceSize),
          found.contains("process")
        else {
          return .success([])
        }
        bytes = found
      } catch { return .failure(error) }
      let source = SourceText(name: path, bytes: bytes)
      let isPlainTypeScript =
        path.hasSuffix(".ts") || path.hasSuffix(".mts") || path.hasSuffix(".cts")
      return .success(
        JSEnvironmentRead.find(in: source, jsx: !isPlainTypeScript)
          .filter { $0.name.isEmpty || EnvironmentName.isValid($0.name) }.map {
            ($0, source.line(at: $0.offset))
          })
    }
    for (path, result) in zip(paths, found) {
      switch result {
      case .success(let reads):
        for (read, line) in reads {
          if read.name.isEmpty { computed.append("\(path):\(line)") } else { add(read, path, line) }
        }
      case .failure(let error):
        // Data and bundles that lie among the sources are large; nobody reads the environment in them.
        guard case .unreadable = error, findings.count < 100 else { continue }
        findings.append(
          error.passedOver(path, id: "FORGE-N046", "what it reads of the environment"))
      }
    }
  }

  private mutating func add(_ read: JSEnvironmentRead, _ path: String, _ line: Int) {
    add(
      read.name,
      Reading(path: path, line: line, use: read.use, isInConfig: configFiles.contains(path)))
    if case .defaulted(let text?) = read.use { judgeDefault(read.name, text, "\(path):\(line)") }
    if !read.isInlined, read.name.hasPrefix("NEXT_PUBLIC_") {
      note(
        "FORGE-N043", .warning,
        "\(read.name) is read in a way that Next.js does not replace: it is empty in browsers",
        "\(path):\(line)", "write process.env.\(read.name) in full")
    }
  }

  private mutating func judgeDefault(_ name: String, _ text: String, _ location: String) {
    if SecretName.holdsCredentials(text) { holdingCredentials.insert(name) }
    let isSecret = SecretName.isSecret(name) || SecretName.holdsCredentials(text)
    guard isSecret, !text.isEmpty else { return }
    note(
      "FORGE-N041", .warning,
      "the default of \(name) stands in the code: whoever reads the image knows it", location,
      "take the default away, and fail where the variable is not set")
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
      add(key, Reading(path: path, line: index + 1, use: .tested, isInConfig: false))
    }
    if Self.copied.contains(name), hasValue {
      note(
        "FORGE-N042", .warning,
        "\(name) holds values, and Next.js copies it into its standalone output", path + ":1",
        "keep it out of the build: pass public values as build arguments, and the others when the container runs"
      )
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
        let isToken =
          row.contains("_authToken") || row.contains("_password") || row.contains("npmAuthToken")
        if isToken, !row.contains("${") {
          note(
            "FORGE-N044", .error, "a registry token is written into the file",
            "\(path):\(index + 1)",
            "revoke it, and write ${NPM_TOKEN} in its place")
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
        guard let text = element.string else { continue }
        // Before version 1.10 variables stood as `$NAME`.
        addMention(text.hasPrefix("$") ? String(text.dropFirst()) : text, source, element.offset)
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
        add(name, Reading(path: path, line: index + 1, use: .plain, isInConfig: false))
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
    add(
      name,
      Reading(path: source.name, line: source.line(at: offset), use: .tested, isInConfig: false))
  }

  // MARK: Judging

  private func variable(_ name: String, _ readings: [Reading]) -> EnvironmentVariable {
    let scope = scope(name, readings)
    let isSecret =
      scope == .buildSecret || scope == .runtimeSecret || SecretName.isSecret(name)
      || holdingCredentials.contains(name)
    var defaults: [String] = []
    var isDefaulted = false
    var isWanted = false
    for reading in readings {
      switch reading.use {
      case .plain: isWanted = true
      case .defaulted(let text):
        isDefaulted = true
        if let text { defaults.append(text) }
      case .tested: break
      }
    }
    return EnvironmentVariable(
      name: name, scope: scope, required: isWanted && !isDefaulted && scope != .platform,
      default: isSecret ? nil : defaults.first, sources: sources(readings))
  }

  /// By file, then by line.
  private func sources(_ readings: [Reading]) -> [String] {
    let sorted = readings.sorted {
      $0.path == $1.path ? $0.line < $1.line : ProjectTree.precedes($0.path, $1.path)
    }
    return sorted.reduce(into: []) { if $0.last != $1.source { $0.append($1.source) } }
  }

  private func scope(_ name: String, _ readings: [Reading]) -> EnvironmentVariable.Scope {
    if Self.platform.contains(name) { return .platform }
    if name.hasPrefix("NEXT_PUBLIC_") { return .buildPublic }
    let isSecret = SecretName.isSecret(name) || holdingCredentials.contains(name)
    if Self.buildSecrets.contains(name) { return .buildSecret }
    if readings.contains(where: \.isInConfig) { return isSecret ? .buildSecret : .buildPublic }
    return isSecret ? .runtimeSecret : .runtime
  }

  private mutating func note(
    _ id: String, _ severity: Severity, _ message: String, _ source: String, _ fix: String
  ) {
    findings.append(
      Finding(id: id, severity: severity, message: message, location: source, fix: fix))
  }
}
