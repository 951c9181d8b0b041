import ForgeBasics
import ForgeImages
import ForgeLayers

/// Opens an image, reads its layers side by side, and accounts for every byte.
public enum Inspector {
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
    let reading = try ImageReading(options)
    return try reading.inspect(reading.open(source))
  }

  /// The report for people who ask again, which may come from the cache: without the details that rules need.
  package static func report(_ source: String, options: InspectionOptions) throws -> Inspection {
    // A compressed archive would have to be unpacked to even find its layers.
    guard let cache = options.cache, let key = cache.key(ofCompressed: source) else {
      return try reportByImage(source, options)
    }
    if let known = cached(key: key, source: source, options) { return known }
    let report = try reportByImage(source, options)
    if cache.key(ofCompressed: source) == key { self.cache(report, key: key, options) }
    return report
  }

  /// What the cache has of the image that is kept at some place, under the name that the user gave.
  /// - Parameter key: names the image's bytes: other bytes, another key.
  package static func cached(key: String, source: String, _ options: InspectionOptions)
    -> Inspection?
  {
    guard var report = CachedReport(options)?.load(key: key) else { return nil }
    report.image.source = source
    return report
  }

  /// Puts a report where `cached` finds it, if there is a cache.
  package static func cache(_ report: Inspection, key: String, _ options: InspectionOptions) {
    CachedReport(options)?.store(report, key: key)
  }

  private static func reportByImage(_ source: String, _ options: InspectionOptions) throws
    -> Inspection
  {
    let reading = try ImageReading(options)
    let image = try reading.open(source)
    let cached = CachedReport(options)
    if let report = cached?.load(image) { return report }
    let report = try reading.inspect(image).inspection
    cached?.store(report, of: image)
    return report
  }
}

/// One inspection: what every layer of the image is read for.
private struct ImageReading {
  private let options: InspectionOptions
  private let layers: LayerScanOptions

  /// Bytes of `/etc/passwd` and `/etc/group` that are kept.
  private static let accountsSize = 1 << 20

  /// - Throws: where the catalogue of secrets is broken.
  init(_ options: InspectionOptions) throws {
    self.options = options
    let capture = options.capture
    var layers = LayerScanOptions(limits: options.selection.limits) { path in
      max(capture(path), Self.accounts(path), Packages.capture(path), LazyIndex.capture(path))
    }
    layers.progress = options.progress
    if options.findsSecrets { layers.content = try LayerSecrets.search() }
    self.layers = layers
  }

  func open(_ source: String) throws(ImageError) -> Image {
    try ImageStore.open(source, selection: options.selection, passing: layers)
  }

  func inspect(_ image: Image) throws -> InspectedImage {
    let name = ImageStore.displayName(of: image.source)
    let scans = try LayerScans.read(image.layers, of: name, layers, cache: options.cache)
    var root = try RootFilesystem(scans, image: name)
    try SecondLook(image, options, layers).complete(&root)
    let owners = Owners(root)
    let inspection = Inspection(image, root: root, owners: owners, options)
    return InspectedImage(inspection: inspection, root: root, owners: owners)
  }

  /// Any of them may be a link to one of the same name elsewhere.
  private static func accounts(_ path: ArraySlice<UInt8>) -> Int {
    let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex)...]
    for wanted in ["passwd", "group", "shadow", "os-release"]
    where name.elementsEqual(wanted.utf8) { return accountsSize }
    return 0
  }
}
