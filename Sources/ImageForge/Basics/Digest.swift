import Crypto

/// A content digest, `algorithm:hex` (OCI image-spec, descriptor.md, "Digests"). Only `sha256` and `sha512`,
/// lower-case hex of the exact length: nothing else may name a blob.
public struct Digest: Hashable, Sendable, CustomStringConvertible, Codable {
  /// A hash function that may name a blob.
  public enum Algorithm: String, Sendable {
    case sha256, sha512
  }

  /// The hash function.
  public let algorithm: Algorithm
  /// Lower-case hexadecimal digits: 64 for `sha256`, 128 for `sha512`.
  public let hex: String

  public var description: String { "\(algorithm.rawValue):\(hex)" }

  /// Nil when `text` is not a digest of a known algorithm in canonical form.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let algorithm = Algorithm(rawValue: String(parts[0])) else {
      return nil
    }
    let hex = parts[1].utf8
    guard hex.count == (algorithm == .sha256 ? 64 : 128),
      hex.allSatisfy({
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      })
    else { return nil }
    self.algorithm = algorithm
    self.hex = String(parts[1])
  }

  package init(sha256 digest: SHA256Digest) {
    algorithm = .sha256
    hex = Self.hex(digest)
  }

  package init(sha512 digest: SHA512Digest) {
    algorithm = .sha512
    hex = Self.hex(digest)
  }

  /// The SHA-256 of bytes in memory.
  public static func sha256(_ bytes: some Collection<UInt8>) -> Digest {
    Digest(sha256: SHA256.hash(data: Array(bytes)))
  }

  /// The digest of bytes in memory by the given algorithm.
  package static func of(_ bytes: some Collection<UInt8>, algorithm: Algorithm) -> Digest {
    switch algorithm {
    case .sha256: sha256(bytes)
    case .sha512: Digest(sha512: SHA512.hash(data: Array(bytes)))
    }
  }

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let digest = Digest(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not a digest"))
    }
    self = digest
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
