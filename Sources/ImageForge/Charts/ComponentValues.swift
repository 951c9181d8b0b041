import ForgeBasics
import ForgeWorkloads

/// What the templates of a component's files take. Every text in it can stand where they put it.
struct ComponentValues {
  struct Variable {
    let name: String
    let nameText: String
    let comment: String
    let isOptional: Bool
    let place: String
  }

  struct Fixed {
    let name: String
    let value: String
    let comment: String
  }

  struct Address {
    let name: String
    let target: String
    let port: Int
  }

  struct Mount {
    let volume: String
    let path: String
    let subPath: String?
  }

  struct Probe {
    let kind: String
    let path: String?
    let host: String?
    let period: Int
    let timeout: Int
    let failures: Int
    let reason: String
  }

  struct Migration {
    let name: String
    let command: String
    let commandJSON: String
    let repository: String
    let target: String
    let hasEnvironment: Bool
    let addresses: [Address]
    let secretKeys: [Variable]
    let mounts: [Mount]
  }

  let title: String
  let key: String
  let keyText: String
  let short: String
  let container: String
  let ownerKey: String
  let ownerShort: String
  let isOwner: Bool
  let repository: String
  let replicaReason: String
  let mayScale: Bool
  let strategy: String
  let isRolling: Bool
  let resourceClass: String
  let cpuRequest: String
  let memoryRequest: String
  let memoryLimit: String
  let storageRequest: String
  let storageLimit: String
  let shutdownReason: String
  let gracePeriod: Int
  let preStop: Int?
  let user: Int
  let group: Int
  let port: Int?
  let probes: [Probe]
  let isPublic: Bool
  let paths: [String]
  let reason: String
  let platform: [Fixed]
  let addresses: [Address]
  let secretKeys: [Variable]
  let hasEnvironment: Bool
  let hasSecrets: Bool
  let ownsSecrets: Bool
  let config: [Variable]
  let hasConfig: Bool
  let secrets: [Variable]
  let requiredConfig: [Variable]
  let requiredSecrets: [Variable]
  let mounts: [Mount]
  let scratch: [String]
  let hasVolume: Bool
  let ownsVolume: Bool
  let volumePaths: String
  let migration: Migration?
}

extension ComponentValues.Variable {
  init(_ variable: ComponentVariable) {
    name = variable.name
    nameText = HelmText.key(variable.name)
    isOptional = variable.requirement != .required
    let source = variable.sources.first { !$0.contains(".env") } ?? variable.sources.first
    place = HelmText.comment(source ?? "").replacing("\"", with: "'").replacing("\\", with: "/")
    let word =
      switch variable.requirement {
      case .required: "Required"
      case .optional: "Optional"
      case .unknown: "Whether it is required is not known"
      }
    var words = word
    if let known = variable.default { words += "; the code's default is \(known)" }
    if !place.isEmpty { words += " (\(source ?? ""))" }
    comment = HelmText.comment(words)
  }
}
