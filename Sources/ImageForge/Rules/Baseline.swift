import ForgeBasics
import ForgeInspection
import Foundation

/// The sizes of images at some time, kept in the repository, so that growth is seen. The JSON of `forge-baseline.json`.
public struct Baseline: Codable, Sendable, Equatable {
  public struct Image: Codable, Sendable, Equatable {
    public let sizes: Sizes
    public let layers: Int
    /// Bytes by kind of package.
    public let packages: [String: Int64]
  }

  public let schemaVersion: Int
  /// By the whole name of the image, without its tag. Files of older versions have the last part of the name only.
  public var images: [String: Image]

  public init() {
    schemaVersion = 1
    images = [:]
  }

  /// Reads a baseline file.
  public static func load(_ path: String) throws(PolicyError) -> Baseline {
    let bytes: [UInt8]
    do throws(BoundedFileError) {
      bytes = try BoundedFile.read(path, limit: 16 << 20, kind: .anything)
    } catch {
      let reason =
        switch error.reason {
        case .tooLarge: "larger than 16 MiB: not a baseline"
        default:
          "the baseline cannot be read; write one with `forge baseline write IMAGE -o \(path)`"
        }
      throw PolicyError(location: path, reason: reason)
    }
    do {
      let baseline = try JSONDecoder().decode(Baseline.self, from: Data(bytes))
      guard baseline.schemaVersion == 1 else {
        throw PolicyError(
          location: path, reason: "schemaVersion \(baseline.schemaVersion) is unknown")
      }
      return baseline
    } catch let error as PolicyError {
      throw error
    } catch {
      throw PolicyError(
        location: path, reason: "it is no baseline; write one with `forge baseline write`")
    }
  }

  /// Takes the sizes of an image as those to compare with from now on.
  public mutating func record(_ inspection: Inspection) {
    // What an older version wrote of it would otherwise be compared with others of that last part.
    if Self.lastPart(inspection.image) != Self.name(inspection.image) {
      images[Self.lastPart(inspection.image)] = nil
    }
    images[Self.name(inspection.image)] = Image(
      sizes: inspection.sizes, layers: inspection.layers.count,
      packages: Dictionary(
        inspection.packages.map { ($0.kind, $0.bytes) }, uniquingKeysWith: { $0 &+ $1 }))
  }

  /// `registry.example.org/team/api` for `registry.example.org/team/api:1.2`; the file's name where there is no
  /// reference, or only a tag. What engines put in front of names of their own is left out: `localhost/`, `docker.io/`.
  public static func name(_ image: ImageFacts) -> String {
    guard let reference = image.reference, image.bareTag == nil else { return fileName(image) }
    guard let parsed = try? ImageReference(familiar: reference) else {
      return String(reference.prefix { $0 != "@" })
    }
    let name = parsed.familiarName
    return name.hasPrefix("localhost/") ? String(name.dropFirst("localhost/".count)) : name
  }

  private static func fileName(_ image: ImageFacts) -> String {
    let name = image.source.split(separator: "/").last.map(String.init) ?? image.source
    return name.hasSuffix(".tar") ? String(name.dropLast(4)) : name
  }

  /// As older versions called the image.
  private static func lastPart(_ image: ImageFacts) -> String {
    let whole = image.reference ?? image.source
    let last = whole.split(separator: "/").last.map(String.init) ?? whole
    let name = last.prefix { $0 != "@" && $0 != ":" }
    return image.reference == nil && name.hasSuffix(".tar")
      ? String(name.dropLast(4)) : String(name)
  }

  /// The row of an image.
  private func row(_ image: ImageFacts) -> Image? {
    images[Self.name(image)] ?? images[Self.lastPart(image)]
  }

  /// - Throws: where two of the images have one name, so that one row would be that of both.
  public static func checkNames(_ images: [ImageFacts]) throws(PolicyError) {
    var seen: [String: ImageFacts] = [:]
    for image in images {
      let name = name(image)
      if let twin = seen.updateValue(image, forKey: name) {
        throw PolicyError(
          location: image.source,
          reason: "\(DisplayText.escape(twin.source)) has the same name, "
            + "\(DisplayText.escape(name)): a baseline cannot tell them apart; give each a name of its own"
        )
      }
    }
  }

  /// How the metric of the policy has changed; nil where the baseline does not know the image.
  public func change(_ inspection: Inspection, metric: Policy.Metric) -> (
    before: Int64, now: Int64
  )? {
    row(inspection.image).map { ($0.sizes[metric], inspection.sizes[metric]) }
  }

  /// Whether the image has grown no more than the policy allows; a new one may have any size.
  package func allows(_ inspection: Inspection, _ policy: Policy) -> Bool {
    check(inspection, policy).allSatisfy { $0.atMost == .info }
  }

  func check(_ inspection: Inspection, _ policy: Policy) -> [Violation] {
    let name = DisplayText.escape(Self.name(inspection.image))
    guard let (before, now) = change(inspection, metric: policy.metric) else {
      return [
        Violation(
          message: "the baseline does not know the image \(name)", at: nil,
          fix: "add it with `forge baseline write`", evidence: .file, atMost: .info)
      ]
    }
    let limit: Int64
    let allowed: String
    switch policy.growth {
    case .bytes(let bytes): (limit, allowed) = (bytes, ByteCount.text(bytes))
    case .permille(let share):
      (limit, allowed) = (
        (Double(before) * Double(share) / 1000).rounded() < 9e18
          ? Int64(Double(before) * Double(share) / 1000) : .max,
        "\(share / 10)\(share % 10 == 0 ? "" : ".\(share % 10)") %"
      )
    }
    guard now - before > limit else { return [] }
    let kinds = Dictionary(
      inspection.packages.map { ($0.kind, $0.bytes) }, uniquingKeysWith: { $0 &+ $1 })
    let grown = kinds.map {
      ($0.key, $0.value - (row(inspection.image)?.packages[$0.key] ?? 0))
    }
    .filter { $0.1 > 0 }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    .map { "\($0.0) packages \(ByteCount.text($0.1))" }
    return [
      Violation(
        message: "\(policy.metric.rawValue) size has grown by \(ByteCount.text(now - before)) to "
          + "\(ByteCount.text(now)), more than the \(allowed) that are allowed"
          + (grown.isEmpty ? "" : "; grown: \(grown.joined(separator: ", "))"), at: nil,
        fix:
          "see `forge diff OLD NEW`; if it must be so, write a new baseline with `forge baseline write`",
        evidence: .file)
    ]
  }
}
