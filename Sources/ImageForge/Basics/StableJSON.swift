import Foundation

/// The one way in which forge writes JSON: sorted keys, two-space indentation, a line break at the end;
/// the same bytes for the same value.
public enum StableJSON {
  /// The UTF-8 text of `value`.
  public static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
  }
}
