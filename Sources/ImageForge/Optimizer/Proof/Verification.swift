import ForgeBasics
import ForgeImages
import ForgeInspection
import ForgeLayers
import ForgeWriting

/// The JSON of `forge verify`.
public struct Verification: Sendable, Codable, Equatable {
  public var schemaVersion = 1
  public var old: Proof.Side
  public var new: Proof.Side
  /// How many things differ; 0 where the images are the same but for what was allowed.
  public var differenceCount: Int
  /// A sentence for each of the first hundred.
  public var differences: [String]
  public var isSame: Bool { differenceCount == 0 }

  enum CodingKeys: String, CodingKey { case schemaVersion, old, new, differenceCount, differences }

  /// Compares the root filesystems of two images, and what a container is started with.
  /// - Parameter proof: names the differences that were asked for; nil allows none.
  public static func compare(
    _ old: String, _ new: String, oldChoice: InspectionChoice = .init(),
    newChoice: InspectionChoice = .init(),
    proof: Proof? = nil
  ) throws -> Verification {
    let before = try ReadImage(oldChoice.open(old), limits: oldChoice.limits)
    let known = Dictionary(
      before.scans.map { ($0.diffID, $0) }, uniquingKeysWith: { first, _ in first })
    let after = try ReadImage(newChoice.open(new), limits: newChoice.limits, known: known)
    return try compare(before, after, proof: proof)
  }

  static func compare(_ before: ReadImage, _ after: ReadImage, proof: Proof?) throws -> Verification
  {
    let (a, b) = (RootListing(before), RootListing(after))
    let (old, new) = (Proof.Side(before, a), Proof.Side(after, b))
    var differences = Differences()
    if let proof {
      if proof.old != old { differences.note("the old image is not the one of the proof") }
      if proof.new != new { differences.note("the new image is not the one of the proof") }
    }
    compareConfigs(before.image, after.image, &differences)
    let allowance = try proof?.allowance() ?? Allowance()
    for path in allowance.paths.sorted(by: { $0.lexicographicallyPrecedes($1) })
    where a.position(of: path) == nil {
      differences.note("the proof names \(DisplayText.escape(path)), which is not in the old image")
    }
    Comparison.compare(a, b, allowing: allowance, &differences)
    return Verification(
      old: old, new: new, differenceCount: differences.count, differences: differences.sentences)
  }

  /// What a container is started with must be the same.
  static func compareConfigs(_ old: Image, _ new: Image, _ differences: inout Differences) {
    var (a, b) = (EditableJSON(old.config.json), EditableJSON(new.config.json))
    // Only these follow the layers.
    for key in ["rootfs", "history", "created"] {
      a[key] = nil
      b[key] = nil
    }
    // BuildKit's inline cache names layers: it may go with them, but not change.
    if old.config.diffIDs != new.config.diffIDs {
      for key in a.keys where key.hasPrefix("moby.buildkit.cache") && b[key] == nil { a[key] = nil }
    }
    guard a != b else { return }
    let fields = Set(a.keys + b.keys).sorted().flatMap { key -> [String] in
      guard a[key] != b[key] else { return [] }
      guard key == "config", let x = a[key], let y = b[key] else { return [key] }
      return Set(x.keys + y.keys).sorted().filter { x[$0] != y[$0] }.map { "config.\($0)" }
    }
    // Not the values, which can be secrets.
    for field in fields {
      differences.note("the image config: \(DisplayText.escape(field)) differs")
    }
    if fields.isEmpty { differences.note("the image config: its fields stand in another order") }
  }
}
