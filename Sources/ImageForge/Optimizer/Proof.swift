import ForgeBasics
import ForgeImages
import ForgeLayers
import Foundation

/// What was compared, and which differences were asked for: written by `forge optimize --proof`, checked again by
/// `forge verify`.
public struct Proof: Sendable, Codable, Equatable {
  /// One of the two images.
  public struct Side: Sendable, Codable, Equatable {
    /// Of the config: the image ID.
    public var config: Digest
    public var diffIDs: [Digest]
    public var names: Int
    public var bytes: Int64
    /// Over every name, type, mode, owner, time, link, attribute and content.
    public var rootfs: Digest
  }

  public struct Link: Sendable, Codable, Equatable {
    /// Base64 of the bytes of the path.
    public var path: String
    public var to: String
  }

  public struct Rewritten: Sendable, Codable, Equatable {
    /// Base64 of the bytes of the path.
    public var path: String
    /// Of the content before and after.
    public var old: Digest
    public var new: Digest
  }

  public var schemaVersion = 1
  public var old: Side
  public var new: Side
  /// Latest time of any file, seconds since 1970; null: times stay.
  public var epoch: Int64?
  /// Names that went on request, with all below them: for people.
  public var removed: [RemovedPath]
  /// The same as Base64 of the bytes.
  public var removedPaths: [String]
  /// Names that became hard links of others.
  public var linked: [Link]
  /// Files whose content became another: symbols and debug information went.
  public var rewritten: [Rewritten]

  init(old: Side, new: Side, allowance: Allowance, removed: [RemovedPath]) {
    self.old = old
    self.new = new
    epoch = allowance.epoch
    self.removed = removed
    removedPaths = allowance.removed.map { Data($0).base64EncodedString() }.sorted()
    linked = allowance.linked.map {
      Link(path: Data($0).base64EncodedString(), to: Data($1).base64EncodedString())
    }.sorted { $0.path < $1.path }
    rewritten = allowance.rewritten.map {
      Rewritten(path: Data($0).base64EncodedString(), old: $1.old.digest, new: $1.new.digest)
    }.sorted { $0.path < $1.path }
  }

  /// - Throws: `OptimizerError.malformedProof` where it contradicts itself.
  func allowance() throws -> Allowance {
    func bytes(_ text: String) throws -> [UInt8] {
      guard let data = Data(base64Encoded: text) else {
        throw OptimizerError.malformedProof("a path is not Base64")
      }
      guard !data.isEmpty else { throw OptimizerError.malformedProof("a path is empty") }
      return [UInt8](data)
    }
    guard schemaVersion == 1 else {
      throw OptimizerError.malformedProof("its schemaVersion is \(schemaVersion), not 1")
    }
    var allowance = Allowance()
    allowance.epoch = epoch
    allowance.removed = Set(try removedPaths.map(bytes))
    // People read the one list, and the other is what counts.
    guard
      removed.map(\.path).sorted()
        == (try removedPaths.map { DisplayText.escape(try bytes($0)) }.sorted())
    else {
      throw OptimizerError.malformedProof("what it says was removed is not what it lets go")
    }
    for path in removed {
      guard path.bytes >= 0 else {
        throw OptimizerError.malformedProof("a number of bytes is negative")
      }
      guard path.set == "minimize" || StripSet(rawValue: path.set) != nil else {
        throw OptimizerError.malformedProof("it names a set that does not exist")
      }
    }
    for link in linked { allowance.linked[try bytes(link.path)] = try bytes(link.to) }
    for file in rewritten {
      guard let old = FileContent.Hash(file.old), let new = FileContent.Hash(file.new) else {
        throw OptimizerError.malformedProof("a content is not named by its SHA-256")
      }
      allowance.rewritten[try bytes(file.path)] = Allowance.Change(old: old, new: new)
    }
    return allowance
  }

  /// Far more than the proof of the largest image takes, bytes.
  private static let maximumSize = 1 << 30

  /// Reads a proof file.
  public static func load(_ path: String) throws -> Proof {
    let bytes = try bytes(path)
    do {
      // Of a key that stands twice, readers take the one or the other.
      _ = try JSON.parse(
        SourceText(name: path, bytes: bytes),
        JSON.Options(duplicateKeys: .rejectFolded, maximumSize: maximumSize))
      return try JSONDecoder().decode(Proof.self, from: Data(bytes))
    } catch let error as JSONError {
      throw OptimizerError.malformedProof("\(error)")
    } catch {
      throw OptimizerError.malformedProof("\(DisplayText.escape(path)) is not a proof")
    }
  }

  private static func bytes(_ path: String) throws -> [UInt8] {
    func failure() -> OptimizerError {
      .usage(
        "cannot read the proof \(DisplayText.escape(path)): \(String(cString: strerror(errno))); "
          + "write one with `forge optimize --proof`")
    }
    guard let file = fopen(path, "rb") else { throw failure() }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while case let count = fread(&piece, 1, piece.count, file), count > 0 {
      bytes += piece[..<count]
      guard bytes.count <= maximumSize else {
        throw OptimizerError.malformedProof(
          "\(DisplayText.escape(path)) is larger than \(ByteCount.text(Int64(maximumSize)))")
      }
    }
    guard ferror(file) == 0 else { throw failure() }
    return bytes
  }
}

extension Proof.Side {
  init(_ image: ReadImage, _ listing: RootListing) {
    self.init(
      config: image.image.config.digest, diffIDs: image.image.config.diffIDs, names: listing.count,
      bytes: listing.bytes, rootfs: listing.digest)
  }
}

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

/// Which image of an archive, where it holds several.
public struct InspectionChoice: Sendable {
  public var image: String?
  public var platform: String?
  /// What the image may cost its reader.
  public var limits: LayerLimits

  public init(image: String? = nil, platform: String? = nil, limits: LayerLimits = LayerLimits()) {
    self.image = image
    self.platform = platform
    self.limits = limits
  }

  func open(_ source: String) throws -> Image {
    try ImageStore.open(
      source, selection: ImageSelection(image: image, platform: platform), limits: limits)
  }
}
