import ForgeBasics
import ForgeImages
import ForgeLayers

/// What to look at, and what to keep for the rules.
public struct InspectionOptions: Sendable {
  /// Which image, where the archive holds several: a reference or a digest.
  public var image: String?
  /// Which platform, where the index holds several: `linux/arm64`.
  public var platform: String?
  /// How many leading bytes of a file to keep, by its path in a layer. See `Gate.capture`.
  public var capture: @Sendable (ArraySlice<UInt8>) -> Int
  /// Whether to look for secrets in the content of every file.
  public var findsSecrets: Bool
  /// What is known of layers that were seen before; nil: every layer is read.
  public var cache: LayerCache?
  /// What the image may cost.
  public var limits = LayerLimits()
  /// Told the bytes of each uncompressed piece of a layer as it is read, from any thread.
  public var progress: (@Sendable (Int) -> Void)?

  /// How to inspect, part by part.
  public init(
    image: String? = nil, platform: String? = nil, findsSecrets: Bool = false,
    cache: LayerCache? = nil,
    capture: @escaping @Sendable (ArraySlice<UInt8>) -> Int = { _ in 0 }
  ) {
    self.findsSecrets = findsSecrets
    self.image = image
    self.platform = platform
    self.cache = cache
    self.capture = capture
  }
}

/// Opens an image, reads its layers side by side, and accounts for every byte.
public enum Inspector {
  /// Bytes of `/etc/passwd` and `/etc/group` that are kept.
  private static let accountsSize = 1 << 20

  /// Inspects a docker-archive, an OCI archive or an OCI layout, wrapped or not; `-` reads standard input.
  /// - Throws: a `ForgeError` when the image cannot be read whole, is ambiguous, or is not what its digests say.
  public static func inspect(_ source: String, options: InspectionOptions = .init()) throws
    -> Inspection
  {
    try open(source, options: options).inspection
  }

  /// The same, with every file at hand for further questions.
  public static func open(_ source: String, options: InspectionOptions = .init()) throws
    -> InspectedImage
  {
    let reading = try reading(options)
    let image = try ImageStore.open(
      source, selection: ImageSelection(image: options.image, platform: options.platform),
      limits: options.limits,
      passing: reading)
    return inspected(image, try stack(image, reading), options.capture)
  }

  /// The report for people who ask again, which may be remembered: without the details that rules need.
  package static func report(_ source: String, options: InspectionOptions) throws -> Inspection {
    // A compressed archive would have to be unpacked to even find its layers.
    guard let cache = options.cache, let place = cache.place(ofCompressed: source) else {
      return try reportByImage(source, options)
    }
    if let known = remembered(place: place, source: source, options) { return known }
    let report = try reportByImage(source, options)
    if cache.place(ofCompressed: source) == place { remember(report, place: place, options) }
    return report
  }

  /// What is remembered of the image that is kept at a place, under the name that the user gave.
  /// - Parameter place: names the image's bytes: other bytes, another name.
  package static func remembered(place: String, source: String, _ options: InspectionOptions)
    -> Inspection?
  {
    guard var report = RememberedReport(options)?.load(place: place) else { return nil }
    report.image.source = source
    return report
  }

  package static func remember(_ report: Inspection, place: String, _ options: InspectionOptions) {
    RememberedReport(options)?.store(report, place: place)
  }

  private static func reportByImage(_ source: String, _ options: InspectionOptions) throws
    -> Inspection
  {
    let reading = try reading(options)
    let image = try ImageStore.open(
      source, selection: ImageSelection(image: options.image, platform: options.platform),
      limits: options.limits,
      passing: reading)
    let remembered = RememberedReport(options)
    if let report = remembered?.load(image) { return report }
    let report = inspected(image, try stack(image, reading), options.capture).inspection
    remembered?.store(report, of: image)
    return report
  }

  package static func inspect(
    _ image: Image, findsSecrets: Bool = false,
    capture: @escaping @Sendable (ArraySlice<UInt8>) -> Int = { _ in 0 }
  ) throws -> Inspection {
    let reading = try reading(InspectionOptions(findsSecrets: findsSecrets, capture: capture))
    return inspected(image, try stack(image, reading), capture).inspection
  }

