import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation

/// The report of an image, remembered for when the very same image is inspected again: by its config, its manifest and
/// the digests of its layers, and for the very same program.
struct RememberedReport {
  private let cache: LayerCache
  private let image: Image
  private let limits: LayerLimits

  /// Nil where every inspection starts anew.
  init?(_ image: Image, _ options: InspectionOptions) {
    guard let cache = options.cache, cache.trustsStamps, !options.findsSecrets else { return nil }
    self.cache = cache
    self.image = image
    limits = options.limits
  }

  /// Nil where a layer's file was written to since, or nothing is known.
  func load() -> Inspection? {
    var digests: [Digest] = []
    for layer in image.layers {
      guard let digest = cache.seen(layer.blob), layer.digest == nil || layer.digest == digest else { return nil }
      digests.append(digest)
    }
    guard let name = name(digests), let bytes = cache.report(name),
      var report = try? JSONDecoder().decode(Inspection.self, from: Data(bytes))
    else { return nil }
    // What tells of the archive, not of the image in it.
    report.image = ImageFacts(image)
    report.findings = image.notes + report.findings
    return report
  }

  func store(_ inspection: Inspection) {
    guard let name = name(inspection.layers.map(\.digest)) else { return }
    var report = inspection
    report.findings.removeFirst(image.notes.count)
    guard let bytes = try? JSONEncoder().encode(report) else { return }
    cache.remember(Array(bytes), report: name)
  }

  /// Names all that a report follows from.
  private func name(_ digests: [Digest]) -> String? {
    guard let program = Self.program else { return nil }
    let layers = zip(image.layers, digests).flatMap { layer, digest in
      [digest.description, layer.diffID.description, layer.mediaType, String(layer.size)]
    }
    let parts =
      [program, image.config.digest.description, Digest.sha256(image.manifest ?? []).description, image.form.rawValue]
      + layers + limits.numbers.map(String.init)
    return Digest.sha256(Array(parts.map { "\($0.utf8.count):\($0)" }.joined().utf8)).hex
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
