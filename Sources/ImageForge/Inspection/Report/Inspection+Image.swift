import ForgeBasics
import ForgeImages

extension Inspection {
  /// The report of an image whose layers were stacked.
  init(_ image: Image, root: RootFilesystem, owners: Owners, _ options: InspectionOptions) {
    let history = History(image)
    let summary = Summary(root, capture: options.capture)
    var details = InspectionDetails(root)
    details.attestations = image.attestations
    details.files = summary.files
    if options.findsSecrets { details.secrets = LayerSecrets.facts(root, owners) }
    details.config = ConfigFacts(image)
    details.configDigest = image.config.digest
    details.history = history.steps
    self.init(
      image: ImageFacts(image), sizes: summary.sizes, layers: summary.layers(image, history),
      waste: summary.waste, largestFiles: summary.largestFiles,
      largestFolders: summary.largestFolders, duplicates: summary.duplicates,
      packages: owners.packages,
      owners: owners.facts(summary.visibleInodes, of: root, base: history.base),
      base: history.base,
      findings: image.notes + InspectionFindings.all(root) + LazyIndex.findings(image, root)
        + history.findings,
      details: details)
  }
}

extension InspectionDetails {
  /// Files of accounts, which runtimes read through links and to their end.
  static let accountPaths = ["etc/passwd", "etc/group", "etc/shadow"]

  /// The accounts and the name of the distribution, as containers see them.
  fileprivate init(_ stacked: RootFilesystem) {
    self.init()
    var root = stacked
    passwd = root.content(Self.accountPaths[0])
    group = root.content(Self.accountPaths[1])
    shadow = root.content(Self.accountPaths[2])
    osRelease = root.content("etc/os-release") ?? root.content("usr/lib/os-release")
  }
}

extension RootFilesystem {
  /// The captured content of the regular file at a path; nil for anything else.
  fileprivate mutating func content(_ path: String) -> [UInt8]? {
    resolve(path).flatMap { content($0) }
  }
}

extension ImageFacts {
  init(_ image: Image) {
    let config = image.config
    self.init(
      source: image.source, reference: image.reference, digest: image.digest,
      platform: image.platform.description, user: config.user, entrypoint: config.entrypoint,
      cmd: config.cmd)
  }
}

extension ConfigFacts {
  fileprivate init(_ image: Image) {
    self.init()
    environment = image.config.environment
    exposedPorts = image.config.exposedPorts
    volumes = image.config.volumes
    workingDirectory = image.config.workingDirectory
    hasHealthcheck = image.config.healthcheck?.isActive ?? false
    let fields = image.config.json["config"]
    healthcheck = Self.text(fields?["Healthcheck"])
    stopSignal = fields?["StopSignal"]?.string ?? ""
    labels = image.config.labels
    onBuild = image.config.onBuild
    texts = ConfigText.all(image)
    author = image.config.json["author"]?.string ?? ""
    isDockerFormat = image.isDockerFormat
  }

  /// A value of the config in a line.
  private static func text(_ json: JSON?) -> String {
    guard let json else { return "" }
    switch json.value {
    case .string(let text): return text
    case .number: return json.integer.map(String.init) ?? ""
    case .bool: return json.bool.map(String.init) ?? ""
    case .null: return ""
    case .array(let elements): return elements.map(text).joined(separator: " ")
    case .object(let members):
      return members.map { "\($0.key)=\(text($0.value))" }.joined(separator: " ")
    }
  }
}
