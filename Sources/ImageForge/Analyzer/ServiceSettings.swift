import ForgeBasics
import ForgeCodebase
import ForgeSyntax

/// What `forge.yaml` says about the services, which counts for more than what the code says.
struct ServiceSettings {
  struct Override {
    let name: String
    /// `file:line` of its key.
    let location: String
    var path: String?
    var kind: Service.Kind?
    var isExcluded = false
    fileprivate(set) var texts: [String: (value: String, location: String)] = [:]
    var buildArguments: [String: String] = [:]
  }

  private(set) var overrides: [Override] = []
  private static let keys = [
    "path", "kind", "exclude", "entrypoint", "versions", "port", "health", "server", "build-args",
  ]
  /// About the recipe, which reads and checks them.
  private static let recipeKeys = ["base", "dialect"]
  private static let runtimes = ["node", "python", "package-manager"]

  /// - Throws: `AnalysisError.settings` for a key or a value that forge does not know.
  init(in tree: ProjectTree) throws(AnalysisError) {
    guard let source = try tree.read(SettingsFile.name, limit: 1 << 20) else { return }
    let root: YAMLValue?
    do { root = try YAMLValue.parse(source) } catch {
      throw .settings(location: error.location, reason: error.reason)
    }
    guard let root else { return }
    guard root.isMapping else {
      throw .settings(location: root.location, reason: "expected keys and values")
    }
    for entry in root.entries {
      try Self.require(entry, among: SettingsFile.sections)
      if entry.key == "services" { try read(entry.value) }
    }
  }

  private mutating func read(_ services: YAMLValue) throws(AnalysisError) {
    guard services.isMapping else {
      throw .settings(
        location: services.location,
        reason: "`services` holds the names of services, each with its keys")
    }
    for service in services.entries {
      guard ServiceName.reduce(service.key) == service.key else {
        throw .settings(
          location: service.location,
          reason:
            "`\(service.key)` is no name of a service: use lower-case letters, digits and single ._-"
        )
      }
      var override = Override(name: service.key, location: service.location)
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
      for version in entry.value.entries {
        try require(version, among: runtimes)
        let text = try text(version)
        let isVersion = text.utf8.allSatisfy { byte in
          UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: ".")
            || version.key == "package-manager"
        }
        guard isVersion, ProjectPath.isPlain(text) else {
          throw .settings(
            location: version.location,
            reason: "`\(version.key)` must be a version such as 22 or 3.13")
        }
        override.texts[version.key] = (text, version.location)
      }
    case "build-args":
      for argument in entry.value.entries {
        guard EnvironmentName.isValid(argument.key) else {
          throw .settings(
            location: argument.location, reason: "`\(argument.key)` is no name of a variable")
        }
        guard !SecretName.isSecret(argument.key) else {
          throw .settings(
            location: argument.location,
            reason:
              "`\(argument.key)` is a secret: build arguments stand in the image's history; use --secret"
          )
        }
        override.buildArguments[argument.key] = try text(argument)
      }
    case "exclude":
      guard let flag = entry.value.bool else {
        throw .settings(location: entry.location, reason: "`exclude` must be true or false")
      }
      override.isExcluded = flag
    case "kind":
      guard let kind = Service.Kind(rawValue: try text(entry)) else {
        throw .settings(
          location: entry.location, reason: "`kind` must be one of nextjs, fastapi, mcp")
      }
      override.kind = kind
    case "path":
      let written = try text(entry)
      guard let path = ProjectPath.resolve(written, from: ".") else {
        throw .settings(
          location: entry.location, reason: "`path` must be a folder below forge.yaml's own")
      }
      override.path = path
    case "port":
      guard let port = entry.value.integer, (1...65535).contains(port) else {
        throw .settings(location: entry.location, reason: "`port` must be a number from 1 to 65535")
      }
      override.texts["port"] = ("\(port)", entry.location)
    default: override.texts[entry.key] = (try text(entry), entry.location)
    }
  }

  private static func text(_ entry: YAMLValue.Entry) throws(AnalysisError) -> String {
    guard let text = entry.value.string, text.utf8.count <= 2_048, DisplayText.escape(text) == text
    else {
      throw .settings(location: entry.location, reason: "`\(entry.key)` must be one line of text")
    }
    return text
  }

  private static func require(_ entry: YAMLValue.Entry, among keys: [String]) throws(AnalysisError)
  {
    guard !keys.contains(entry.key) else { return }
    throw .settings(
      location: entry.location,
      reason: "unknown key `\(entry.key)`" + NearestKey.hint(entry.key, among: keys))
  }
}

// MARK: - Applying

extension ServiceSettings {
  /// Changes the services as the file says.
  /// - Throws: `AnalysisError.settings` for a service that is not there.
  func apply(to services: inout [Service]) throws(AnalysisError) {
    for override in overrides {
      guard let index = index(of: override, in: services) else {
        throw .settings(location: override.location, reason: absence(of: override, in: services))
      }
      if override.isExcluded {
        services.remove(at: index)
        continue
      }
      // Of two kinds in one folder, the file chose one.
      if let kind = override.kind, let path = override.path {
        let chosen = services[index]
        services.removeAll { $0.path == path && $0.kind != kind && $0.name != chosen.name }
      }
      guard let index = self.index(of: override, in: services) else { continue }
      try apply(override, to: &services[index])
    }
  }

