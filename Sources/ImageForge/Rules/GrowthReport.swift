import ForgeBasics
import ForgeInspection

/// How images have grown against a baseline. The JSON of `forge baseline compare`.
public struct GrowthReport: Encodable, Sendable, Equatable {
  public struct Row: Encodable, Sendable, Equatable {
    public let image: String
    public let metric: Policy.Metric
    /// Bytes; nil where the baseline does not know the image.
    public let before: Int64?
    public let now: Int64
    public let passed: Bool

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(image, forKey: .image)
      try container.encode(metric, forKey: .metric)
      try container.encode(before, forKey: .before)
      try container.encode(now, forKey: .now)
      try container.encode(passed, forKey: .passed)
    }

    enum CodingKeys: String, CodingKey { case image, metric, before, now, passed }
  }

  public let schemaVersion: Int
  public private(set) var images: [Row] = []

  public init() { schemaVersion = 1 }

  public var passed: Bool { images.allSatisfy(\.passed) }

  public mutating func add(_ inspection: Inspection, baseline: Baseline, policy: Policy) {
    let change = baseline.change(inspection, metric: policy.metric)
    images.append(
      Row(
        image: Baseline.name(inspection.image), metric: policy.metric, before: change?.before,
        now: inspection.sizes[policy.metric], passed: baseline.allows(inspection, policy)))
  }
}
