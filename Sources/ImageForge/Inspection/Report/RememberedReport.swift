import ForgeBasics
import ForgeFindings
import ForgeImages
import ForgeLayers
import Foundation

/// The report of an image, remembered for when the very same image is inspected again by the very same program.
///
/// What image it is tell its config, its manifest and the digests of its layers; or, before it is even opened, the
/// unchanged file that it was read from, or the ID by which an engine keeps it.
struct RememberedReport {
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
      guard let digest = cache.seen(layer.blob), layer.digest == nil || layer.digest == digest
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
    return [
      "image", image.config.digest.description, Digest.sha256(image.manifest ?? []).description,
    ]
      + [image.form.rawValue] + layers
  }

  // MARK: By where it is kept

  /// - Parameter place: names the image's bytes: other bytes, another name.
  func load(place: String) -> Inspection? { load(["place", place] + selection) }

  func store(_ inspection: Inspection, place: String) {
    store(inspection, ["place", place] + selection)
  }

  private var selection: [String] {
    [options.image, options.platform].map { $0.map { "=\($0)" } ?? "" }
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
    cache.remember(Array(bytes), report: name)
  }

  private func name(_ parts: [String]) -> String? {
    guard let program = Self.program else { return nil }
    let all = [program] + parts + options.limits.numbers.map(String.init)
    return Digest.sha256(Array(all.map { "\($0.utf8.count):\($0)" }.joined().utf8)).hex
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