  private func absence(of override: Override, in services: [Service]) -> String {
    let wanted = override.path ?? override.name
    let known = services.map { override.path == nil ? $0.name : $0.path }
    let place = override.path.map { "at \($0)" } ?? "named \(override.name)"
    // The place is right, the kind is not: another one stands there, or was chosen further above.
    if let kind = override.kind, known.contains(wanted) {
      let kinds = zip(services, known).filter { $0.1 == wanted }.map { service, _ in
        "\(service.name) is \(service.kind.rawValue)"
      }
      let other = overrides.first {
        $0.location != override.location && $0.path == wanted && $0.kind != nil
      }
      return
        "there is no service of kind \(kind.rawValue) \(place): \(kinds.joined(separator: ", "))"
        + (other.map { "; of one folder, one service can be chosen: see \($0.location)" } ?? "")
    }
    return "there is no service \(place)" + NearestKey.hint(wanted, among: known) + "; there are: "
      + services.map { "\($0.name) (\($0.path))" }.joined(separator: ", ")
  }

  private func index(of override: Override, in services: [Service]) -> Int? {
    services.firstIndex { service in
      (override.path.map { $0 == service.path } ?? (override.name == service.name))
        && (override.kind.map { $0 == service.kind } ?? true)
    }
  }

  private func apply(_ override: Override, to service: inout Service) throws(AnalysisError) {
    service.name = override.name
    service.buildArguments.merge(override.buildArguments) { $1 }
    for (key, setting) in override.texts.sorted(by: { $0.key < $1.key }) {
      switch key {
      case "port":
        replace("port", "\(service.port)", setting, in: &service)
        service.port = Int(setting.value) ?? service.port
      case "health":
        guard setting.value.hasPrefix("/"), ProjectPath.isPlain(setting.value) else {
          throw .settings(
            location: setting.location, reason: "`health` must be a path such as /healthz")
        }
        replace("healthPath", service.healthPath, setting, in: &service)
        service.healthPath = setting.value
      case "node", "python":
        guard service.runtime.name.rawValue == key else {
          throw .settings(
            location: setting.location,
            reason: "\(service.name) does not run on \(key): it runs on "
              + service.runtime.name.rawValue)
        }
        replace("runtime.version", service.runtime.version, setting, in: &service)
        service.runtime.version = setting.value
        service.runtime.source = setting.location
      case "package-manager": try applyManager(setting, to: &service)
      default: try applyFastAPI(key, setting, to: &service)
      }
    }
  }

  /// `pnpm@10.13.1`, or a version alone.
  private func applyManager(
    _ setting: (value: String, location: String), to service: inout Service
  ) throws(AnalysisError) {
    let parts = setting.value.split(separator: "@", maxSplits: 1).map(String.init)
    let name =
      parts.count > 1 ? PackageManager.Name(rawValue: parts[0]) : service.packageManager.name
    guard let name, let version = parts.last, SemanticVersion(version) != nil else {
      throw .settings(
        location: setting.location, reason: "`package-manager` must be a version, or pnpm@10.13.1")
    }
    replace(
      "packageManager.version", service.packageManager.version, (version, setting.location),
      in: &service)
    service.packageManager.name = name
    service.packageManager.version = version
    service.packageManager.source = setting.location
  }

  private func applyFastAPI(
    _ key: String, _ setting: (value: String, location: String), to service: inout Service
  ) throws(AnalysisError) {
    guard var facts = service.fastapi else {
      throw .settings(
        location: setting.location,
        reason: "`\(key)` is for FastAPI services; \(service.name) is none")
    }
    if key == "server" {
      guard ["uvicorn", "gunicorn", "hypercorn", "granian", "fastapi"].contains(setting.value)
      else {
        throw .settings(
          location: setting.location,
          reason: "`server` must be one of uvicorn, gunicorn, hypercorn, granian, fastapi")
      }
      replace("fastapi.server", facts.server, setting, in: &service)
      facts.server = setting.value
    } else {
      let parts = setting.value.split(separator: ":", omittingEmptySubsequences: false)
      let isValid =
        parts.count == 2
        && parts.allSatisfy { part in
          part.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
            EnvironmentName.isValid(String($0))
          }
        }
      guard isValid else {
        throw .settings(
          location: setting.location, reason: "`entrypoint` must be package.module:name")
      }
      replace("fastapi.entrypoint", facts.entrypoint, setting, in: &service)
      facts.entrypoint = setting.value
      facts.source = setting.location
      facts.factory = false
    }
    service.fastapi = facts
  }

  /// The setting decides; what the code said becomes the alternative.
  private func replace(
    _ key: String, _ old: String?, _ setting: (value: String, location: String),
    in service: inout Service
  ) {
    let before = service.conclusions.first { $0.key == key }
    var alternatives = before?.alternatives ?? []
    if let old, old != setting.value {
      alternatives.insert(
        Conclusion.Alternative(
          value: old, source: before?.evidence.first ?? before?.why ?? "the code"), at: 0)
    }
    service.conclude(
      Conclusion(
        key, setting.value, .certain, evidence: [setting.location], alternatives: alternatives,
        why: "\(SettingsFile.name) says so"))
    // What could be meant in two ways no longer is.
    let settled =
      ["runtime.version": ["FORGE-N025", "FORGE-P030"], "fastapi.entrypoint": ["FORGE-F004"]][key]
      ?? []
    service.findings.removeAll { settled.contains($0.id.rawValue) }
  }
}
