/// The stable name of a kind of finding: `FORGE-I010`, or the public name of one of BuildKit's checks.
///
/// Every id has exactly one row in the catalogue of rules, and one meaning. `forge rules ID` explains it.
public struct FindingID: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByStringLiteral {
  /// As it is printed.
  public let rawValue: String

  /// The id that is printed so.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// The id that is printed so.
  public init(stringLiteral text: String) { rawValue = text }

  /// Decodes the plain text.
  public init(from decoder: any Decoder) throws {
    rawValue = try decoder.singleValueContainer().decode(String.self)
  }

  /// Encodes the plain text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }

  /// Whether it tells of the archive or the layers themselves, as they were read: `FORGE-A…`.
  package var isOfArchive: Bool { rawValue.hasPrefix("FORGE-A") }
}

extension FindingID: Comparable, CustomStringConvertible {
  /// By the text.
  public static func < (a: FindingID, b: FindingID) -> Bool { a.rawValue < b.rawValue }

  /// As it is printed.
  public var description: String { rawValue }
}