  private static func inspected(
    _ image: Image, _ root: RootFilesystem, _ capture: (ArraySlice<UInt8>) -> Int
  ) -> InspectedImage {
    let owners = Owners(root)
    return InspectedImage(
      inspection: report(image, root, owners, capture), root: root, owners: owners)
  }

  /// What every layer is read for.
  private static func reading(_ options: InspectionOptions) throws -> LayerScanOptions {
    let capture = options.capture
    var reading = LayerScanOptions(limits: options.limits) { path in
      max(
        capture(path), isAccounts(path) ? accountsSize : 0, Packages.capture(path),
        LazyIndex.capture(path))
    }
    reading.progress = options.progress
    reading.cache = options.cache
    if options.findsSecrets { reading.content = try LayerSecrets.scanning() }
    return reading
  }

  private static func stack(_ image: Image, _ reading: LayerScanOptions) throws -> RootFilesystem {
    try RootFilesystem(LayerScans.read(image.layers, of: name(image), reading), image: name(image))
  }

  /// Reads and stacks the layers of an image.
  static func stack(
    _ image: Image, content: ContentScanning? = nil,
    capture: @escaping @Sendable (ArraySlice<UInt8>) -> Int
  ) throws -> RootFilesystem {
    var reading = LayerScanOptions(capture: capture)
    reading.content = content
    return try stack(image, reading)
  }

  /// Any of them may be a link to one of the same name elsewhere.
  private static func isAccounts(_ path: ArraySlice<UInt8>) -> Bool {
    let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex)...]
    return ["passwd", "group", "shadow", "os-release"].contains { name.elementsEqual($0.utf8) }
  }

  /// What messages call an image.
  private static func name(_ image: Image) -> String {
    image.source == "-" ? "standard input" : DisplayText.escape(image.source)
  }

  private static func report(
    _ image: Image, _ stacked: RootFilesystem, _ owners: Owners,
    _ capture: (ArraySlice<UInt8>) -> Int
  ) -> Inspection {
    var root = stacked
    let history = History(image)
    var details = InspectionDetails()
    details.passwd = root.content("etc/passwd")
    details.group = root.content("etc/group")
    details.shadow = root.content("etc/shadow")
    details.osRelease = root.content("etc/os-release") ?? root.content("usr/lib/os-release")
    details.attestations = image.attestations
    let summary = Summary(root, capture: capture)
    details.files = summary.files
    details.secrets = LayerSecrets.facts(root, summary.files, owners)
    details.config = ConfigFacts(image)
    details.history = history.steps
    return Inspection(
      image: ImageFacts(image),
      sizes: summary.sizes,
      layers: summary.layers(image, history),
      waste: summary.waste, largestFiles: summary.largestFiles,
      largestFolders: summary.largestFolders,
      duplicates: summary.duplicates, packages: owners.packages,
      owners: owners.facts(summary.visibleInodes, of: root, base: history.base), base: history.base,
      findings: image.notes + InspectionFindings.all(root) + LazyIndex.findings(image, root)
        + history.findings,
      details: details)
  }
}

extension RootFilesystem {
  /// The captured content of a regular file; nil for anything else.
  package func content(_ node: FileTree.ID) -> [UInt8]? {
    guard tree[node].inode != FileTree.none else { return nil }
    let origin = inodes[Int(tree[node].inode)].origin
    return layers[Int(origin.layer)].entries.head(Int(origin.index))
  }

  /// The same for a path of the final root filesystem.
  fileprivate mutating func content(_ path: String) -> [UInt8]? {
    resolve(path).flatMap { content($0) }
  }
}

extension ImageFacts {
  init(_ image: Image) {
    let config = image.config
    self.init(
      source: image.source, reference: image.reference, digest: image.digest,
      platform: image.platform.description,
      user: config.user, entrypoint: config.entrypoint, cmd: config.cmd)
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
