import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

/// What `forge.yaml` says about the services, which counts for more than what the code says.
struct ServiceSettings {
  struct Override {
    let name: String
    /// Where its key stands.
    let place: Place
    var path: String?
    var kind: Service.Kind?
    var isExcluded = false
    /// By key: `port`, `health`, `node`, …
    var texts: [String: Written<String>] = [:]
    var buildArguments: [String: String] = [:]
  }

  private(set) var overrides: [Override] = []
  private static let keys = [
    "path", "kind", "exclude", "entrypoint", "versions", "port", "health", "server", "build-args",
  ]
  /// About the recipe, which reads and checks them.
  private static let recipeKeys = ["base", "dialect"]
  private static let runtimes = ["node", "python", "package-manager"]
  static let servers = ["uvicorn", "gunicorn", "hypercorn", "granian", "fastapi"]

  /// - Parameter folder: the one that was given; its own settings come after those of the root.
  /// - Throws: `AnalysisError.settings` for a key or a value that forge does not know.
  init(in tree: ProjectTree, at folder: String = ".") throws(AnalysisError) {
    for folder in [".", folder].uniqued {
      let path = ProjectTree.join(folder, SettingsFile.name)
      let source: SourceText?
      do throws(AnalysisError) {
        source = try tree.read(path, limit: SettingsFile.maximumSize)
      } catch {
        guard case .tooLarge = error else { throw error }
        throw .settings(location: path, reason: SettingsFile.tooLarge)
      }
      if let source { try read(source) }
    }
  }

  private mutating func read(_ source: SourceText) throws(AnalysisError) {
    let root: YAMLValue?
    do { root = try YAMLValue.parse(source) } catch {
      throw .settings(location: error.location, reason: error.reason)
    }
    guard let root else { return }
    guard root.isMapping else { throw .settings(root.place, "expected keys and values") }
    for entry in root.entries {
      try Self.require(entry, among: SettingsFile.sections)
      if entry.key == "services" { try read(entry.value) }
    }
  }

  /// By folder: the entry points that the file names.
  var entrypoints: [String: Written<String>] {
    var found: [String: Written<String>] = [:]
    for override in overrides where !override.isExcluded {
      if let path = override.path, let text = override.texts["entrypoint"] { found[path] = text }
    }
    return found
  }

  private mutating func read(_ services: YAMLValue) throws(AnalysisError) {
    guard services.isMapping else {
      throw .settings(
        services.place, "`services` holds the names of services, each with its keys")
    }
    for service in services.entries {
      guard ServiceName.reduce(service.key) == service.key else {
        throw .settings(
          service.place,
          "`\(service.key)` is no name of a service: use lower-case letters, digits and single ._-"
        )
      }
      var override = Override(name: service.key, place: service.place)
      for entry in service.value.entries { try Self.read(entry, into: &override) }
      overrides.append(override)
    }
  }

  private static func read(_ entry: YAMLValue.Entry, into override: inout Override)
    throws(AnalysisError)
  {
    try require(entry, among: keys + recipeKeys)
    switch entry.key {
    case "base", "dialect": break
    case "versions":
      for version in entry.value.entries { try readVersion(version, into: &override) }
    case "build-args":
      for argument in entry.value.entries { try readArgument(argument, into: &override) }
    case "exclude":
      guard let flag = entry.value.bool else {
        throw .settings(entry.place, "`exclude` must be true or false")
      }
      override.isExcluded = flag
    case "kind":
      guard let kind = Service.Kind(rawValue: try text(entry)) else {
        throw .settings(entry.place, "`kind` must be one of nextjs, fastapi, mcp")
      }
      override.kind = kind
    case "path":
      guard let path = ProjectPath.resolve(try text(entry), from: ".") else {
        throw .settings(entry.place, "`path` must be a folder below forge.yaml's own")
      }
      override.path = path
    case "port":
      guard let port = entry.value.integer, (1...65535).contains(port) else {
        throw .settings(entry.place, "`port` must be a number from 1 to 65535")
      }
      override.texts["port"] = Written("\(port)", at: entry.place)
    default: override.texts[entry.key] = Written(try text(entry), at: entry.place)
    }
  }

  private static func readVersion(_ entry: YAMLValue.Entry, into override: inout Override)
    throws(AnalysisError)
  {
    try require(entry, among: runtimes)
    let text = try text(entry)
    let isNumeric = text.utf8.allSatisfy { byte in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
    }
    guard isNumeric || entry.key == "package-manager", ProjectPath.isPlain(text) else {
      throw .settings(entry.place, "`\(entry.key)` must be a version such as 22 or 3.13")
    }
    override.texts[entry.key] = Written(text, at: entry.place)
  }

  private static func readArgument(_ entry: YAMLValue.Entry, into override: inout Override)
    throws(AnalysisError)
  {
    guard EnvironmentName.isValid(entry.key) else {
      throw .settings(entry.place, "`\(entry.key)` is no name of a variable")
    }
    guard !SecretName.isSecret(entry.key) else {
      throw .settings(
        entry.place,
        "`\(entry.key)` is a secret: build arguments stand in the image's history; use --secret")
    }
    override.buildArguments[entry.key] = try text(entry)
  }

  private static func text(_ entry: YAMLValue.Entry) throws(AnalysisError) -> String {
    guard let text = entry.value.string, text.utf8.count <= 2_048, DisplayText.escape(text) == text
    else { throw .settings(entry.place, "`\(entry.key)` must be one line of text") }
    return text
  }

  private static func require(_ entry: YAMLValue.Entry, among keys: [String]) throws(AnalysisError)
  {
    guard !keys.contains(entry.key) else { return }
    let hint = NearestKey.hint(entry.key, among: keys)
    throw .settings(entry.place, "unknown key `\(entry.key)`" + hint)
  }
}

extension AnalysisError {
  /// What is wrong with a setting.
  static func settings(_ place: Place, _ reason: String) -> AnalysisError {
    .settings(location: place.description, reason: reason)
  }
}
