import ForgeBasics
import ForgeInspection
import ForgeRules

/// What the gate says of several images. The JSON of `forge check A B`.
public struct CheckReport: Encodable, Sendable, Equatable {
  public let schemaVersion: Int
  public let passed: Bool
  /// How many images could not be read whole; none of them has a verdict.
  public let unreadable: Int
  public let verdicts: [Verdict]
  /// What is wrong with each image that could not be read whole.
  public let failures: [Failure]

  public init(verdicts: [Verdict], failures: [Failure] = []) {
    schemaVersion = 1
    self.verdicts = verdicts
    self.failures = failures
    unreadable = failures.count
    passed = failures.isEmpty && verdicts.allSatisfy(\.passed)
  }

  public func text(_ style: TextStyle) -> String {
    (verdicts.map { $0.text(style) } + failures.map { $0.text(style) }).joined(separator: "\n")
  }

  /// The same for people who read the errors beside it.
  public func shownText(_ style: TextStyle) -> String {
    (verdicts.map { $0.text(style) } + failures.map { $0.verdict(style) }).joined(separator: "\n")
  }
}

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

  public func text(_ style: TextStyle) -> String {
    var layout = TextLayout(style)
    layout.table(
      images.map { row in
        let before = row.before.map(ByteCount.text) ?? "unknown"
        let change =
          row.before.map { (row.now >= $0 ? "+" : "") + ByteCount.text(row.now - $0) } ?? ""
        return [
          DisplayText.escape(row.image), row.metric.rawValue, before, ByteCount.text(row.now),
          change,
          row.before == nil ? "new" : row.passed ? "passed" : "failed",
        ]
      }, aligned: [.left, .left, .right, .right, .right],
      header: ["IMAGE", "METRIC", "BEFORE", "NOW", "CHANGE", ""],
      indent: 0)
    return layout.text
  }
}
