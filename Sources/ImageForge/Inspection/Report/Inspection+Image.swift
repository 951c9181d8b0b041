import ForgeImages

extension Inspection {
  /// The report of an image whose layers were stacked.
  init(_ image: Image, root: RootFilesystem, owners: Owners, _ options: InspectionOptions) {
    let history = History(image)
    let summary = Summary(root, capture: options.capture)
    var details = InspectionDetails(root)
    details.attestations = image.attestations
    details.files = summary.files
    if options.findsSecrets { details.secrets = LayerSecrets.facts(root, summary.files, owners) }
    details.config = ConfigFacts(image)
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
  /// The accounts and the name of the distribution, as containers see them.
  fileprivate init(_ stacked: RootFilesystem) {
    self.init()
    var root = stacked
    passwd = root.content("etc/passwd")
    group = root.content("etc/group")
    shadow = root.content("etc/shadow")
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
    labels = image.config.labels
    onBuild = image.config.onBuild
    texts = ConfigText.all(image)
    author = image.config.json["author"]?.string ?? ""
    isDockerFormat = image.isDockerFormat
  }
}
