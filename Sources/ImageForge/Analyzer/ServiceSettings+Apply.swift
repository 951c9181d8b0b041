import ForgeBasics
import ForgeCodebase
import ForgeFindings
import ForgeSyntax

extension ServiceSettings {
  /// Changes the services as the file says.
  /// - Parameter folder: the one that was given: of its neighbours' services nothing is known.
  /// - Throws: `AnalysisError.settings` for a service that is not there.
  func apply(to services: inout [Service], of folder: String = ".") throws(AnalysisError) {
    for override in overrides {
      guard let index = index(of: override, in: services) else {
        if folder != "." { continue }
        throw .settings(override.place, absence(of: override, in: services))
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
    var place = "named \(override.name)"
    if let path = override.path { place = "at \(path)" }
    // The place is right, the kind is not: another one stands there, or was chosen further above.
    if let kind = override.kind, known.contains(wanted) {
      let kinds = zip(services, known).filter { $0.1 == wanted }.map { service, _ in
        "\(service.name) is \(service.kind.rawValue)"
      }
      let other = overrides.first {
        $0.place != override.place && $0.path == wanted && $0.kind != nil
      }
      var reason =
        "there is no service of kind \(kind.rawValue) \(place): \(kinds.joined(separator: ", "))"
      if let other {
        reason += "; of one folder, one service can be chosen: see \(other.place)"
      }
      return reason
    }
    return "there is no service \(place)" + NearestKey.hint(wanted, among: known) + "; there are: "
      + services.map { "\($0.name) (\($0.path))" }.joined(separator: ", ")
  }

  private func index(of override: Override, in services: [Service]) -> Int? {
    services.firstIndex { service in
      if let kind = override.kind, kind != service.kind { return false }
      if let path = override.path { return path == service.path }
      return override.name == service.name
    }
  }

  private func apply(_ override: Override, to service: inout Service) throws(AnalysisError) {
    service.name = override.name
    service.buildArguments.merge(override.buildArguments) { $1 }
    for (key, setting) in override.texts.sorted(by: { $0.key < $1.key }) {
      switch key {
      case "port":
        service.settle("port", "\(service.port)", by: setting)
        service.port = Int(setting.value) ?? service.port
      case "health":
        guard setting.value.hasPrefix("/"), ProjectPath.isPlain(setting.value) else {
          throw .settings(setting.place, "`health` must be a path such as /healthz")
        }
        service.settle("healthPath", service.healthPath, by: setting)
        service.healthPath = setting.value
      case "node", "python": try applyRuntime(key, setting, to: &service)
      case "package-manager": try applyManager(setting, to: &service)
      case "server": try applyServer(setting, to: &service)
      default: try applyEntrypoint(setting, to: &service)
      }
    }
  }

  private func applyRuntime(_ name: String, _ setting: Written<String>, to service: inout Service)
    throws(AnalysisError)
  {
    guard service.runtime.name.rawValue == name else {
      throw .settings(
        setting.place,
        "\(service.name) does not run on \(name): it runs on \(service.runtime.name.rawValue)")
    }
    service.settle("runtime.version", service.runtime.version, by: setting)
    service.removeFindings(["FORGE-N025", "FORGE-P030"])
    service.runtime.version = setting.value
    service.runtime.source = setting.place.description
  }

  /// `pnpm@10.13.1`, or a version alone.
  private func applyManager(_ setting: Written<String>, to service: inout Service)
    throws(AnalysisError)
  {
    let parts = setting.value.split(separator: "@", maxSplits: 1).map(String.init)
    var name: PackageManager.Name? = service.packageManager.name
    if parts.count > 1 { name = PackageManager.Name(rawValue: parts[0]) }
    guard let name, let version = parts.last, SemanticVersion(version) != nil else {
      throw .settings(
        setting.place, "`package-manager` must be a version, or pnpm@10.13.1")
    }
    service.settle(
      "packageManager.version", service.packageManager.version,
      by: Written(version, at: setting.place))
    service.packageManager.name = name
    service.packageManager.version = version
    service.packageManager.source = setting.place.description
  }

  private func applyServer(_ setting: Written<String>, to service: inout Service)
    throws(AnalysisError)
  {
    let old = try fastapi(of: service, for: "server", setting).server
    guard Self.servers.contains(setting.value) else {
      throw .settings(
        setting.place, "`server` must be one of \(Self.servers.joined(separator: ", "))")
    }
    service.settle("fastapi.server", old, by: setting)
    service.fastapi?.server = setting.value
  }

  private func applyEntrypoint(_ setting: Written<String>, to service: inout Service)
    throws(AnalysisError)
  {
    let old = try fastapi(of: service, for: "entrypoint", setting).entrypoint
    let parts = setting.value.split(separator: ":", omittingEmptySubsequences: false)
    let names = parts.flatMap { $0.split(separator: ".", omittingEmptySubsequences: false) }
    guard parts.count == 2, names.allSatisfy({ EnvironmentName.isValid(String($0)) }) else {
      throw .settings(setting.place, "`entrypoint` must be package.module:name")
    }
    service.settle("fastapi.entrypoint", old, by: setting)
    service.removeFindings(["FORGE-F004"])
    service.fastapi?.entrypoint = setting.value
    service.fastapi?.place = setting.place
    service.fastapi?.factory = false
  }

  private func fastapi(of service: Service, for key: String, _ setting: Written<String>)
    throws(AnalysisError) -> FastAPIFacts
  {
    guard let facts = service.fastapi else {
      throw .settings(
        setting.place, "`\(key)` is for FastAPI services; \(service.name) is none")
    }
    return facts
  }
}

extension Service {
  /// Concludes what a setting says; what the code said becomes the alternative.
  fileprivate mutating func settle(_ key: String, _ old: String?, by setting: Written<String>) {
    let before = conclusions.first { $0.key == key }
    var fact = Fact.certain(
      setting.value, at: setting.place, why: "\(SettingsFile.name) says so")
    fact.alternatives = before?.alternatives ?? []
    if let old, old != setting.value {
      let source = before?.evidence.first ?? before?.why ?? "the code"
      fact.alternatives.insert(Conclusion.Alternative(value: old, source: source), at: 0)
    }
    conclude(key, fact)
  }

  /// Removes what could be meant in two ways, and no longer is.
  fileprivate mutating func removeFindings(_ ids: [FindingID]) {
    findings.removeAll { ids.contains($0.id) }
  }
}
