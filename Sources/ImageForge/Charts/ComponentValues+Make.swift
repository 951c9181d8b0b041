import ForgeBasics
import ForgeWorkloads

/// Turns the components of an application into what the templates take.
struct ValuesMaker {
  let application: Application
  let names: ChartNames

  init(_ application: Application) {
    self.application = application
    names = ChartNames(application)
  }

  /// Of every component that has pods of its own: a migration runs in its server's.
  var all: [ComponentValues] { application.components.filter(\.isLasting).map(values) }

  private func short(_ component: Component) -> String {
    names.short[component.name] ?? component.name
  }

  private func key(_ component: Component) -> String {
    names.key[component.name] ?? component.name
  }

  /// The server of a component's service, which has the environment that all of them read.
  private func owner(of component: Component) -> Component {
    application.components.first { $0.service == component.service && $0.kind == .server }
      ?? component
  }

  private func values(_ component: Component) -> ComponentValues {
    let owner = owner(of: component)
    let isOwner = owner.name == component.name
    let family = application.components.filter { $0.service == component.service }
    var migration: Component?
    if isOwner { migration = family.first { $0.kind == .migration } }
    let volumes = ChartVolumes([component, migration].compactMap(\.self), family: family)
    let secrets = owner.variables(.secret).map(ComponentValues.Variable.init)
    let config = owner.variables(.config).map(ComponentValues.Variable.init)
    let addresses = addresses(component)
    let platform = component.variables(.platform).map { variable in
      ComponentValues.Fixed(
        name: variable.name, value: variable.value ?? "", comment: HelmText.comment(variable.reason)
      )
    }
    let resources = component.resources
    var preStop: Int?
    if component.shutdown.preStopSeconds > 0 { preStop = component.shutdown.preStopSeconds }
    return ComponentValues(
      title: HelmText.comment(
        "\(component.service): \(component.kind.rawValue) (\(component.tool))"),
      key: key(component), keyText: HelmText.key(key(component)), short: short(component),
      container: short(component), ownerKey: key(owner), ownerShort: short(owner),
      isOwner: isOwner, repository: component.image.repository,
      replicaReason: HelmText.comment(sentence(component.replicas.reason)),
      mayScale: component.replicas.mayScale, strategy: component.replicas.strategy.rawValue,
      isRolling: component.replicas.strategy == .rollingUpdate,
      resourceClass: resources.defaultsOf, cpuRequest: resources.cpuRequest,
      memoryRequest: resources.memoryRequest, memoryLimit: resources.memoryLimit,
      storageRequest: resources.storageRequest, storageLimit: resources.storageLimit,
      shutdownReason: HelmText.comment(sentence(component.shutdown.reason)),
      gracePeriod: component.shutdown.gracePeriodSeconds,
      preStop: preStop,
      user: component.user, group: component.group, port: component.ports.first?.number,
      probes: probes(component), isPublic: component.exposure != nil,
      paths: component.exposure?.paths ?? [],
      reason: HelmText.comment(sentence(component.exposure?.reason ?? "")), platform: platform,
      addresses: addresses, secretKeys: secrets,
      hasEnvironment: !platform.isEmpty || !addresses.isEmpty || !secrets.isEmpty,
      hasSecrets: !secrets.isEmpty, ownsSecrets: isOwner && !secrets.isEmpty, config: config,
      hasConfig: !config.isEmpty, secrets: secrets,
      requiredConfig: config.filter { !$0.isOptional },
      requiredSecrets: secrets.filter { !$0.isOptional }, mounts: volumes.mounts(of: component),
      scratch: volumes.scratch, hasVolume: volumes.hasData,
      ownsVolume: isOwner && !volumes.familyPaths.isEmpty,
      volumePaths: HelmText.comment(volumes.familyPaths.joined(separator: ", ")),
      migration: migration.map { values($0, of: component, volumes, secrets) })
  }

  private func values(
    _ migration: Component, of server: Component, _ volumes: ChartVolumes,
    _ secrets: [ComponentValues.Variable]
  ) -> ComponentValues.Migration {
    let words = migration.command.map(HelmText.quoted).joined(separator: ", ")
    let addresses = addresses(migration)
    return ComponentValues.Migration(
      name: short(server) + "-migrate",
      command: HelmText.comment(migration.command.joined(separator: " ")),
      commandJSON: "[\(words)]", repository: migration.image.repository,
      target: migration.image.target ?? "",
      hasEnvironment: !addresses.isEmpty || !secrets.isEmpty, addresses: addresses,
      secretKeys: secrets, mounts: volumes.mounts(of: migration))
  }

  private func addresses(_ component: Component) -> [ComponentValues.Address] {
    component.variables(.address).compactMap { variable in
      guard let target = variable.component.flatMap(application.component),
        let port = target.ports.first?.number
      else { return nil }
      return ComponentValues.Address(name: variable.name, target: short(target), port: port)
    }
  }

