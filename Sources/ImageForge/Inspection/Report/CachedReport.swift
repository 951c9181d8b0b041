import ForgeBasics
import ForgeFindings
import ForgeImages
import ForgeLayers
import Foundation

/// The report of an image in the cache, for when the very same image is inspected again by the very same program.
///
/// Which image it is follows from its config, its manifest and the digests of its layers; or, before it is even opened,
/// from the unchanged file that it was read from, or the ID by which an engine keeps it.
struct CachedReport {
  private let cache: LayerCache
  private let options: InspectionOptions

  /// Nil where every inspection starts anew.
  init?(_ options: InspectionOptions) {
    guard let cache = options.cache, cache.trustsStamps, !options.findsSecrets else { return nil }
    self.cache = cache
    self.options = options
  }

  // MARK: By the image

  /// Nil where a layer's file was written to since, or nothing is known.
  func load(_ image: Image) -> Inspection? {
    var digests: [Digest] = []
    for layer in image.layers {
      guard let digest = cache.seen(layer.content), layer.digest == nil || layer.digest == digest
      else { return nil }
      digests.append(digest)
    }
    guard var report = load(parts(image, digests)) else { return nil }
    // What tells of the archive, not of the image in it.
    report.image = ImageFacts(image)
    report.findings = image.notes + report.findings
    return report
  }

  func store(_ inspection: Inspection, of image: Image) {
    var report = inspection
    report.findings.removeFirst(image.notes.count)
    store(report, parts(image, inspection.layers.map(\.digest)))
  }

  /// All that a report follows from.
  private func parts(_ image: Image, _ digests: [Digest]) -> [String] {
    let layers = zip(image.layers, digests).flatMap { layer, digest in
      [digest.description, layer.diffID.description, layer.mediaType, String(layer.size)]
        + layer.annotations.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    }
    let manifest = Digest.sha256(image.manifest ?? [])
    let image = [image.config.digest.description, manifest.description, image.form.rawValue]
    return ["image"] + image + layers
  }

  // MARK: By where it is kept

  /// - Parameter key: names the image's bytes: other bytes, another key.
  func load(key: String) -> Inspection? { load(parts(key)) }

  func store(_ inspection: Inspection, key: String) { store(inspection, parts(key)) }

  /// A choice that was made is told from one that was left out.
  private func parts(_ key: String) -> [String] {
    let choices = [options.selection.image, options.selection.platform]
    return ["place", key] + choices.map { $0.map { "=\($0)" } ?? "" }
  }

  // MARK: Storage

  private func load(_ parts: [String]) -> Inspection? {
    guard let name = name(parts), let bytes = cache.report(name) else { return nil }
    return try? JSONDecoder().decode(Inspection.self, from: Data(bytes))
  }

  private func store(_ report: Inspection, _ parts: [String]) {
    let encoder = JSONEncoder()
    if let key = Finding.keepsPlaces { encoder.userInfo[key] = true }
    guard let name = name(parts), let bytes = try? encoder.encode(report) else { return }
    cache.store(Array(bytes), report: name)
  }

  private func name(_ parts: [String]) -> String? {
    guard let program = Self.program else { return nil }
    let limits = options.selection.limits.numbers.map(String.init)
    // With their lengths, so that no two lists of parts are one text.
    let text = ([program] + parts + limits).map { "\($0.utf8.count):\($0)" }.joined()
    return Digest.sha256(Array(text.utf8)).hex
  }

  /// A newer program may see more.
  private static let program: String? = Bundle.main.executablePath.flatMap { path in
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    #if canImport(Darwin)
      let modified = status.st_mtimespec
    #else
      let modified = status.st_mtim
    #endif
    return "\(ForgeVersion.current) \(status.st_size) \(modified.tv_sec).\(modified.tv_nsec)"
  }
}
