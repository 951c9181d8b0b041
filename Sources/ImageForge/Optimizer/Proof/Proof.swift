import ForgeBasics
import ForgeImages
import ForgeLayers
import ForgeMinimizer
import ForgeWriting
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