  private func probes(_ component: Component) -> [ComponentValues.Probe] {
    guard let probes = component.probes else { return [] }
    let kinds = [
      ("startup", probes.startup), ("readiness", probes.readiness), ("liveness", probes.liveness),
    ]
    return kinds.map { kind, probe in
      ComponentValues.Probe(
        kind: kind, path: probe.path, host: probe.host, period: probe.periodSeconds,
        timeout: probe.timeoutSeconds, failures: probe.failureThreshold,
        reason: HelmText.comment(sentence(probe.reason)))
    }
  }

  // MARK: Policies

  var policies: PolicyValues {
    PolicyValues(components: application.components.filter(\.isLasting).map(policy))
  }

  private func policy(_ component: Component) -> PolicyValues.Component {
    let incoming = application.connections.filter { $0.to.name == component.name }
      .filter { $0.to.kind == .component }.compactMap(rule(incoming:))
    // A migration's connections are its server's, in whose pod it runs.
    let isOwner = component.kind == .server
    let own = application.components.filter { other in
      other.name == component.name
        || isOwner && other.service == component.service && !other.isLasting
    }.map(\.name)
    var seen: Set<Connection.Party> = []
    let outgoing = application.connections.filter {
      own.contains($0.from.name) && $0.from.kind == .component
    }.filter { seen.insert($0.to).inserted }.compactMap(rule(outgoing:))
    return PolicyValues.Component(
      short: short(component), hasIncoming: !incoming.isEmpty,
      onlyMCP: incoming.allSatisfy(\.isMCP), incoming: incoming, outgoing: outgoing)
  }

  private func rule(incoming connection: Connection) -> PolicyValues.Rule? {
    guard let port = connection.ports.first?.number else { return nil }
    var rule = PolicyValues.Rule(comment: comment(connection), port: port)
    switch connection.from.kind {
    case .ingress: rule.isIngress = true
    case .mcpClients: rule.isMCP = true
    case .component:
      guard let from = application.component(connection.from.name), from.isLasting else {
        return nil
      }
      rule.component = short(from)
    case .database, .host, .dns: return nil
    }
    return rule
  }

  private func rule(outgoing connection: Connection) -> PolicyValues.Rule? {
    guard let port = connection.ports.first?.number else { return nil }
    var rule = PolicyValues.Rule(comment: comment(connection), port: port)
    switch connection.to.kind {
    case .database: rule.isDatabase = true
    case .host: rule.isHost = true
    case .component: rule.component = application.component(connection.to.name).map(short)
    case .ingress, .mcpClients, .dns: return nil
    }
    return rule
  }

  private func comment(_ connection: Connection) -> String {
    let place = connection.sources.first.map { " (\($0))" } ?? ""
    return HelmText.comment(
      "\(connection.from.name) to \(connection.to.name): \(connection.reason)\(place)")
  }

  private func sentence(_ words: String) -> String {
    words.prefix(1).uppercased() + words.dropFirst() + "."
  }
}

/// What the template of the network policies takes.
struct PolicyValues {
  struct Component {
    let short: String
    let hasIncoming: Bool
    /// Whether nobody but clients of MCP connects to it, of whom there may be none.
    let onlyMCP: Bool
    let incoming: [Rule]
    let outgoing: [Rule]
  }

  struct Rule {
    let comment: String
    let port: Int
    var component: String?
    var isIngress = false
    var isMCP = false
    var isDatabase = false
    var isHost = false
  }

  let components: [Component]
}

/// The volumes of a pod: one that is gone with it for each folder, and one that stays.
struct ChartVolumes {
  let scratch: [String]
  let hasData: Bool
  /// The folders that stay, of all components of the service.
  let familyPaths: [String]
  private let scratchNames: [String: String]

  init(_ containers: [Component], family: [Component]) {
    let mounts = containers.flatMap(\.writable)
    let paths = Set(mounts.filter { $0.lifetime == .pod }.map(\.path)).sorted()
    var names: [String: String] = [:]
    for (index, path) in paths.enumerated() { names[path] = "scratch-\(index + 1)" }
    scratchNames = names
    scratch = paths.compactMap { names[$0] }
    hasData = mounts.contains { $0.lifetime == .release }
    familyPaths = Set(
      family.flatMap(\.writable).filter { $0.lifetime == .release }.map(\.path)
    ).sorted()
  }

  func mounts(of component: Component) -> [ComponentValues.Mount] {
    component.writable.map { mount in
      let path = HelmText.quoted(mount.path)
      if let volume = scratchNames[mount.path], mount.lifetime == .pod {
        return ComponentValues.Mount(volume: volume, path: path, subPath: nil)
      }
      var subPath: String?
      if familyPaths.count > 1, let index = familyPaths.firstIndex(of: mount.path) {
        subPath = "folder-\(index + 1)"
      }
      return ComponentValues.Mount(volume: "data", path: path, subPath: subPath)
    }
  }
}
